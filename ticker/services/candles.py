"""Candles of any interval, read from what is recorded: the law is fold, merge and fill of all of it."""

import time
from dataclasses import dataclass

from ticker.bus import latest
from ticker.market.candles import INTERVALS, Candle, empty, fill, index_of, open_of
from ticker.market.errors import Unavailable
from ticker.market.rows import merge_months
from ticker.models import Pair
from ticker.models.candles import value_of
from ticker.services import trades
from ticker.services.sources import stored

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
    rows = source.between(start_at, stop_at)
    found = [value_of(pair, row) for row in (rows if INTERVALS[interval] else merge_months(rows))]
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
