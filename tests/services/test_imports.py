"""Recorded trades from elsewhere begin a pair's record or continue it: all of a file, or nothing of it."""

import io
from random import Random

import pytest
from django.core.management import CommandError, call_command

from tests.kit.builders import pair_row, trade
from tests.kit.market import wall_ms
from tests.kit.record import recorded, run_of
from ticker.bus.redis import key
from ticker.market.candles import DAY, HOUR, fold
from ticker.market.errors import Unavailable
from ticker.market.pairs import PairStatus
from ticker.models import Candle, Pair, Trade
from ticker.services import candles, history, imports, trades
from ticker.services.imports import CannotImport
from ticker.wire.csv import TRADE, line, of_trade

pytestmark = pytest.mark.django_db
START = 1_704_067_200_000  # 2024-01-01
DUMP = "".join(f"{70_000 + n},142.1{n % 9}000000,0.50{n % 7}00000,71,{START + n * 250},{n % 2 == 0},True\n" for n in range(12_345))  # fmt: skip


@pytest.fixture
def file(tmp_path):
    def write(content, name="SOLUSDT-trades-2024-01-01.csv"):
        path = tmp_path / name
        path.write_text(content)
        return path

    return write


def load(file, **options):
    said = io.StringIO()
    call_command("import_trades", file, stdout=said, **options)
    return said.getvalue()


def ours(found):
    return line(TRADE) + "".join(map(of_trade, found))


def everything():
    return (
        list(Trade.objects.order_by("pair_id", "seq").values_list("pair__symbol", "seq", "price_ticks", "time_ms")),
        list(Candle.objects.order_by("pair_id", "interval", "open_ms").values_list("interval", "open_ms", "trades")),
        list(Pair.objects.values_list("symbol", "recorded_seq", "status")),
    )


def test_a_dump_is_read_back_equal_and_its_candles_are_its_fold(redis, file):
    said = load(file(DUMP))
    pair = Pair.objects.get()
    found = trades.read(pair, after=0, limit=20_000)
    assert "Loaded as trades 1 to 12,345 of SOL/USDT." in said
    assert [(one.seq, f"{one.price:.2f}", f"{one.qty:.3f}", one.side, one.time_ms) for one in found] == [
        (n + 1, f"142.1{n % 9}", f"0.50{n % 7}", "sell" if n % 2 == 0 else "buy", START + n * 250)
        for n in range(12_345)
    ]
    for interval in ("1s", "1m", "1h"):
        read = candles.read(pair, interval, start_ms=START, limit=5_000, now_ms=found[-1].time_ms)
        assert [one for one, _ in read] == list(fold(found, interval))[:5_000]


def test_a_pair_that_is_made_for_a_file_stands_still_behind_the_others(redis, file):
    pair_row("BTCUSDT", position=3)
    load(file(DUMP))
    pair = Pair.objects.get(symbol="SOLUSDT")
    assert (pair.status, pair.position) == (PairStatus.HALTED, 4)


def test_our_own_file_comes_back_as_it_went(redis, file):
    before = run_of(50, at=START, first=9_001)
    load(file(ours(before), "x.csv"), pair="SOLUSDT")
    after = trades.read(Pair.objects.get(), after=0, limit=100)
    assert [(one.price, one.qty, one.side, one.time_ms) for one in after] == [
        (one.price, one.qty, one.side, one.time_ms) for one in before
    ]
    assert [one.seq for one in after] == list(range(1, 51))


def test_made_up_history_makes_way_for_what_has_happened(redis, file):
    pair = pair_row("SOLUSDT")
    history.make(pair, until_ms=START + DAY, rng=Random(1))
    load(file(ours(run_of(50, at=START))))
    assert Candle.objects.filter(pair=pair, interval="1h").get().open_ms == START
    assert Pair.objects.get().status == PairStatus.OPEN  # as staff have set it


def test_a_later_file_continues_an_earlier_one(redis, file):
    load(file(ours(run_of(50, at=START))))
    load(file(ours(run_of(50, at=START + 49_000))))
    pair = Pair.objects.get()
    found = trades.read(pair, after=0, limit=200)
    assert [one.seq for one in found] == list(range(1, 101))
    assert [one for one, _ in candles.read(pair, "1m", start_ms=START, now_ms=found[-1].time_ms)] == list(
        fold(found, "1m")
    )


@pytest.mark.parametrize("keep", [True, False])
def test_nothing_is_put_in_before_what_is_recorded(redis, file, keep):
    recorded(run_of(10, at=START + HOUR))
    if not keep:
        Trade.objects.all().delete()  # as those that are too old are
    before = everything()
    with pytest.raises(CommandError, match="a record is continued, nothing is put in before or between; nothing was"):
        load(file(ours(run_of(10, at=START))))
    assert everything() == before


@pytest.mark.parametrize("kept", [0, 1])
def test_a_file_that_breaks_in_the_middle_leaves_everything_as_it_was(redis, file, kept):
    if kept:
        recorded(run_of(10, at=START - HOUR))
    before = everything()
    lines = DUMP.splitlines(keepends=True)
    lines[11_000] = lines[10_999]
    with pytest.raises(CommandError, match="line 11,001: trade 80999 is there twice; nothing was loaded"):
        load(file("".join(lines)))
    assert everything() == before


@pytest.mark.parametrize("kept", [0, 1])
def test_what_fails_after_the_check_leaves_everything_as_it_was_too(redis, kept):
    pair = recorded(run_of(10, at=START - HOUR)) if kept else imports.pair_of("SOLUSDT")
    before = everything()

    def torn():
        yield from run_of(12_000, at=START, every_ms=1)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        imports.load(pair, torn())
    assert everything() == before


def test_what_the_record_refuses_is_not_left_out_but_told(redis):
    found = run_of(10, at=START)
    found[6] = trade("142.005", at=found[6].time_ms, seq=7)
    with pytest.raises(CannotImport, match="the record refuses trade 7 of the file"):
        imports.load(imports.pair_of("SOLUSDT"), found)
    assert everything() == ([], [], [])


def test_a_pair_that_is_being_traded_is_left_alone(redis, file):
    pair_row("SOLUSDT")
    redis.hset(
        key("feed"),
        mapping={"time_ms": wall_ms(), "source": "simulated", "instance": "pid-7", "symbols": "BTCUSDT,SOLUSDT"},
    )
    with pytest.raises(CommandError, match="is being traded by pid-7"):
        load(file(DUMP))
    redis.hset(key("feed"), "time_ms", wall_ms() - 60_000)
    assert "Loaded" in load(file(DUMP))


def test_what_is_on_its_way_to_the_record_comes_first(redis, file):
    recorded(run_of(10, at=START))
    redis.hset(key("head", "SOLUSDT"), mapping={"epoch": "e", "seq": 17})
    with pytest.raises(CommandError, match="7 trades of SOL/USDT are not recorded yet"):
        load(file(DUMP))


def test_without_redis_nobody_knows_who_feeds_a_pair(settings, file):
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    assert "Loaded" in load(file(DUMP))  # nobody feeds what has not been there
    with pytest.raises(Unavailable):
        imports.load(Pair.objects.get(), [])


@pytest.mark.parametrize(
    ("name", "said"), [("trades.csv", "say which with --pair"), ("solusdt.csv", "say which with --pair")]
)
def test_a_file_that_names_no_pair_needs_to_be_told(file, name, said):
    with pytest.raises(CommandError, match=said):
        load(file(DUMP, name))


def test_a_word_that_is_no_pair_is_told(file):
    with pytest.raises(CommandError, match="expected symbols such as SOLUSDT"):
        load(file(DUMP), pair="NOPE")
