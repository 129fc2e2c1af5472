"""Forgets trades that are old enough; their candles are kept for ever."""

import logging
from collections.abc import Iterator

from django.db import transaction

from ticker.market.candles import DAY, HOUR
from ticker.models import Pair, Trade
from ticker.services import folding
from ticker.services.sources import traded

log = logging.getLogger(__name__)


def forget(pair: Pair, *, keep_days: int, now_ms: int) -> Iterator[int]:
    """Delete the trades of whole days that ended `keep_days` ago or earlier, hour by hour; how many, for each hour.

    No trade goes before its seconds are proven to be its fold; where they are not, they are repaired first. The hour
    of the newest trade stays however old it is: it tells up to when everything is recorded.
    """
    ends = traded(pair).ends()
    if ends is None:
        return
    today_ms = now_ms - now_ms % DAY
    stop_ms = min(today_ms - keep_days * DAY, ends[1] - ends[1] % HOUR)
    for start_ms in range(ends[0] - ends[0] % HOUR, stop_ms, HOUR):
        yield _forget_hour(pair, start_ms)


@transaction.atomic
def _forget_hour(pair: Pair, start_ms: int) -> int:
    proof = folding.prove_span(pair, "1s", traded(pair), start_ms, start_ms + HOUR, repair=True)
    if proof.wrong:
        log.error("%s: %d seconds were not the fold of their trades and are repaired", pair.symbol, proof.wrong)
    old = Trade.objects.filter(pair=pair, time_ms__gte=start_ms, time_ms__lt=start_ms + HOUR)
    return old.delete()[0]
