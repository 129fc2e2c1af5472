"""Whole ticks and steps obey the laws of market.candles."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.kit.runs import runs
from ticker.market import rows
from ticker.market.candles import DAY, MINUTE, SECOND
from ticker.market.candles import fold as fold_trades
from ticker.market.rows import STORED


def whole(run):
    return [
        (1, trade.seq, int(trade.price * 100), int(trade.qty * 1000), trade.side.value, trade.time_ms) for trade in run
    ]


def as_rows(candles):
    return [
        (
            one.open_ms,
            *(int(price * 100) for price in (one.open, one.high, one.low, one.close)),
            int(one.volume * 1000),
            int(one.quote_volume * 100_000),
            one.trades,
        )
        for one in candles
    ]


@given(runs(longest_ms=2 * DAY), st.sampled_from(list(STORED)))
def test_folding_whole_numbers_is_folding_trades(run, interval):
    assert rows.fold(whole(run), STORED[interval]) == as_rows(fold_trades(run, interval))


@given(runs(longest_ms=2 * DAY), st.sampled_from(list(STORED)), st.sampled_from(list(STORED)))
def test_longer_candles_are_merges_of_shorter_ones(run, one, other):
    shorter, longer = sorted([STORED[one], STORED[other]])
    assert rows.merge(rows.fold(whole(run), shorter), longer) == rows.fold(whole(run), longer)


def test_each_stored_interval_is_a_multiple_of_the_one_before():
    lengths = list(STORED.values())
    assert lengths[0] == SECOND and MINUTE in lengths
    assert all(longer % shorter == 0 for shorter, longer in pairwise(lengths))
