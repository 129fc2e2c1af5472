"""Trades of a span of time, folded into one candle; longer candles are merges of shorter ones."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from ticker.market.trades import Trade

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
EPOCH_MONDAY_MS = 4 * DAY  # 1970-01-05, the first Monday: weeks open on Mondays

# Every interval by name, in the order people expect. A month has no fixed length.
INTERVALS: dict[str, int | None] = {
    "1s": SECOND,
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": 7 * DAY,
    "1M": None,
}


def index_of(time_ms: int, interval: str) -> int:
    """Which candle of this interval a moment falls into, counted from 1970: neighbours differ by one."""
    every_ms = INTERVALS[interval]
    if every_ms is None:
        day = datetime.fromtimestamp(time_ms / 1000, UTC)
        return (day.year - 1970) * 12 + day.month - 1
    if interval == "1w":
        return (time_ms - EPOCH_MONDAY_MS) // every_ms
    return time_ms // every_ms


def open_of(index: int, interval: str) -> int:
    """When the candle with this index opens, in ms."""
    every_ms = INTERVALS[interval]
    if every_ms is None:
        year, month = divmod(index, 12)
        return int(datetime(1970 + year, month + 1, 1, tzinfo=UTC).timestamp()) * 1000
    if interval == "1w":
        return index * every_ms + EPOCH_MONDAY_MS
    return index * every_ms


def open_at(time_ms: int, interval: str) -> int:
    """When the candle that holds this moment opens; aligned to UTC, 1w to Mondays, 1M to the 1st."""
    return open_of(index_of(time_ms, interval), interval)


@dataclass(frozen=True, slots=True)
class Candle:
    """What happened between `open_ms` and the next candle's."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal  # base currency
    quote_volume: Decimal  # quote currency
    trades: int

    def then(self, later: "Candle") -> "Candle":
        """This candle and a later one of the same span in one. An empty candle adds nothing."""
        if not later.trades:
            return self
        if not self.trades:
            # An empty candle carries a price but nothing happened in it: the later one tells what did.
            return Candle(
                self.open_ms,
                later.open,
                later.high,
                later.low,
                later.close,
                later.volume,
                later.quote_volume,
                later.trades,
            )
        return Candle(
            self.open_ms,
            self.open,
            max(self.high, later.high),
            min(self.low, later.low),
            later.close,
            self.volume + later.volume,
            self.quote_volume + later.quote_volume,
            self.trades + later.trades,
        )


def empty(open_ms: int, price: Decimal) -> Candle:
    """A candle in which nothing was traded: it carries the last price."""
    return Candle(open_ms, price, price, price, price, Decimal(0), Decimal(0), 0)


def of_trade(trade: Trade, open_ms: int) -> Candle:
    price = trade.price
    return Candle(open_ms, price, price, price, price, trade.qty, price * trade.qty, 1)


def fold(trades: Iterable[Trade], interval: str) -> Iterator[Candle]:
    """The candles that hold these trades, in order; spans without a trade are left out.

    The trades are of one pair, ordered by seq.
    """
    candle: Candle | None = None
    for trade in trades:
        one = of_trade(trade, open_at(trade.time_ms, interval))
        if candle is None or one.open_ms > candle.open_ms:
            if candle is not None:
                yield candle
            candle = one
        else:
            candle = candle.then(one)
    if candle is not None:
        yield candle


def merge(candles: Iterable[Candle], interval: str) -> Iterator[Candle]:
    """Shorter candles, in order, merged into those of a longer interval that is a multiple of theirs."""
    merged: Candle | None = None
    for candle in candles:
        open_ms = open_at(candle.open_ms, interval)
        at_open = Candle(
            open_ms,
            candle.open,
            candle.high,
            candle.low,
            candle.close,
            candle.volume,
            candle.quote_volume,
            candle.trades,
        )
        if merged is None or open_ms > merged.open_ms:
            if merged is not None:
                yield merged
            merged = at_open
        else:
            merged = merged.then(at_open)
    if merged is not None:
        yield merged


def fill(candles: Iterable[Candle], interval: str, until_ms: int | None = None) -> Iterator[Candle]:
    """The same candles with the empty spans between them filled, and after them up to `until_ms` (exclusive)."""
    last: Candle | None = None
    for candle in candles:
        if last is not None:
            yield from _gap(last, candle.open_ms, interval)
        yield candle
        last = candle
    if last is not None and until_ms is not None:
        yield from _gap(last, until_ms, interval)


def _gap(last: Candle, until_ms: int, interval: str) -> Iterator[Candle]:
    index = index_of(last.open_ms, interval) + 1
    while (open_ms := open_of(index, interval)) < until_ms:
        yield empty(open_ms, last.close)
        index += 1
