"""How far each pair is published and recorded, and how fast."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Sum

from ticker.bus import latest
from ticker.market.errors import Unavailable
from ticker.models import Candle, Pair

OVER_S = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one pair."""

    recorded: int  # every trade up to here was recorded
    waiting: int | None  # trades that are published and not recorded yet; None while Redis does not answer
    per_s: float  # trades that were recorded in the last minute, by the second


def of(pairs: Iterable[Pair], *, now_ms: int | None = None) -> dict[str, Standing]:
    """By symbol. Two questions, however many pairs and however many trades there are."""
    rows = {pair.pk: pair for pair in pairs}
    now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    try:
        heads = latest.heads(pair.symbol for pair in rows.values())
    except Unavailable:
        heads = None
    # Of stored seconds, not of trades: sixty rows a pair instead of as many as were traded.
    recent = Candle.objects.filter(pair__in=rows, interval="1s", open_ms__gte=now_ms - OVER_S * 1_000)
    traded = dict(recent.values_list("pair").annotate(count=Sum("trades")).order_by())
    return {
        pair.symbol: Standing(
            pair.recorded_seq, None if heads is None else _waiting(heads, pair), traded.get(pk, 0) / OVER_S
        )
        for pk, pair in rows.items()
    }


def _waiting(heads: dict[str, latest.Head], pair: Pair) -> int:
    head = heads.get(pair.symbol)
    return max(0, head.seq - pair.recorded_seq) if head else 0
