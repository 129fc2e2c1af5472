"""Proves that stored candles equal the fold of what is in the table, and repairs those that do not."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from django.db import transaction

from ticker.market.rows import STORED
from ticker.models import Candle, Pair
from ticker.models.candles import COLUMNS
from ticker.services import ingest
from ticker.services.sources import Source, next_stored, traded

AT_ONCE = 3_600  # candles under one lock of the pair, so that its recorder never waits for long


@dataclass(slots=True)
class Proof:
    """What was found of the stored candles of one interval."""

    interval: str
    candles: int = 0  # that must be there
    wrong: int = 0  # that were missing, too many, or not the fold


def prove(pair: Pair, *, repair: bool) -> Iterator[Proof]:
    """Compare every stored interval, the shortest first, with what it is made of; while trades are being recorded, too.

    Seconds are compared with the trades that are there, so with none where retention has removed them; each other
    interval with the one before it. What lies before the first row of its source was never folded from it: the past
    that a new pair is given begins with hours.
    """
    yield _prove(pair, "1s", traded(pair), repair=repair)
    for shorter, interval in pairwise(STORED):
        yield _prove(pair, interval, next_stored(pair, shorter, interval), repair=repair)


def _prove(pair: Pair, interval: str, source: Source, *, repair: bool) -> Proof:
    proof = Proof(interval)
    every_ms = STORED[interval]
    ends = source.ends()
    if ends is None:
        return proof
    newest = Candle.objects.filter(pair=pair, interval=interval).order_by("-open_ms").first()
    last_ms = max(ends[1], newest.open_ms if newest else 0)
    for start_ms in range(ends[0] - ends[0] % every_ms, last_ms + 1, every_ms * AT_ONCE):
        found = prove_span(pair, interval, source, start_ms, start_ms + every_ms * AT_ONCE, repair=repair)
        proof.candles += found.candles
        proof.wrong += found.wrong
    return proof


@transaction.atomic
def prove_span(pair: Pair, interval: str, source: Source, start_ms: int, stop_ms: int, *, repair: bool) -> Proof:
    """Compare the candles that open from `start_ms` up to `stop_ms` (exclusive), which no candle lies across."""
    Pair.objects.select_for_update().get(pk=pair.pk)  # nobody records meanwhile
    expected = {row[0]: row for row in source.between(start_ms, stop_ms)}
    rows = Candle.objects.filter(pair=pair, interval=interval, open_ms__gte=start_ms, open_ms__lt=stop_ms)
    stored = {row[0]: row for row in rows.values_list(*COLUMNS)}
    wrong = [open_ms for open_ms in expected.keys() | stored.keys() if expected.get(open_ms) != stored.get(open_ms)]
    if wrong and repair:
        rows.filter(open_ms__in=wrong).delete()
        ingest.add_candles([(pair.pk, interval, expected[open_ms]) for open_ms in sorted(wrong) if open_ms in expected])
    return Proof(interval, len(expected), len(wrong))
