"""Prices, changes, volumes and ages as templates say them."""

from decimal import Decimal

import pytest

from ticker.market.pairs import pair_of
from ticker.market.tickers import Ticker
from ticker.pages.lines import line_path, thin_out
from ticker.pages.markets import SPARK_POINTS
from ticker.services.pairs import new
from ticker.templatetags import moments, prices

SOL, DOGE = new("SOLUSDT"), new("DOGEUSDT")


def ticker(last: str, open_: str, bid: str = "142.36", ask: str = "142.38") -> Ticker:
    numbers = (Decimal(number) for number in (last, bid, ask, open_, last, open_, "1", "1"))
    return Ticker(*numbers)


def test_prices_have_the_decimals_of_the_tick():
    assert prices.price(Decimal("64000"), SOL) == "64,000.00"
    assert prices.price(Decimal("0.125"), DOGE) == "0.12500"
    assert prices.qty(Decimal("3"), DOGE) == "3"


def test_the_smallest_prices_are_written_out():
    tiny = new("SOLUSDT")
    tiny.price_tick = Decimal("1E-9")
    assert prices.price(Decimal("1E-9"), tiny) == "0.000000001"
    assert prices.plain(Decimal("1E-7")) == "0.0000001"


@pytest.mark.parametrize("unknown", [None, ""])
def test_what_is_unknown_is_a_dash(unknown: None):
    said = [prices.price(unknown, SOL), prices.qty(unknown, SOL), prices.percent(unknown), prices.compact(unknown)]
    assert {*said, prices.change(unknown, SOL), prices.spread(unknown, SOL), prices.full(unknown)} == {"—"}


def test_changes_carry_a_sign_and_an_arrow():
    rising, falling = ticker("151.88", "142.37"), ticker("142.37", "151.88")
    assert prices.change(rising, SOL) == "+9.51"
    assert prices.change(falling, SOL) == "−9.51"
    assert prices.percent(rising.change_percent) == "+6.68%"
    assert [prices.arrow(Decimal(number)) for number in ("1", "-1", "0")] == ["▲", "▼", "="]
    assert prices.percent(Decimal("-0.001")) == "0.00%"


@pytest.mark.parametrize(
    ("number", "said"),
    [("6912345.1", "6.91M"), ("88123.4", "88.1K"), ("999950", "1.00M"), ("412.7", "413"), ("0", "0.00"), ("5", "5.00")],
)
def test_volumes_are_short(number: str, said: str):
    assert prices.compact(Decimal(number)) == said


def test_the_spread_is_said_in_quote_currency_and_basis_points():
    assert prices.spread(ticker("1", "1"), SOL) == "0.02 · 1.4 bps"
    assert prices.spread(ticker("1", "1", "63999.99", "64000.01"), SOL) == "0.02 · <0.01 bps"


def test_ticks_are_written_as_people_do():
    assert [prices.bare(pair_of(symbol).qty_step) for symbol in ("SOLUSDT", "DOGEUSDT")] == ["0.001", "1"]


def test_ages_use_the_unit_that_fits():
    assert [moments.age(ms) for ms in (900, 18_000, 240_000, 7_200_000, 172_800_000)] == [
        "0 s",
        "18 s",
        "4 min",
        "2 h",
        "2 d",
    ]


def test_a_line_goes_from_left_to_right_highest_on_top():
    assert line_path([Decimal(1), Decimal(3), Decimal(2)], 100, 10) == "M0.0,10.0L50.0,0.0L100.0,5.0"
    assert line_path([Decimal(2), Decimal(2)], 100, 10) == "M0.0,5.0L100.0,5.0"
    assert line_path([Decimal(2)], 100, 10) == ""


def test_thinning_out_keeps_both_ends():
    points = [Decimal(number) for number in range(96)]
    thinned = thin_out(points, SPARK_POINTS)
    assert (len(thinned), thinned[0], thinned[-1]) == (60, points[0], points[-1])
    assert thin_out(points[:5], SPARK_POINTS) == points[:5]
