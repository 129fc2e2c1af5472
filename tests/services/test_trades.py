"""Reading recorded trades."""

import pytest

from tests.kit.builders import pair_row
from tests.kit.record import recorded, run_of
from ticker.services import trades

pytestmark = pytest.mark.django_db


def seqs(*args, **kwargs):
    return [trade.seq for trade in trades.read(*args, **kwargs)]


def test_what_is_read_is_what_was_traded():
    run = run_of(5)
    assert trades.read(recorded(run)) == run


def test_without_a_position_the_newest_come_ascending():
    assert seqs(recorded(run_of(10)), limit=3) == [8, 9, 10]


def test_after_a_position_the_next_ones_come():
    assert seqs(recorded(run_of(10)), after=2, limit=3) == [3, 4, 5]


def test_before_a_position_the_last_ones_come():
    assert seqs(recorded(run_of(10)), before=6, limit=3) == [3, 4, 5]


def test_both_positions_are_exclusive():
    assert seqs(recorded(run_of(10)), after=4, before=7) == [5, 6]


def test_a_pair_sees_only_its_own():
    recorded(run_of(3, pair="BTCUSDT"))
    assert trades.read(recorded(run_of(1))) == run_of(1)


def test_a_pair_without_trades_has_none():
    assert trades.read(pair_row()) == []
