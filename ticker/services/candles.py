"""Candles of any interval, read from what is recorded: the law is fold, merge and fill of all of it."""

import time
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Max, Min, QuerySet, Sum, Value
from django.db.models.expressions import Combinable

from ticker.bus import latest
from ticker.market.candles import DAY, INTERVALS, Candle, empty, fill, index_of, merge, open_of
from ticker.market.errors import Unavailable
from ticker.market.rows import STORED, Row
from ticker.models import Candle as CandleRow
from ticker.models import Pair
from ticker.models.candles import COLUMNS, source_of, value_of
from ticker.services import trades

LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """Candles of a span, ascending, and what lies around them."""

    candles: list[tuple[Candle, bool]]  # with whether it is closed: can never change
    next_ms: int | None = None  # of the page after this one, for those who read from a start
    before_ms: int | None = None  # of the page before this one, for those who read back from the newest
    final: bool = False  # the same question will have the same answer for ever


def read(
    pair: Pair,
    interval: str,
    *,
    start_ms: int | None = None,
    end_ms: int | None = None,
    limit: int = 500,
    now_ms: int | None = None,
) -> list[tuple[Candle, bool]]:
    """The candles of `page`, without what lies around them."""
    return page(pair, interval, start_ms=start_ms, end_ms=end_ms, limit=limit, now_ms=now_ms).candles


