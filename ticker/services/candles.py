"""Candles of any interval, read from what is recorded: the law is fold, merge and fill of all of it."""

import time
from dataclasses import dataclass

from django.db.models import Count, F, Max, Min, Sum

from ticker.bus import latest
from ticker.market.candles import HOUR, INTERVALS, SECOND, Candle, empty, fill, index_of, merge, open_of
from ticker.market.errors import Unavailable
from ticker.models import Candle as CandleRow
from ticker.models import Pair
from ticker.models import Trade as TradeRow
from ticker.models.candles import COLUMNS, value_of
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
    source = Seconds(pair) if INTERVALS[interval] == SECOND else Stored(pair, interval)
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
        ends = Stored(pair, "1m").ends()
        newest_ms = ends[1] if ends else 0
    if head is not None and head.seq <= recorded_seq:
        return max(newest_ms, head.time_ms)  # nobody has traded since, and the feed says so
    return newest_ms


class Stored:
    """The stored candles that those of an interval are merged from."""

    def __init__(self, pair: Pair, interval: str) -> None:
        every_ms = INTERVALS[interval]
        longest = "1m" if every_ms is not None and every_ms < HOUR else "1h"
        self.rows = CandleRow.objects.filter(pair=pair, interval=longest)

    def ends(self) -> tuple[int, int] | None:
        """When the first and the last one opened; None where there is none."""
        opened = self.rows.values_list("open_ms", flat=True)
        first, last = opened.order_by("open_ms").first(), opened.order_by("-open_ms").first()
        return None if first is None or last is None else (first, last)

    def between(self, start_ms: int, stop_ms: int) -> list[tuple[int, ...]]:
        """Rows of COLUMNS that open in this span, ascending."""
        return list(
            self.rows.filter(open_ms__gte=start_ms, open_ms__lt=stop_ms).order_by("open_ms").values_list(*COLUMNS)
        )

    def close_before(self, open_ms: int) -> int:
        """The last price before this moment, in ticks."""
        return self.rows.filter(open_ms__lt=open_ms).order_by("-open_ms").values_list("close_ticks", flat=True)[0]


class Seconds:
    """Candles of one second, folded by the database, so that a busy second costs no more than a quiet one."""

    def __init__(self, pair: Pair) -> None:
        self.rows = TradeRow.objects.filter(pair=pair)

    def ends(self) -> tuple[int, int] | None:
        happened = self.rows.values_list("time_ms", flat=True)
        first, last = happened.order_by("seq").first(), happened.order_by("-seq").first()
        return None if first is None or last is None else (first, last)

    def between(self, start_ms: int, stop_ms: int) -> list[tuple[int, ...]]:
        found = list(
            self.rows.filter(time_ms__gte=start_ms, time_ms__lt=stop_ms)
            .values(second=F("time_ms") / SECOND)
            .annotate(
                first=Min("seq"),
                final=Max("seq"),
                high=Max("price_ticks"),
                low=Min("price_ticks"),
                volume=Sum("qty_steps"),
                quote=Sum(F("price_ticks") * F("qty_steps")),
                count=Count("pk"),
            )
            .order_by("second")
            .values_list("second", "first", "high", "low", "final", "volume", "quote", "count")
        )
        price = self._prices({seq for _, first, _, _, final, *_ in found for seq in (first, final)})
        return [
            (second * SECOND, price[first], high, low, price[final], int(volume), int(quote), count)
            for second, first, high, low, final, volume, quote, count in found
        ]

    def _prices(self, seqs: set[int]) -> dict[int, int]:
        return dict(self.rows.filter(seq__in=seqs).values_list("seq", "price_ticks"))

    def close_before(self, open_ms: int) -> int:
        before = self.rows.filter(time_ms__lt=open_ms).order_by("-time_ms", "-seq")
        return before.values_list("price_ticks", flat=True)[0]
