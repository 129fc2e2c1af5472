"""Stored candles are proven to be the fold of the trades, or become it."""

import io
from random import Random

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from tests.kit.builders import pair_row
from tests.kit.record import recorded, run_of
from ticker.market.candles import fold
from ticker.market.rows import STORED
from ticker.models import Candle, Trade
from ticker.services import folding, history

pytestmark = pytest.mark.django_db
AT = 1_790_000_000_000
RUN = run_of(400, at=AT, every_ms=97_000)  # ten hours, over midnight


def rebuild(*args):
    said = io.StringIO()
    call_command("rebuild_candles", *args, stdout=said)
    return said.getvalue()


def wrong(pair, *, repair=False):
    return {proof.interval: proof.wrong for proof in folding.prove(pair, repair=repair) if proof.wrong}


def values(pair, interval):
    return [row.value for row in pair.candles.filter(interval=interval).order_by("open_ms")]


def test_what_the_recorder_wrote_is_proven():
    pair = recorded(RUN)
    assert [(proof.interval, proof.candles, proof.wrong) for proof in folding.prove(pair, repair=False)] == [
        (interval, len(list(fold(RUN, interval))), 0) for interval in STORED
    ]


def test_so_is_what_stands_on_a_past_that_nobody_traded():
    pair = pair_row()
    history.make(pair, until_ms=AT, rng=Random(1))
    assert wrong(recorded(RUN)) == {}


@pytest.mark.parametrize("interval", STORED)
def test_whatever_is_wrong_is_found_and_repaired(interval):
    pair = recorded(RUN)
    rows = pair.candles.filter(interval=interval).order_by("open_ms")
    first, *_, last = rows
    rows.filter(pk=first.pk).update(volume_steps=F("volume_steps") + 1)
    if last != first:
        last.delete()
    # In the newest span there is, behind the last trade.
    last.pk, last.open_ms = None, last.open_ms + STORED[interval]
    last.save()
    found = wrong(pair)
    assert found[interval] == (2 if last.open_ms - STORED[interval] == first.open_ms else 3)
    assert set(found) <= {interval, *list(STORED)[list(STORED).index(interval) + 1 :]}
    assert wrong(pair, repair=True)[interval] == found[interval]
    assert wrong(pair) == {}
    for name in STORED:
        assert values(pair, name) == list(fold(RUN, name))


def test_candles_that_are_all_gone_come_back():
    pair = recorded(RUN)
    Candle.objects.all().delete()
    wrong(pair, repair=True)
    assert values(pair, "1m") == list(fold(RUN, "1m"))
    assert wrong(pair) == {}


def test_a_trade_that_was_removed_by_hand_is_no_part_of_them_any_more():
    pair = recorded(RUN)
    Trade.objects.get(pair=pair, seq=200).delete()
    assert wrong(pair, repair=True) == dict.fromkeys(STORED, 1)
    assert values(pair, "1h") == list(fold([*RUN[:199], *RUN[200:]], "1h"))


def test_the_command_tells_what_it_found_and_repairs_it():
    recorded(RUN)
    assert "SOLUSDT 1s: all 400 candles are the fold of what is recorded\n" in rebuild()
    Candle.objects.filter(interval="1m").update(trades=7)
    with pytest.raises(CommandError, match="444 candles are not the fold"):
        rebuild("--check")
    assert "SOLUSDT 1m: 400 candles were wrong and are repaired, of 400\n" in rebuild("SOLUSDT")
    rebuild("--check")


def test_the_command_names_a_pair_that_it_does_not_know():
    with pytest.raises(CommandError, match="there is no pair NOPEUSDT"):
        rebuild("NOPEUSDT")
