"""Names of channels: the right ones are read, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticker.market.candles import INTERVALS
from ticker.wire.channels import NAME, Channel, Mode, parse


@pytest.mark.parametrize(
    ("name", "channel", "mode", "throttle"),
    [
        ("trade.SOLUSDT", Channel("trade.SOLUSDT", "trade", "pair.SOLUSDT", "SOLUSDT"), Mode.LOG, 0),
        ("ticker.SOLUSDT", Channel("ticker.SOLUSDT", "ticker", "pair.SOLUSDT", "SOLUSDT"), Mode.STATE, 100),
        (
            "candle.SOLUSDT.1m",
            Channel("candle.SOLUSDT.1m", "candle", "pair.SOLUSDT", "SOLUSDT", "1m"),
            Mode.STATE,
            100,
        ),
        ("ticker.all", Channel("ticker.all", "tickers", "tickers"), Mode.STATE, 100),
        ("lobby", Channel("lobby", "log", "log.lobby"), Mode.LOG, 0),
        ("system", Channel("system", "log", "log.system"), Mode.LOG, 0),
    ],
)
def test_a_name_says_what_is_followed_and_how(name, channel, mode, throttle):
    found = parse(name)
    assert found == channel
    assert (found.mode, found.throttle) == (mode, throttle)


@pytest.mark.parametrize("what", ["notifications", "backtests"])
def test_what_is_private_is_each_users_own(what):
    mine, yours = parse(f"me.{what}", 7), parse(f"me.{what}", 8)
    assert mine.name == yours.name
    assert (mine.source, yours.source) == (f"user.7.{what}", f"user.8.{what}")


def test_what_is_private_has_no_source_for_nobody():
    assert parse("me.notifications").source == ""


def test_clients_publish_in_the_lobby_only():
    names = ["lobby", "system", "trade.SOLUSDT", "ticker.all", "me.notifications"]
    assert [name for name in names if parse(name, 7).is_publishable] == ["lobby"]


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
        "trade." + "A" * 75, "lobby.x", "system.all", "me", "me.", "me.tokens", "me.notifications.7",
    ],
)  # fmt: skip
def test_anything_else_is_no_channel(name):
    assert parse(name) is None


@given(st.text(max_size=90))
def test_every_channel_has_a_name_that_is_safe_to_repeat(name):
    found = parse(name)
    assert found is None or (NAME.fullmatch(found.name) and found.name == name)
