"""A new pair gets its past once, and never a second time."""

from random import Random

import pytest

from tests.kit.builders import pair_row
from ticker.models import Candle
from ticker.services import history

NOW_MS = 1_790_000_012_345
pytestmark = pytest.mark.django_db


def test_it_is_kept_as_candles_of_the_pair():
    pair = pair_row()
    written = history.make(pair, until_ms=NOW_MS, rng=Random(1))
    assert written == Candle.objects.filter(pair=pair).count() > 30 * 24 * 60 + 365 * 24
    newest = Candle.objects.filter(interval="1m").latest("open_ms")
    assert newest.value.close == pair.start_price


def test_a_second_call_does_nothing():
    pair = pair_row()
    written = history.make(pair, until_ms=NOW_MS, rng=Random(1))
    assert history.make(pair, until_ms=NOW_MS + 86_400_000, rng=Random(2)) == 0
    assert Candle.objects.count() == written


def test_it_leaves_other_pairs_alone():
    sol, btc = pair_row(), pair_row("BTCUSDT")
    history.make(sol, until_ms=NOW_MS, rng=Random(1))
    assert not Candle.objects.filter(pair=btc).exists()
