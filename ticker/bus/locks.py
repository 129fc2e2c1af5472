"""A lease on a role that only one process may have, with a token that shuts out whoever lost it without noticing.

After Kleppmann, "How to do distributed locking" (2016): a lock alone cannot stop a process that was paused while
its lease ran out; the place that is written to must refuse its token.
"""

from dataclasses import dataclass

from redis.asyncio import Redis

from ticker.bus.redis import aclient, key, translated

# KEYS lock, fence; ARGV owner, ms, ousts all but. The token is a time, so it also rises after Redis was emptied.
_ACQUIRE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and (ARGV[3] == '' or string.sub(holder, 1, #ARGV[3]) == ARGV[3]) then return false end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local now = redis.call('TIME')
local token = now[1] * 1000000 + now[2]
local last = redis.call('GET', KEYS[2]) or ''
if token <= (tonumber(last) or 0) then token = tonumber(last) + 1 end
token = string.format('%.0f', token)
redis.call('SET', KEYS[2], token)
return {token, last}
"""
_RENEW = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end return redis.call('PEXPIRE', KEYS[1], ARGV[2])"
_RELEASE = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end return redis.call('DEL', KEYS[1])"


@dataclass(slots=True)
class Lease:
    """One process's claim to a role. Let it go by `release`, or by not renewing it for `ttl_ms`."""

    role: str
    owner: str  # unique to the process and its start
    ttl_ms: int = 2_500  # a stand-by takes over within this and one of its attempts: well within 5 s
    ousts_all_but: str = ""  # takes the role also from who has it, unless its owner begins so; empty: from nobody
    token: str = ""  # what writes must show; empty without the role
    is_unbroken: bool = False  # whether nobody else had the role since our last token, as far as Redis knows
    _had: bytes = b""  # our last token

    @property
    def fence(self) -> str:
        """The key that holds the only token that may write."""
        return key("fence", self.role)

    async def acquire(self) -> bool:
        """Try to get the role, or a new token for the role that we still have. Raises Unavailable when Redis is away."""
        with translated():
            lock = key("lock", self.role)
            found = await self._run(_ACQUIRE, [lock, self.fence], self.owner, self.ttl_ms, self.ousts_all_but)
        if not isinstance(found, list):
            self.token, self.is_unbroken = "", False
            return False
        token, last = found
        self.is_unbroken = bool(self._had) and last in (self._had, b"")  # a Redis that was emptied knows of nobody
        self.token, self._had = token.decode(), token
        return True

    async def renew(self) -> bool:
        """Keep the role for another `ttl_ms`; False if somebody else has it or nobody. Raises Unavailable."""
        with translated():
            kept = await self._run(_RENEW, [key("lock", self.role)], self.owner, self.ttl_ms)
        if not kept:
            self.token = ""
        return bool(kept)

    async def release(self) -> None:
        """Give the role up at once, if it is still ours. Raises Unavailable."""
        self.token = ""
        with translated():
            await self._run(_RELEASE, [key("lock", self.role)], self.owner)

    async def _run(self, script: str, keys: list[str], *args: str | int) -> object:
        redis: Redis = aclient()
        return await redis.eval(script, len(keys), *keys, *args)  # type: ignore[misc]
