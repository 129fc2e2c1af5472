"""The simulated market can be repeated, keeps to its ticks, and never travels in time."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticker.market.pairs import KNOWN
from ticker.market.simulation import CATCH_UP_MS, Conditions, PriceProcess
from ticker.market.trades import Side

START_MS = 1_790_000_000_000
USUAL = Conditions(rate=50, volatility=0.8)


def process(symbol="SOLUSDT", *, seed=1, seq=0):
    pair = KNOWN[symbol]
    return PriceProcess(pair, Random(seed), price=pair.start_price, seq=seq, time_ms=START_MS)


def traded(market, *, for_s=20.0, every_ms=40, conditions=USUAL):
    """What is traded from now on, asked for as the simulator does."""
    start_ms = market.time_ms
    steps = range(start_ms + every_ms, start_ms + int(for_s * 1000) + 1, every_ms)
    return [trade for now_ms in steps for trade in market.until(now_ms, conditions)]


def test_the_same_seed_gives_the_same_trades():
    assert traded(process(seed=7)) == traded(process(seed=7))


def test_another_seed_gives_other_trades():
    assert traded(process(seed=7)) != traded(process(seed=8))


def test_how_often_it_is_asked_does_not_matter():
    assert traded(process(), every_ms=20) == traded(process(), every_ms=500)


@pytest.mark.parametrize("symbol", sorted(KNOWN))
def test_prices_and_quantities_are_whole_ticks_and_steps_of_every_pair(symbol):
    pair = KNOWN[symbol]
    for trade in traded(process(symbol), for_s=5):
        assert trade.price > 0 and trade.price % pair.price_tick == 0
        assert trade.qty > 0 and trade.qty % pair.qty_step == 0


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(), volatility=st.floats(0.01, 10), rate=st.floats(1, 2_000), symbol=st.sampled_from(sorted(KNOWN))
)
def test_a_buy_lifts_the_ask_and_a_sell_hits_the_bid_below_it(seed, volatility, rate, symbol):
    market = process(symbol, seed=seed)
    for trade in market.until(START_MS + 300, Conditions(rate, volatility)):
        assert 0 < market.quote.bid < market.quote.ask
        assert trade.price == (market.quote.ask if trade.side is Side.BUY else market.quote.bid)


def test_numbers_go_on_without_a_gap_from_where_they_were():
    numbers = [trade.seq for trade in traded(process(seq=1042))]
    assert numbers == list(range(1043, 1043 + len(numbers)))


def test_times_never_decrease_and_never_lie_in_the_future():
    market, now_ms, times = process(), START_MS, [START_MS]
    for step_ms in (40, 0, 5_000, 1, 40):
        now_ms += step_ms
        times += [trade.time_ms for trade in market.until(now_ms, USUAL)]
        assert times[-1] <= now_ms
    assert all(earlier <= later for earlier, later in pairwise(times))


def test_a_clock_that_was_set_back_brings_no_trade():
    market = process()
    traded(market)
    assert list(market.until(START_MS, USUAL)) == []


@pytest.mark.parametrize("rate", [1, 5, 200])
def test_over_time_there_are_as_many_trades_as_the_rate_says(rate):
    expected = 2_000
    found = len(traded(process(), for_s=expected / rate, conditions=Conditions(rate, 0.8)))
    assert abs(found - expected) < 5 * expected**0.5  # five standard deviations of a Poisson count


def test_a_higher_rate_is_obeyed_at_once_although_the_next_trade_was_far():
    market = process()
    list(market.until(START_MS + 1, Conditions(0.01, 0.8)))  # the next is due in minutes
    assert len(traded(market, for_s=2, conditions=Conditions(100, 0.8))) > 100


def test_a_lower_rate_is_obeyed_on_average_too():
    counts = []
    for seed in range(200):
        market = process(seed=seed)
        traded(market, for_s=0.4)
        counts.append(len(traded(market, for_s=10, conditions=Conditions(0.1, 0.8))))
    assert 130 < sum(counts) < 270  # 200 markets of one expected trade each


def test_a_halted_market_trades_nothing_and_makes_nothing_up_afterwards():
    market = process()
    market.pause(START_MS + 60_000)
    trades = list(market.until(START_MS + 60_040, USUAL))
    assert len(trades) < 20
    assert all(trade.time_ms >= START_MS + 60_000 for trade in trades)


def test_what_a_long_pause_would_have_brought_is_not_made_up_for():
    market = process()
    now_ms = START_MS + 3_600_000
    trades = list(market.until(now_ms, USUAL))
    assert all(trade.time_ms >= now_ms - CATCH_UP_MS for trade in trades)
    assert len(trades) < 3 * USUAL.rate * CATCH_UP_MS / 1000


def test_a_wilder_market_moves_more():
    def span(volatility):
        prices = [trade.price for trade in traded(process("BTCUSDT"), conditions=Conditions(50, volatility))]
        return max(prices) - min(prices)

    assert span(8.0) > 3 * span(0.1)


def test_a_price_of_one_tick_falls_no_further():
    pair = KNOWN["TRXUSDT"]
    market = PriceProcess(pair, Random(1), price=pair.price_tick, seq=0, time_ms=START_MS)
    trades = traded(market, conditions=Conditions(50, 10))
    assert all(trade.price >= pair.price_tick for trade in trades)
