"""How much an address has open and how often it comes, over all instances: counted in Redis, forgotten by itself."""

from collections.abc import Iterable
from enum import IntEnum
from itertools import islice
from typing import Any

from ticker.bus.redis import aclient, client, key, translated

MINUTE_MS = 60_000
AT_ONCE = 500  # connections in one command: about a millisecond of Redis' time

# KEYS connections, connects; ARGV connection, most at once, most connects a minute (0: this is none), forget after ms.
# The scores are when a connection was last heard of, by the one clock that all instances share. A minute begins with
# its first connect: it is one number, where a log of the connects would grow with the flood that it is there to stop.
_ENTER = """
local connects = tonumber(ARGV[3])
if connects > 0 then
  local count = redis.call('INCR', KEYS[2])
  if count == 1 then redis.call('PEXPIRE', KEYS[2], 60000) end
  if count > connects then return 2 end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[4])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 1 end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 0
"""

# KEYS the connections of an address, for each connection; ARGV forget after ms, the connections.
_STAY = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for place, name in ipairs(KEYS) do
  redis.call('ZADD', name, now, ARGV[place + 1])
  redis.call('PEXPIRE', name, ARGV[1])
end
"""

# KEYS count; ARGV window in ms.
_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}
"""


class Verdict(IntEnum):
    """What becomes of somebody who wants to connect."""

    WELCOME = 0
    TOO_MANY = 1
    TOO_OFTEN = 2


def _open(address: str) -> str:
    return key("connections", address)


async def enter(address: str, conn: str, *, most: int, connects_per_min: int, forget_ms: int) -> Verdict:
    """Add a connection unless its address has `most` already, or has connected too often; 0 counts no connect.

    One round trip; who is refused is not added. Raises Unavailable when Redis is away.
    """
    keys = (_open(address), key("connects", address))
    with translated():
        found = await aclient().eval(_ENTER, 2, *keys, conn, most, connects_per_min, forget_ms)  # type: ignore[misc]
    return Verdict(int(found))


async def leave(address: str, conn: str) -> None:
    """Take a connection away; it need not be there. Raises Unavailable."""
    with translated():
        await aclient().zrem(_open(address), conn)


async def stay(here: Iterable[tuple[str, str]], *, forget_ms: int) -> None:
    """Say which connections (by address) are still there; whoever is not mentioned for `forget_ms` is forgotten.

    Adds those that Redis does not know: it may have been emptied, or we away for too long. Raises Unavailable.
    """
    waiting = iter(here)
    while some := list(islice(waiting, AT_ONCE)):
        keys, conns = [_open(address) for address, _ in some], [conn for _, conn in some]
        with translated():
            await aclient().eval(_STAY, len(keys), *keys, forget_ms, *conns)  # type: ignore[misc]


def count(kind: str, address: str, *, window_ms: int = MINUTE_MS) -> tuple[int, int]:
    """Count one more thing that an address does; how many it were in this window, and the ms until the next begins.

    Raises Unavailable.
    """
    with translated():
        # Any: redis-py types the answers of its waiting and its async client as one.
        found: Any = client().eval(_COUNT, 1, key("requests", kind, address), window_ms)
    return int(found[0]), int(found[1])
