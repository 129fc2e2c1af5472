"""How recording goes: how many trades of each pair wait for it, and how many it takes a second."""

import time
from collections.abc import Collection

from django.db.models import Sum

from ticker.bus import latest
from ticker.models import Candle, Pair

OVER_S = 60


def waiting(pairs: Collection[Pair]) -> dict[str, int]:
    """Trades that are published and not recorded yet, by symbol. Raises Unavailable."""
    heads = latest.heads(pair.symbol for pair in pairs)
    return {
        pair.symbol: max(0, heads[pair.symbol].seq - pair.recorded_seq) if pair.symbol in heads else 0 for pair in pairs
    }


def per_second(pairs: Collection[Pair], *, now_ms: int | None = None) -> dict[str, float]:
    """Trades of the last minute that are recorded, by symbol and second."""
    since_ms = (time.time_ns() // 1_000_000 if now_ms is None else now_ms) - OVER_S * 1_000
    # Of stored seconds, not of trades: sixty rows a pair instead of as many as were traded.
    recent = Candle.objects.filter(pair__in=pairs, interval="1s", open_ms__gte=since_ms)
    traded = dict(recent.values_list("pair").annotate(count=Sum("trades")).order_by())
    return {pair.symbol: traded.get(pair.pk, 0) / OVER_S for pair in pairs}