def page(
    pair: Pair,
    interval: str,
    *,
    start_ms: int | None = None,
    end_ms: int | None = None,
    limit: int = 500,
    now_ms: int | None = None,
) -> Page:
    """The first `limit` candles that open from `start_ms` up to `end_ms` (exclusive); without a start, the newest.

    Both bounds are aligned down. From the first recorded candle until now every span has one: an empty candle carries
    the last close. A candle is closed when all trades of its span are known to be recorded, so a closed one never
    changes; the open one is there too. Reads no more rows than the answer is made of.
    """
    source = stored(pair, interval)
    # Asked before the rows are read: then they hold at least what it promises.
    settled_ms = _settled_ms(pair)
    ends = source.ends()
    if ends is None:
        return Page([])

    first = index_of(ends[0], interval)
    beyond = index_of(max(ends[1], time.time_ns() // 1_000_000 if now_ms is None else now_ms), interval) + 1
    beyond_ms = open_of(beyond, interval)
    # Bounds come from strangers: those outside of the record are moved to its ends before they are calendar dates.
    stop = wanted = beyond if end_ms is None else index_of(max(ends[0], min(end_ms, beyond_ms)), interval)
    if start_ms is None:
        start = max(first, stop - limit)
    else:
        start = index_of(max(ends[0], min(start_ms, beyond_ms)), interval)
        stop = min(stop, start + limit)
    if start >= stop:
        return Page([])

    start_at, stop_at = open_of(start, interval), open_of(stop, interval)
    found = list(merge((value_of(pair, row) for row in source.between(start_at, stop_at)), interval))
    if not found or found[0].open_ms > start_at:
        found.insert(0, empty(start_at, pair.price(source.close_before(start_at))))
    filled = fill(found, interval, stop_at)
    return Page(
        [(candle, open_of(index + 1, interval) <= settled_ms) for index, candle in enumerate(filled, start)],
        next_ms=stop_at if start_ms is not None and stop < wanted else None,
        before_ms=start_at if start_ms is None and start > first else None,
        final=end_ms is not None and end_ms <= beyond_ms and open_of(wanted, interval) <= settled_ms,
    )


def _settled_ms(pair: Pair) -> int:
    """Every trade before this moment is recorded: it, and what is derived from it, can never change."""
    try:
        head = latest.heads([pair.symbol]).get(pair.symbol)
    except Unavailable:
        head = None
    recorded_seq = Pair.objects.values_list("recorded_seq", flat=True).get(pk=pair.pk)
    # Trade times never decrease with seq, so whatever comes is not older than the newest that is there.
    newest_ms = trades.newest_ms(pair)
    if newest_ms is None:  # history only
        ends = stored(pair, "1m").ends()
        newest_ms = ends[1] if ends else 0
    if head is not None and head.seq <= recorded_seq:
        return max(newest_ms, head.time_ms)  # nobody has traded since, and the feed says so
    return newest_ms


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a table keeps what a candle is made of."""

    at: str  # when it happened: has an index together with the pair
    order: str  # what came first: has an index together with the pair
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote: str | Combinable
    trades: str | Combinable


OF_TRADES = Columns(
    at="time_ms",
    order="seq",
    open="price_ticks",
    high="price_ticks",
    low="price_ticks",
    close="price_ticks",
    volume="qty_steps",
    quote=F("price_ticks") * F("qty_steps"),
    trades=Value(1),
)
OF_CANDLES = Columns(
    at="open_ms",
    order="open_ms",
    open="open_ticks",
    high="high_ticks",
    low="low_ticks",
    close="close_ticks",
    volume="volume_steps",
    quote="quote_units",
    trades="trades",
)


def stored(pair: Pair, interval: str) -> "Source":
    """The stored candles that this interval is made of."""
    source = source_of(interval)
    return Source(
        CandleRow.objects.filter(pair=pair, interval=source),
        OF_CANDLES,
        # A month is no fixed length: its days are merged by market.candles.
        every_ms=INTERVALS[interval] or DAY,
        is_stored=interval == source or INTERVALS[interval] is None,
        shift_ms=3 * DAY if interval == "1w" else 0,  # from the Monday before 1970, so that nothing is negative
    )


def traded(pair: Pair) -> "Source":
    """The trades that the shortest stored candles are made of."""
    return Source(trades.of(pair), OF_TRADES, every_ms=STORED["1s"])


@dataclass(frozen=True, slots=True)
class Source:
    """What candles of one length are made of: trades, or stored candles of a shorter interval."""

    rows: QuerySet[Any]
    columns: Columns
    every_ms: int
    is_stored: bool = False  # whether each row is such a candle already
    shift_ms: int = 0

    def ends(self) -> tuple[int, int] | None:
        """When the first and the last row happened; None where there is none."""
        happened = self.rows.values_list(self.columns.at, flat=True)
        first = happened.order_by(self.columns.order).first()
        last = happened.order_by(f"-{self.columns.order}").first()
        return None if first is None or last is None else (first, last)

    def between(self, start_ms: int, stop_ms: int) -> list[Row]:
        """Rows of COLUMNS, ascending, of this span of time, folded by the database."""
        it = self.columns
        rows = self.rows.filter(**{f"{it.at}__gte": start_ms, f"{it.at}__lt": stop_ms})
        if self.is_stored:
            return list(rows.order_by("open_ms").values_list(*COLUMNS))
        folded = list(
            rows.values(number=(F(it.at) + self.shift_ms) / self.every_ms)
            .annotate(
                first=Min(it.order),
                final=Max(it.order),
                highest=Max(it.high),
                lowest=Min(it.low),
                volumes=Sum(it.volume),
                quotes=Sum(it.quote),
                count=Sum(it.trades),
            )
            .order_by("number")
            .values_list("number", "first", "final", "highest", "lowest", "volumes", "quotes", "count")
        )
        ends = {end for _, first, final, *_ in folded for end in (first, final)}
        prices = {
            order: (opened, closed)
            for order, opened, closed in self.rows.filter(**{f"{it.order}__in": ends}).values_list(
                it.order, it.open, it.close
            )
        }
        return [
            (
                number * self.every_ms - self.shift_ms,
                prices[first][0],
                highest,
                lowest,
                prices[final][1],
                int(volume),
                int(quote),
                int(count),
            )
            for number, first, final, highest, lowest, volume, quote, count in folded
        ]

    def close_before(self, moment_ms: int) -> int:
        """The last price before this moment, in ticks."""
        it = self.columns
        before = self.rows.filter(**{f"{it.at}__lt": moment_ms}).order_by(f"-{it.at}", f"-{it.order}")
        return int(before.values_list(it.close, flat=True)[0])
