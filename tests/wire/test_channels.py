"""Names of channels: the right ones are read, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticker.market.candles import INTERVALS
from ticker.wire.channels import NAME, Channel, Mode, parse


@pytest.mark.parametrize(
    ("name", "channel", "mode", "throttle"),
    [
        ("trade.SOLUSDT", Channel("trade.SOLUSDT", "trade", "SOLUSDT"), Mode.LOG, 0),
        ("ticker.SOLUSDT", Channel("ticker.SOLUSDT", "ticker", "SOLUSDT"), Mode.STATE, 100),
        ("candle.SOLUSDT.1m", Channel("candle.SOLUSDT.1m", "candle", "SOLUSDT", "1m"), Mode.STATE, 100),
    ],
)
def test_a_name_says_what_is_followed_and_how(name, channel, mode, throttle):
    found = parse(name)
    assert found == channel
    assert (found.mode, found.throttle) == (mode, throttle)


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_interval_has_its_candles(interval):
    assert parse(f"candle.SOLUSDT.{interval}").interval == interval


def test_a_minute_is_not_a_month():
    assert parse("candle.SOLUSDT.1m") != parse("candle.SOLUSDT.1M")


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "trade", "trade.", ".SOLUSDT", "trade..SOLUSDT", "trade.SOLUSDT.", "trade.SOLUSDT.1m", "Trade.SOLUSDT",
        "candle.SOLUSDT", "candle.SOLUSDT.", "candle.SOLUSDT.7m", "candle..1m", "candle.SOLUSDT.1m.1m", "lobbies.A",
        "trade.SOL/USDT", "trade.SOL USDT", "trade.SOLUSDT\n", "trade.SOLÜSDT", "trade.٣", "trade.\0", "../../etc",
        "trade." + "A" * 75,
    ],
)  # fmt: skip
def test_anything_else_is_no_channel(name):
    assert parse(name) is None


@given(st.text(max_size=90))
def test_every_channel_has_a_name_that_is_safe_to_repeat(name):
    found = parse(name)
    assert found is None or (NAME.fullmatch(found.name) and found.name == name)
