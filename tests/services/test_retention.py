"""Old trades go, their candles stay, and nothing goes that is not folded."""

import io

import pytest
from django.core.management import CommandError, call_command

from tests.kit.builders import trade
from tests.kit.record import recorded
from ticker.market.candles import DAY, HOUR, MINUTE
from ticker.models import Candle, Trade
from ticker.services import folding, retention, trades

pytestmark = pytest.mark.django_db
MIDNIGHT = 1_600_041_600_000
NOW = MIDNIGHT + 5 * HOUR
# Four days, a trade every 20 minutes: 72 a day, the last one at NOW.
RUN = [
    trade(f"{142 + number % 9 / 100:.2f}", at=NOW - number * 20 * MINUTE, seq=288 - number) for number in range(288)
][::-1]


def forget(pair, keep_days, now_ms=NOW):
    return sum(retention.forget(pair, keep_days=keep_days, now_ms=now_ms))


def left(pair):
    return [one.seq for one in trades.read(pair, after=0, limit=1_000)]


def candles():
    return list(Candle.objects.order_by("interval", "open_ms").values_list())


def test_whole_days_go_and_candles_stay():
    pair, before = recorded(RUN), candles()
    expected = [one.seq for one in RUN if one.time_ms >= MIDNIGHT - 2 * DAY]
    assert forget(recorded(RUN), 2) == len(RUN) - len(expected) > 0
    assert left(pair) == expected
    assert candles() == before


def test_what_is_left_still_proves_its_candles():
    pair = recorded(RUN)
    forget(pair, 1)
    assert [proof.wrong for proof in folding.prove(pair, repair=False)] == [0] * 6


def test_a_second_time_there_is_nothing_to_do():
    pair = recorded(RUN)
    forget(pair, 1)
    assert forget(pair, 1) == 0


def test_seconds_that_are_not_folded_are_repaired_before_their_trades_go(caplog):
    pair, before = recorded(RUN), candles()
    Candle.objects.filter(interval="1s").order_by("open_ms").first().delete()
    assert forget(pair, 1) > 0
    assert [row[1:] for row in candles()] == [row[1:] for row in before]  # but for the keys of rows
    assert "SOLUSDT: 1 seconds were not the fold of their trades and are repaired" in caplog.text


def test_the_hour_of_the_newest_trade_stays_however_old_it_is():
    pair = recorded(RUN)
    forget(pair, 1, now_ms=NOW + 400 * DAY)
    assert left(pair) == [one.seq for one in RUN if one.time_ms >= NOW]


def test_recording_goes_on_behind_it():
    pair = recorded(RUN)
    forget(pair, 1)
    recorded([trade("142.00", at=NOW + 1, seq=289)])
    assert left(pair)[-1] == 289


def test_the_command_does_what_the_setting_says(settings):
    settings.KEEP_TRADES_DAYS = 30
    recorded(RUN)
    said = io.StringIO()
    call_command("retain", stdout=said)
    assert said.getvalue() == "SOLUSDT: 287 trades deleted\n"
    call_command("retain", "--days", "0", stdout=said)
    assert "Trades are kept for ever." in said.getvalue()
    assert Trade.objects.count() == 1
    with pytest.raises(CommandError, match="--days -1: expected 0"):
        call_command("retain", "--days", "-1", stdout=said)
