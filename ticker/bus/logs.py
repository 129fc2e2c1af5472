"""Short logs that clients follow and resume: the lobby, what happens to the system, what concerns one user.

Like a pair's trades: the stream comes first, the group message is a wake-up that carries the item.
"""

import logging
import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
from asgiref.sync import async_to_sync
from redis.commands.core import AsyncScript, Script

from ticker.bus import groups
from ticker.bus.redis import aclient, client, key, translated
from ticker.market.errors import Unavailable
from ticker.wire.logs import Added, dump

log = logging.getLogger(__name__)

KEPT = 100  # items to resume from; older ones, where they matter, are in the database
KEPT_FOR_S = 86_400  # a user's log to which nothing was added for a day is forgotten, and begins anew
SAID_ONCE_WITHIN_MS = 10_000

# KEYS stream, head; ARGV new epoch, item after its id, most items, seconds, name and value of what is said once, ms.
# Several processes notice the same thing; the first one says it.
_APPEND = """
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
if ARGV[5] ~= '' then
  local said = redis.call('HMGET', KEYS[2], ARGV[5], ARGV[5] .. '_ms')
  if said[1] == ARGV[6] and now_ms - tonumber(said[2]) < tonumber(ARGV[7]) then return false end
  redis.call('HSET', KEYS[2], ARGV[5], ARGV[6], ARGV[5] .. '_ms', string.format('%.0f', now_ms))
end
redis.call('HSETNX', KEYS[2], 'epoch', ARGV[1])
local seq = redis.call('HINCRBY', KEYS[2], 'seq', 1)
local item = string.format('{"id":%.0f,"ts":%.0f', seq, now_ms) .. ARGV[2]
redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[3], string.format('%.0f-0', seq), 'd', item)
if ARGV[4] ~= '0' then
  redis.call('EXPIRE', KEYS[1], ARGV[4])
  redis.call('EXPIRE', KEYS[2], ARGV[4])
end
return {redis.call('HGET', KEYS[2], 'epoch'), seq, string.format('%.0f', now_ms), item}
"""

# KEYS stream, head; ARGV new epoch, seconds, after. A log has an epoch before its first item, so that whoever follows it
# from then on has a position to come back with.
_AFTER = """
if redis.call('HSETNX', KEYS[2], 'epoch', ARGV[1]) == 1 and ARGV[2] ~= '0' then redis.call('EXPIRE', KEYS[2], ARGV[2]) end
local head = redis.call('HMGET', KEYS[2], 'epoch', 'seq')
return {head[1], head[2] or '0', redis.call('XRANGE', KEYS[1], ARGV[3], '+')}
"""


def head_of(name: str) -> str:
    """The key of the hash that says where a log ends."""
    return key("head", name)


def _stream(name: str) -> str:
    return key("log", name)


async def aappend(name: str, item: Mapping[str, Any], *, once: tuple[str, str] | None = None) -> int | None:
    """Add an item to a log, then tell the log's group; its number, which is also its `id`.

    `once` names a subject and its new state: what some process has just said of it is not said again, and there is no
    number. Raises Unavailable when Redis is away; then it is not known whether the item was added.
    """
    script = AsyncScript(aclient(), _APPEND)
    with translated():
        found = await script(keys=[_stream(name), head_of(name)], args=_arguments(name, item, once))
    return await _tell(name, found)


def append(name: str, item: Mapping[str, Any]) -> int | None:
    """`aappend` for code that runs in threads."""
    script = Script(client(), _APPEND)
    with translated():
        found = script(keys=[_stream(name), head_of(name)], args=_arguments(name, item, None))
    return async_to_sync(_tell)(name, found)


def _arguments(name: str, item: Mapping[str, Any], once: tuple[str, str] | None) -> list[Any]:
    if not item:
        raise ValueError("an item says something")
    rest = msgspec.json.encode(item)
    subject, state = once or ("", "")
    return [secrets.token_hex(4), b"," + rest[1:], KEPT, _seconds(name), subject, state, SAID_ONCE_WITHIN_MS]


def _seconds(name: str) -> int:
    return KEPT_FOR_S if name.startswith("user.") else 0


async def _tell(name: str, found: Any) -> int | None:
    if not found:
        return None
    epoch, seq, ts, item = found
    added = Added(epoch.decode(), int(seq), int(ts), msgspec.Raw(item))
    try:
        await groups.send(name, text=dump(added))
    except Unavailable as error:
        # The stream has it: every hub finds it there within its next look.
        log.warning("the group of %s was not told: %s", name, error)
    return added.seq


async def after(name: str, seq: int) -> tuple[str, int, list[tuple[int, bytes]]]:
    """The epoch, the newest number, and the kept items after `seq`, read in one step. Raises Unavailable."""
    script = AsyncScript(aclient(), _AFTER)
    with translated():
        epoch, newest, entries = await script(
            keys=[_stream(name), head_of(name)], args=[secrets.token_hex(4), _seconds(name), f"{seq + 1}-0"]
        )
    # Each entry's fields are one pair: "d" and the item.
    return epoch.decode(), int(newest), [(int(entry_id.split(b"-")[0]), fields[1]) for entry_id, fields in entries]
