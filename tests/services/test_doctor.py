"""The doctor says in plain words what is wrong and what to do, and is content where nothing is."""

import io

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from tests.kit.builders import pair_row
from tests.kit.market import wall_ms
from tests.kit.record import recorded, run_of
from ticker.bus.redis import key
from ticker.models import Candle, Pair, Trade, Unreadable
from ticker.services import doctor

pytestmark = pytest.mark.django_db
START = 1_790_000_000_000


@pytest.fixture
def house(redis):
    """Everything runs, and one pair has a hundred trades."""
    pair = recorded(run_of(100, at=START))
    now = wall_ms()
    redis.hset(key("feed"), mapping={"time_ms": now, "source": "simulated", "instance": "pid-7", "symbols": "SOLUSDT"})
    redis.hset(key("head", "SOLUSDT"), mapping={"epoch": "e", "seq": 103})
    redis.zadd(key("recorders"), {"pid-8/1": now + 60_000})
    redis.zadd(key("instances"), {"daphne-1/9-a": now + 60_000})
    return pair


def examined():
    """What the command says, and how it ends."""
    said = io.StringIO()
    code = 0
    try:
        call_command("doctor", stdout=said)
    except SystemExit as end:
        code = end.code
    return said.getvalue(), code


def test_where_nothing_is_wrong_it_says_what_runs_and_is_content(house):
    said, code = examined()
    for words in (
        "simulated, by pid-7: 1 pairs.",
        "recorders   1 at work.",
        "servers     1: daphne-1/9-a.",
        "SOL/USDT    open, 100 trades recorded, 0.0 a second, 3 wait.",
        "All is well.",
    ):
        assert words in said, said
    assert (code, "BAD" in said, "→" in said) == (0, False, False)


def wrong(words):
    said, code = examined()
    assert code == 1
    (line,) = [line for line in said.splitlines() if words in line]
    assert line.startswith("BAD")
    return said


def test_a_hole_is_named_and_the_record_is_not_healthy(house):
    Trade.objects.filter(seq__in=[41, 42, 43, 77]).delete()
    said = wrong("Trades 41 to 43 are missing.")
    assert "Trade 77 is missing." in said


def test_a_hole_at_the_end_is_named(house):
    Trade.objects.filter(seq__gt=97).delete()
    wrong("Trades 98 to 100 are missing.")


def test_of_many_holes_a_few_are_named(house):
    Trade.objects.filter(seq__in=range(2, 100, 2)).delete()
    said = wrong("And there are more of these behind them.")
    assert said.count("is missing.") == doctor.SHOWN


def test_what_is_not_kept_any_more_is_no_hole(house):
    Trade.objects.filter(seq__lte=30).delete()
    Candle.objects.filter(interval="1s", open_ms__lt=START + 30_000).delete()
    assert examined()[1] == 0


def test_a_record_without_any_trade_is_no_retention(house):
    Trade.objects.all().delete()
    wrong("100 trades were recorded, and none is in the table.")


def test_a_double_is_named(house):
    with connection.cursor() as cursor:  # a table that has lost its constraint
        cursor.execute("CREATE TABLE copy AS SELECT * FROM ticker_trade")
        cursor.execute("DROP TABLE ticker_trade")
        cursor.execute("ALTER TABLE copy RENAME TO ticker_trade")
        cursor.execute("INSERT INTO ticker_trade SELECT * FROM ticker_trade WHERE seq = 50")
        cursor.execute("DELETE FROM ticker_trade WHERE seq = 60")  # one less: their count alone is right
    said = wrong("Trade 50 is there twice.")
    assert "Trade 60 is missing." in said


def test_what_was_parked_is_to_be_looked_at_and_no_hole(house):
    Trade.objects.filter(seq=50).delete()
    Candle.objects.filter(interval="1s", open_ms=START + 49_000).delete()
    Unreadable.objects.create(pair=house, seq=50, entry=b"?", error="no trade", parked_at=timezone.now())
    said, code = examined()
    assert "1 entries of the stream were no trades, and are kept aside." in said
    assert (code, "All works, 1 to look at." in said) == (0, True)


def test_a_candle_that_is_not_the_fold_is_told_with_its_cure(house):
    Candle.objects.filter(interval="1s", open_ms=START + 5_000).update(volume_steps=1)
    said = wrong("1 of 100 seconds of the newest hour are not the fold of its trades.")
    assert "`manage.py rebuild_candles SOLUSDT` repairs them." in said


def test_a_recorder_that_lags_is_told(house, redis):
    redis.hset(key("head", "SOLUSDT"), "seq", 20_100)
    wrong("20,000 wait.")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("recorders", "None is heard: trades wait in Redis"),
        ("instances", "No instance is heard."),
        ("feed", "No feed has ever spoken."),
    ],
)
def test_whatever_does_not_run_is_told(house, redis, name, words):
    redis.delete(key(name))
    said = wrong(words)
    assert "→ Start `manage.py" in said


def test_a_feed_that_fell_silent_is_told(house, redis):
    redis.hset(key("feed"), "time_ms", wall_ms() - 65_000)
    wrong("Last heard 65 s ago, from pid-7.")


def test_a_listed_pair_that_nobody_feeds_is_told(house):
    pair_row("BTCUSDT", position=1)
    pair_row("ETHUSDT", position=2, status="delisted")
    wrong("pid-7 feeds 1 pairs, and not BTCUSDT.")


def test_without_redis_the_record_is_examined_all_the_same(house, settings):
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    Trade.objects.filter(seq=41).delete()
    said = wrong("Trade 41 is missing.")
    assert "BAD   Redis" in said and "100 trades recorded" in said


def test_without_the_database_redis_is_examined_all_the_same(house, monkeypatch):
    def away():
        raise OperationalError("connection refused")

    monkeypatch.setattr(doctor.connection, "cursor", away)
    said, code = examined()
    assert code == 1
    assert "BAD   database    The database does not answer: connection refused" in said
    assert "ok    Redis" in said and "recorders   1 at work." in said


def test_a_migration_that_is_missing_is_told(house, monkeypatch):
    monkeypatch.setattr(
        doctor.MigrationExecutor, "migration_plan", lambda *_: [(Pair._meta.app_config.name + ".0009", False)]
    )
    wrong("lacks 1 migrations")


def test_a_disk_that_fills_up_is_told_in_time(house, monkeypatch):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: (100 * 10**9, 98 * 10**9, 2 * 10**9))
    said, code = examined()
    assert (code, "look  disk        2.0 GB of 100 GB are free" in said) == (0, True)
