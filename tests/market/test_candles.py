"""Candles are the fold of their trades, aligned to UTC, and the longer ones are merges of the shorter."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.builders import candle, trade
from tests.kit.runs import runs
from ticker.market.candles import DAY, HOUR, INTERVALS, MINUTE, fill, fold, index_of, merge, open_at, open_of

moments = st.integers(0, 4_102_444_800_000)  # 1970 to 2100
intervals = st.sampled_from(list(INTERVALS))


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_a_trade_on_the_boundary_opens_the_next_candle():
    candles = list(fold([trade("10", at=59_999), trade("11", at=60_000)], "1m"))
    assert [one.open_ms for one in candles] == [0, 60_000]


def test_a_candle_tells_what_was_traded():
    (found,) = fold([trade("10", qty="2"), trade("12", qty="1"), trade("9", qty="3"), trade("11", qty="1")], "1m")
    assert found == candle("10", "12", "9", "11", volume="7", quote_volume="70", trades=4)


@pytest.mark.parametrize(
    ("interval", "opens"),
    [
        ("1s", "2028-02-29T13:47:58"),
        ("1m", "2028-02-29T13:47"),
        ("15m", "2028-02-29T13:45"),
        ("4h", "2028-02-29T12:00"),
        ("1d", "2028-02-29"),
        ("1w", "2028-02-28"),  # a Monday
        ("1M", "2028-02-01"),
    ],
)
def test_candles_open_where_people_expect_it(interval, opens):
    assert open_at(at("2028-02-29T13:47:58.750"), interval) == at(opens)


@given(moment=moments, interval=intervals)
def test_every_moment_lies_in_the_candle_with_its_index(moment, interval):
    index = index_of(moment, interval)
    assert open_of(index, interval) <= moment < open_of(index + 1, interval)


@settings(max_examples=50, deadline=None)
@given(run=runs(longest_ms=10 * DAY), interval=intervals)
def test_nothing_that_was_traded_is_lost_or_made(run, interval):
    candles = list(fold(run, interval))
    assert sum(one.trades for one in candles) == len(run)
    assert sum(one.volume for one in candles) == sum(one.qty for one in run)
    assert sum(one.quote_volume for one in candles) == sum(one.price * one.qty for one in run)


@settings(max_examples=50, deadline=None)
@given(data=st.data(), run=runs(longest_ms=HOUR))
def test_folding_in_two_parts_equals_folding_at_once(data: st.DataObject, run):
    cut = data.draw(st.integers(0, len(run)))
    parts = [*fold(run[:cut], "1m"), *fold(run[cut:], "1m")]
    assert list(merge(parts, "1m")) == list(fold(run, "1m"))


@settings(max_examples=50, deadline=None)
@given(run=runs(longest_ms=10 * DAY), interval=st.sampled_from([name for name in INTERVALS if name != "1s"]))
def test_merging_minutes_equals_folding_the_trades(run, interval):
    assert list(merge(fold(run, "1m"), interval)) == list(fold(run, interval))


@settings(max_examples=50, deadline=None)
@given(run=runs(longest_ms=HOUR, most=8))
def test_filling_leaves_neither_a_hole_nor_a_change(run):
    candles = list(fold(run, "1m"))
    filled = list(fill(candles, "1m", until_ms=run[-1].time_ms + 3 * MINUTE))
    assert [one for one in filled if one.trades] == candles
    assert {later.open_ms - earlier.open_ms for earlier, later in pairwise(filled)} == {MINUTE}


def test_an_empty_minute_carries_the_last_close():
    filled = list(fill([candle("10", close="11"), candle("12", at=2 * MINUTE)], "1m"))
    assert filled[1] == candle("11", at=MINUTE, volume="0", trades=0)


def test_an_empty_candle_adds_nothing_to_another():
    traded, nothing = candle("10"), candle("99", volume="0", trades=0)
    assert traded.then(nothing) == nothing.then(traded) == traded
