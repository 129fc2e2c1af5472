"""The past of a new market: whole, without gaps, ending where trading starts."""

from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticker.market.candles import DAY, HOUR, MINUTE
from ticker.market.history import History, history, walk
from ticker.market.pairs import KNOWN, Pair
from ticker.market.rows import Row, merge

NOW_MS = 1_790_000_012_345


@pytest.fixture(scope="module", params=["SOLUSDT", "BTCUSDT", "TRXUSDT"])
def pair(request: pytest.FixtureRequest) -> Pair:
    return KNOWN[request.param]


@pytest.fixture(scope="module")
def past(pair: Pair) -> History:
    return history(pair, until_ms=NOW_MS, rng=Random(1), rate=5.0)


def test_it_ends_exactly_where_trading_starts(pair: Pair, past: History):
    assert past.minutes[-1][4] * pair.price_tick == pair.start_price
    assert past.hours[-1][4] * pair.price_tick == pair.start_price


def test_it_ends_before_the_minute_of_now(past: History):
    assert past.minutes[-1][0] + MINUTE == NOW_MS - NOW_MS % MINUTE


def test_it_reaches_back_a_month_of_minutes_and_a_year_of_hours(past: History):
    assert past.minutes[0][0] <= NOW_MS - 30 * DAY
    assert past.hours[0][0] <= NOW_MS - 365 * DAY


def test_no_minute_and_no_hour_is_missing(past: History):
    assert {later[0] - earlier[0] for earlier, later in pairwise(past.minutes)} == {MINUTE}
    assert {later[0] - earlier[0] for earlier, later in pairwise(past.hours)} == {HOUR}


def test_each_candle_opens_where_the_one_before_closed(past: History):
    for rows in past.minutes, past.hours:
        assert all(later[1] == earlier[4] for earlier, later in pairwise(rows))


def test_the_hours_of_the_last_month_are_the_merge_of_its_minutes(past: History):
    from_ms = past.minutes[0][0]
    assert [row for row in past.hours if row[0] >= from_ms] == merge(past.minutes, HOUR)


def test_every_candle_holds_its_prices_and_was_traded(past: History):
    for open_ms, opened, high, low, closed, volume, quote, trades in past.minutes + past.hours:
        assert 1 <= low <= min(opened, closed) <= max(opened, closed) <= high, open_ms
        assert volume >= trades >= 1, open_ms
        assert low * volume <= quote <= high * volume, open_ms


def test_busy_minutes_move_more(past: History):
    by_trades = sorted(past.minutes, key=lambda row: row[7])
    calm, busy = by_trades[: len(by_trades) // 10], by_trades[-len(by_trades) // 10 :]
    assert sum(row[2] - row[3] for row in busy) > 2 * sum(row[2] - row[3] for row in calm)


def test_the_same_seed_gives_the_same_past(pair: Pair, past: History):
    assert history(pair, until_ms=NOW_MS, rng=Random(1), rate=5.0) == past


def test_another_seed_gives_another_past(pair: Pair, past: History):
    assert history(pair, until_ms=NOW_MS, rng=Random(2), rate=5.0) != past


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 1_000_000),
    ticks=st.integers(1, 10**7),
    volatility=st.floats(0.01, 10),
    rate=st.floats(0.01, 2000),
)
def test_no_start_is_too_small_or_too_wild(seed: int, ticks: int, volatility: float, rate: float):
    tick = Decimal("0.0001")
    pair = Pair("XUSDT", "X", "USDT", tick, Decimal("0.1"), ticks * tick, volatility)
    rows: list[Row] = walk(pair, range(0, 200 * HOUR, HOUR), HOUR, ends_at=ticks, rng=Random(seed), rate=rate)
    assert rows[-1][4] == ticks
    assert all(1 <= row[3] <= min(row[1], row[4]) <= max(row[1], row[4]) <= row[2] for row in rows)
    assert all(0 < number < 2**63 for row in rows for number in row[1:])
