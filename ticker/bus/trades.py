"""Trades on their way: appended to a pair's durable stream first, told to its group second, read from the stream by all.

The stream is the truth. The group message is a wake-up that happens to carry the payload; it may be lost.
"""

import secrets
from collections.abc import Sequence

from redis.exceptions import ResponseError

from ticker.bus import groups as groups_bus
from ticker.bus.latest import FeedState, Head, parse_head
from ticker.bus.redis import aclient, key, translated
from ticker.market.errors import TickerError, Unavailable
from ticker.wire import groups
from ticker.wire.batches import Batch, dump

# One field a trade: its JSON.
FIELD = b"d"

# KEYS stream, head, fence; ARGV token, epoch, from, longest, time_ms, trade_ms, ticker, board, items…
# Everything is checked where the write happens: who writes, that no number is left out, that there is room.
# (Not MOVED: that word is Redis Cluster's own, and clients take its sentence apart.)
_APPEND = """
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return redis.error_reply('FENCED another feed has taken over') end
local head = redis.call('HMGET', KEYS[2], 'epoch', 'seq')
if head[1] ~= ARGV[2] or tonumber(head[2]) ~= tonumber(ARGV[3]) - 1 then
  return redis.error_reply('DISPLACED the stream stands at ' .. tostring(head[2]))
end
local count = #ARGV - 8
if count > 0 and redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  return redis.error_reply('FULL the recorder is too far behind')
end
for i = 1, count do
  redis.call('XADD', KEYS[1], string.format('%.0f-0', tonumber(ARGV[3]) + i - 1), 'd', ARGV[8 + i])
end
local told = redis.call('HGET', KEYS[2], 'ticker') or ''
redis.call('HSET', KEYS[2], 'seq', string.format('%.0f', tonumber(ARGV[3]) + count - 1),
  'time_ms', ARGV[5], 'trade_ms', ARGV[6], 'ticker', ARGV[7], 'board', ARGV[8])
return redis.call('HINCRBY', KEYS[2], 'ticker_seq', told ~= ARGV[7] and 1 or 0)
"""

# KEYS stream, head, fence; ARGV token, new epoch, recorded seq. The stream goes on where it stands, unless Redis has
# lost what the record has: then it begins anew behind the record, in a new epoch, so that everybody notices.
_OPEN = """
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return redis.error_reply('FENCED another feed has taken over') end
local seq = tonumber(redis.call('HGET', KEYS[2], 'seq') or '-1')
if seq < tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[2], 'epoch', ARGV[2], 'seq', ARGV[3], 'ticker_seq', 0)
end
return redis.call('HGETALL', KEYS[2])
"""


class Fenced(TickerError):
    """Somebody else feeds the market now; whoever hears this must stop."""

    code = "fenced"


class Moved(TickerError):
    """The stream is not where the writer believes it to be: it must look again before it writes."""

    code = "moved"


class Full(Unavailable):
    """The stream holds as much as it may: the market waits for the recorder rather than lose what it has not seen."""


def head_of(symbol: str) -> str:
    """The key of the hash that says where a pair's stream ends."""
    return key("head", symbol)


def stream_of(symbol: str) -> str:
    """The key of a pair's stream."""
    return key("trades", symbol)


def _seq(entry_id: bytes) -> int:
    return int(entry_id.split(b"-")[0])


async def open_stream(symbol: str, *, recorded_seq: int, fence: str, token: str) -> Head:
    """Where to go on writing. Raises Fenced; Unavailable when Redis is away."""
    with translated():
        try:
            flat = await aclient().eval(  # type: ignore[misc]
                _OPEN, 3, stream_of(symbol), head_of(symbol), fence, token, secrets.token_hex(4), recorded_seq
            )
        except ResponseError as error:
            raise refusal(error) from None
    head = parse_head(dict(zip(flat[::2], flat[1::2], strict=True)))
    assert head is not None  # the script has just seen to it
    return head


async def append(
    symbol: str,
    items: Sequence[bytes],
    *,
    epoch: str,
    from_seq: int,
    time_ms: int,
    trade_ms: int,
    ticker: bytes,
    board: bytes,
    longest: int,
    fence: str,
    token: str,
) -> int:
    """Append a batch and what follows from it in one step; without items only time passes.

    Returns the ticker's number, which rises by one whenever the ticker is another than before.

    Raises Fenced, Moved or Full without having written anything; Unavailable when Redis is away, and then it is not
    known whether the batch was written.
    """
    with translated():
        try:
            return int(
                await aclient().eval(  # type: ignore[misc]
                    _APPEND,
                    3,
                    stream_of(symbol),
                    head_of(symbol),
                    fence,
                    token,
                    epoch,
                    from_seq,
                    longest,
                    time_ms,
                    trade_ms,
                    ticker,
                    board,
                    *items,
                )
            )
        except ResponseError as error:
            raise refusal(error) from None


def refusal(error: ResponseError) -> Exception:
    """What a script has refused; any other error as it is."""
    kinds: dict[str, type[TickerError]] = {"FENCED": Fenced, "DISPLACED": Moved, "FULL": Full}
    kind, _, detail = str(error).partition(" ")
    return kinds[kind](detail) if kind in kinds else error


async def announce(batch: Batch) -> None:
    """Tell the pair's group; at most once, and only after `append`. Raises Unavailable when Redis is away."""
    await groups_bus.send(groups.of_pair(batch.pair), text=dump(batch).decode())


async def tell_feed(state: FeedState) -> None:
    """Say that the feed lives. Raises Unavailable."""
    with translated():
        await aclient().hset(  # type: ignore[misc]
            key("feed"),
            mapping={
                "time_ms": state.time_ms,
                "source": state.source,
                "instance": state.instance,
                "symbols": ",".join(state.symbols),
            },
        )


async def newest(symbol: str, count: int) -> tuple[Head | None, list[tuple[int, bytes]]]:
    """The head and the newest `count` trades up to it, read in one step."""
    with translated():
        pipe = aclient().pipeline(transaction=True)
        pipe.hgetall(head_of(symbol))
        pipe.xrevrange(stream_of(symbol), count=count)
        head, entries = await pipe.execute()
    return parse_head(head), [(_seq(entry_id), fields[FIELD]) for entry_id, fields in reversed(entries)]


async def first(symbol: str) -> int:
    """The oldest trade that the stream holds; 0 if it is empty. Raises Unavailable."""
    with translated():
        entries = await aclient().xrange(stream_of(symbol), count=1)
    return _seq(entries[0][0]) if entries else 0


async def after(symbol: str, seq: int, count: int) -> tuple[Head | None, list[tuple[int, bytes]]]:
    """The head and at most `count` trades after `seq`, read in one step."""
    with translated():
        pipe = aclient().pipeline(transaction=True)
        pipe.hgetall(head_of(symbol))
        pipe.xrange(stream_of(symbol), min=f"{seq + 1}-0", count=count)
        head, entries = await pipe.execute()
    return parse_head(head), [(_seq(entry_id), fields[FIELD]) for entry_id, fields in entries]
