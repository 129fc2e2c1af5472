"""The instances that serve clients now, each by its newest sign of life."""

from redis.commands.core import AsyncScript

from ticker.bus.redis import aclient, client, key, translated

# KEYS instances; ARGV member, milliseconds of silence after which one is lost. Whoever finds it takes it out, so that it
# is found once; time is Redis' own.
_BEAT = """
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local joined = redis.call('ZADD', KEYS[1], string.format('%.0f', now_ms), ARGV[1])
local before = string.format('%.0f', now_ms - tonumber(ARGV[2]))
local lost = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', before)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', before)
return {joined, lost, redis.call('ZRANGE', KEYS[1], 0, -1)}
"""


async def beat(member: str, *, lost_after_ms: int) -> tuple[bool, list[str], list[str]]:
    """Say that an instance is here: whether it is new, which others have been silent for so long, and which there are.

    Raises Unavailable.
    """
    with translated():
        joined, lost, here = await AsyncScript(aclient(), _BEAT)(keys=[key("instances")], args=[member, lost_after_ms])
    return bool(joined), [one.decode() for one in lost], [one.decode() for one in here]


async def leave(member: str) -> None:
    """Raises Unavailable."""
    with translated():
        await aclient().zrem(key("instances"), member)


def heard(*, within_ms: int) -> list[str]:
    """The instances that were heard so lately. Raises Unavailable."""
    with translated():
        seconds, micros = client().time()  # type: ignore[misc]
        found = client().zrangebyscore(key("instances"), seconds * 1000 + micros // 1000 - within_ms, "+inf")
    return sorted(one.decode() for one in found)  # type: ignore[union-attr]
