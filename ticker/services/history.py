"""Gives a new pair a past, so that its charts are full at first sight."""

from random import Random

from django.conf import settings
from django.db import transaction

from ticker.market.history import history
from ticker.market.rows import STORED, merge
from ticker.models import Pair
from ticker.services import ingest


@transaction.atomic
def make(pair: Pair, *, until_ms: int, rng: Random) -> int:
    """Write 30 days of minutes and a year of hours that end where the pair's market starts; returns how many candles.

    Does nothing, and returns 0, where the pair has candles already. All or nothing, however it is interrupted.
    """
    Pair.objects.select_for_update().get(pk=pair.pk)  # two that start at once: the second finds candles
    if pair.candles.exists():
        return 0
    past = history(pair.value, until_ms=until_ms, rng=rng, rate=pair.rate or settings.RATE)
    rows = {"1m": past.minutes, "1h": past.hours}
    rows["15m"] = merge(past.minutes, STORED["15m"])
    rows |= {interval: merge(past.hours, STORED[interval]) for interval in ("4h", "1d")}
    candles = [(pair.pk, interval, row) for interval, found in rows.items() for row in found]
    ingest.add_candles(candles)
    return len(candles)
