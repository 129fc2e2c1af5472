"""What recorders ask of Redis: who shares the work, what is new, how far it is recorded, what may be forgotten.

How far a pair is recorded is written in the database, together with its rows: that alone is believed. The consumer
group of each stream repeats it for whoever looks at Redis, and other readers of a stream hold it by theirs.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from redis.commands.core import AsyncScript

from ticker.bus.redis import aclient, key, translated
from ticker.bus.trades import FIELD, head_of, stream_of

GROUP = "record"
LAST = 2**64 - 1  # the largest second part of an entry's id: whatever is behind `seq-LAST` has a higher number

# KEYS recorders; ARGV name, ms. Who has not been heard for so long is not there any more.
_PRESENT = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now_ms + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_ms)
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""

# KEYS recorders. The clock is Redis's, as above.
_COUNT = """
local time = redis.call('TIME')
return redis.call('ZCOUNT', KEYS[1], '(' .. time[1] * 1000 + math.floor(time[2] / 1000), '+inf')
"""

# KEYS streams; ARGV group, ids.
_MARK = """
for i, stream in ipairs(KEYS) do
  if redis.call('EXISTS', stream) == 1 then
    local set = redis.pcall('XGROUP', 'SETID', stream, ARGV[1], ARGV[i + 1])
    if set.err then redis.call('XGROUP', 'CREATE', stream, ARGV[1], ARGV[i + 1]) end
  end
end
"""

# KEYS late pairs; ARGV how many are late, those, the others. Several recorders write here: who sees it change, says so.
_LATE = """
local before = redis.call('SCARD', KEYS[1])
for i = 2, #ARGV do
  redis.call(i <= ARGV[1] + 1 and 'SADD' or 'SREM', KEYS[1], ARGV[i])
end
return {before, redis.call('SCARD', KEYS[1])}
"""

# KEYS stream, what was recorded when; ARGV recorded seq, how many to keep, ms to keep.
# Everything up to a number that was recorded so long ago is old. Nothing that any group has still to read is forgotten.
_FORGET = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[2], 'NX', now_ms, ARGV[1])
local old = redis.call('ZREVRANGEBYSCORE', KEYS[2], now_ms - ARGV[3], '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
if not old[1] or redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. old[2])
local last = math.min(tonumber(old[1]), ARGV[1] - ARGV[2])
local function seq(id) return tonumber(string.match(id, '^%d+')) end
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
  last = math.min(last, seq(group['last-delivered-id']))
  if group['pending'] > 0 then
    last = math.min(last, seq(redis.call('XPENDING', KEYS[1], group['name'])[2]) - 1)
  end
end
if last < 1 then return 0 end
return redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f-0', last + 1))
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How recording goes, as far as Redis knows."""

    recorders: int  # that were heard lately
    late: frozenset[str]  # pairs whose recorder says that it is behind


async def present(name: str, for_ms: int) -> list[str]:
    """Say that this recorder lives; all that do, in one order for all of them. Raises Unavailable."""
    with translated():
        found = await AsyncScript(aclient(), _PRESENT)(keys=[_recorders()], args=[name, for_ms])
    return sorted(one.decode() for one in found)


async def leave(name: str) -> None:
    """Let the others have this recorder's pairs at once. Raises Unavailable."""
    with translated():
        await aclient().zrem(_recorders(), name)


async def standing() -> Standing:
    """Raises Unavailable."""
    with translated():
        count = await AsyncScript(aclient(), _COUNT)(keys=[_recorders()])
        late = await aclient().smembers(_late())  # type: ignore[misc]
    return Standing(int(count), frozenset(symbol.decode() for symbol in late))


async def read(positions: Mapping[str, int], *, count: int, block_ms: int) -> dict[str, list[tuple[int, bytes]]]:
    """At most `count` entries after each position; waits up to `block_ms` for the first. Raises Unavailable."""
    symbols = {stream_of(symbol): symbol for symbol in positions}
    streams = {name: f"{positions[symbol]}-{LAST}" for name, symbol in symbols.items()}
    with translated():
        found = await aclient().xread(streams, count=count, block=block_ms)  # type: ignore[arg-type]
    return {
        symbols[name.decode()]: [
            # An entry of other fields is nobody's trade, and shown as what it is.
            (int(entry_id.split(b"-")[0]), fields[FIELD] if fields.keys() == {FIELD} else repr(fields).encode())
            for entry_id, fields in entries
        ]
        for name, entries in found
    }


async def mark(positions: Mapping[str, int]) -> None:
    """Repeat in each stream's group how far the stream is recorded. Raises Unavailable."""
    with translated():
        await AsyncScript(aclient(), _MARK)(
            keys=[stream_of(symbol) for symbol in positions],
            args=[GROUP, *(f"{seq}-0" for seq in positions.values())],
        )


async def published(symbols: Iterable[str]) -> dict[str, int]:
    """The newest trade of each of these streams that there is. Raises Unavailable."""
    names = list(symbols)
    with translated():
        pipe = aclient().pipeline(transaction=False)
        for symbol in names:
            pipe.hget(head_of(symbol), "seq")
        found = await pipe.execute()
    return {symbol: int(seq) for symbol, seq in zip(names, found, strict=True) if seq is not None}


async def tell_late(late: Collection[str], others: Collection[str]) -> bool | None:
    """Note which of a recorder's pairs are late and which are not.

    True where the record as a whole has become late by this, False where it has caught up, None where neither.
    Raises Unavailable.
    """
    with translated():
        before, after = await AsyncScript(aclient(), _LATE)(keys=[_late()], args=[len(late), *late, *others])
    return None if bool(before) == bool(after) else bool(after)


async def forget(symbol: str, recorded_seq: int, *, keep: int, keep_ms: int) -> None:
    """Trim what is recorded, except the newest `keep` trades, the last `keep_ms`, and what another group has to read.

    To be called again and again: it remembers what was recorded when. Redis may keep some more. Raises Unavailable.
    """
    with translated():
        await AsyncScript(aclient(), _FORGET)(
            keys=[stream_of(symbol), key("recorded", symbol)], args=[recorded_seq, keep, keep_ms]
        )


def _recorders() -> str:
    return key("recorders")


def _late() -> str:
    return key("late")
