"""The recorded trades of a pair, page by page."""

from django.db.models import QuerySet

from ticker.market.trades import Side, Trade
from ticker.models import Pair
from ticker.models import Trade as TradeRow


def read(pair: Pair, *, after: int | None = None, before: int | None = None, limit: int = 100) -> list[Trade]:
    """Trades with `after` < seq < `before`, ascending by seq: the first `limit` behind `after`, without it the newest."""
    rows = of(pair)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    if after is not None:
        return _values(pair, rows.filter(seq__gt=after).order_by("seq")[:limit])
    return _values(pair, rows.order_by("-seq")[:limit])[::-1]


def _values(pair: Pair, rows: QuerySet[TradeRow]) -> list[Trade]:
    symbol, tick, step = pair.symbol, pair.value.price_tick, pair.value.qty_step
    found = rows.values_list("seq", "price_ticks", "qty_steps", "side", "time_ms")
    return [
        Trade(symbol, seq, ticks * tick, steps * step, Side(side), time_ms)
        for seq, ticks, steps, side, time_ms in found
    ]


def newest_ms(pair: Pair) -> int | None:
    """When the newest recorded trade happened; every older trade is recorded, too."""
    return of(pair).order_by("-seq").values_list("time_ms", flat=True).first()


def of(pair: Pair) -> QuerySet[TradeRow]:
    """All recorded trades of a pair, to be narrowed down."""
    # The bound is always true. Without one, SQLite, once it has been analyzed, finds that a pair alone narrows nothing
    # down, and reads and sorts the whole table for its newest row.
    return TradeRow.objects.filter(pair=pair, seq__gt=0)
