"""The last 24 hours, kept minute by minute, are what one gets by looking at every minute of them."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.builders import candle, trade
from tests.kit.runs import runs
from ticker.market.candles import DAY, HOUR, MINUTE, fill, fold
from ticker.market.tickers import LastDay
from ticker.market.trades import Quote

QUOTE = Quote(Decimal("9.99"), Decimal("10.01"))


def slowly(minutes, now_ms=0):
    """The figures, by looking at all of the newest 1,440 minutes, empty ones included."""
    filled = list(fill(minutes, "1m", until_ms=now_ms + 1))
    day = [minute for minute in filled if minute.open_ms > filled[-1].open_ms - DAY]
    return {
        "last": day[-1].close,
        "open": day[0].open,
        "high": max(minute.high for minute in day),
        "low": min(minute.low for minute in day),
        "volume": sum(minute.volume for minute in day),
        "quote_volume": sum(minute.quote_volume for minute in day),
    }


def figures(day):
    ticker = day.ticker(QUOTE)
    return {name: getattr(ticker, name) for name in slowly([candle("1")])}


@settings(max_examples=80, deadline=None)
@given(run=runs(longest_ms=15 * HOUR))
def test_at_every_trade_the_figures_are_those_of_the_newest_1440_minutes(run):
    day = LastDay()
    for count, one in enumerate(run, 1):
        day.add_trade(one)
        assert figures(day) == slowly(list(fold(run[:count], "1m")))


@settings(max_examples=80, deadline=None)
@given(run=runs(longest_ms=15 * HOUR), silence_ms=st.integers(0, 3 * DAY))
def test_after_a_silence_the_figures_are_those_of_its_empty_minutes_too(run, silence_ms):
    day = LastDay()
    for one in run:
        day.add_trade(one)
    now_ms = run[-1].time_ms + silence_ms
    day.roll(now_ms)
    assert figures(day) == slowly(list(fold(run, "1m")), now_ms)


@settings(max_examples=80, deadline=None)
@given(data=st.data(), run=runs(longest_ms=5 * HOUR))
def test_earlier_minutes_stand_for_their_trades(data: st.DataObject, run):
    cut = data.draw(st.integers(0, len(run)))
    day = LastDay(fold(run[:cut], "1m"))
    for one in run[cut:]:
        day.add_trade(one)
    assert figures(day) == slowly(list(fold(run, "1m")))


def test_before_the_first_trade_there_is_no_ticker():
    assert LastDay().ticker(QUOTE) is None
    assert LastDay().last is None


def test_empty_minutes_say_nothing():
    day = LastDay([candle("10", at=0), candle("99", at=MINUTE, volume="0", trades=0)])
    assert figures(day) == slowly([candle("10", at=0)])


def test_a_minute_falls_out_when_it_is_a_day_old_and_not_sooner():
    day = LastDay([candle("50", at=0), candle("10", at=MINUTE), candle("10", at=DAY - MINUTE)])
    assert day.ticker(QUOTE).high == 50
    day.add_trade(trade("10", at=DAY))
    assert day.ticker(QUOTE).high == 10


def test_the_change_is_in_percent_of_the_price_a_day_ago():
    day = LastDay([candle("139.90", at=0), candle("142.37", at=HOUR)])
    assert day.ticker(QUOTE).change_percent == Decimal("1.77")


def test_the_quote_is_passed_on():
    ticker = LastDay([candle("10")]).ticker(QUOTE)
    assert (ticker.bid, ticker.ask) == (QUOTE.bid, QUOTE.ask)
