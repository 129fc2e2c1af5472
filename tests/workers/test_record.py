"""The record holds each trade once and its candles are their fold, whoever is killed when."""

import asyncio
import threading

import msgspec
import pytest
from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError

from tests.kit.record import run_of
from tests.kit.streams import Stream, empty, seqs, written
from tests.kit.workers import killed, reached, running
from ticker.bus import logs
from ticker.bus import record as bus
from ticker.bus.redis import key
from ticker.market.candles import fold
from ticker.market.errors import Unavailable
from ticker.market.rows import STORED
from ticker.models import Pair
from ticker.models import Trade as TradeRow
from ticker.models import Unreadable as UnreadableRow
from ticker.services import recording, trades
from ticker.wire import groups
from ticker.workers import record as worker
from ticker.workers.record import Recorder
from ticker.workers.simulate import Simulator

pytestmark = pytest.mark.django_db(transaction=True)

AT = 1_790_000_000_000


def run(count, first=1, pair="SOLUSDT"):
    """So many trades from number `first` on, of one and the same run."""
    return run_of(first + count - 1, at=AT, pair=pair)[first - 1 :]


@pytest.fixture
async def stream(lease):
    stream = Stream("SOLUSDT", lease)
    await stream.open()
    return stream


@database_sync_to_async
def kept(symbol="SOLUSDT"):
    """All recorded trades of a pair."""
    pair = Pair.objects.get(symbol=symbol)
    return trades.read(pair, after=0, limit=100_000)


@database_sync_to_async
def kept_candles(interval, symbol="SOLUSDT"):
    pair = Pair.objects.get(symbol=symbol)
    return [row.value for row in pair.candles.filter(interval=interval).order_by("open_ms")]


def recorded_up_to(seq, symbol="SOLUSDT"):
    async def condition():
        return await database_sync_to_async(recording.position)(symbol) >= seq

    return condition


async def assert_is(expected, symbol="SOLUSDT"):
    assert await kept(symbol) == expected
    for interval in STORED:
        assert await kept_candles(interval, symbol) == list(fold(expected, interval))


async def test_what_is_traded_is_recorded_with_its_candles(pairs, stream):
    await stream.write(run(150))
    async with running(Recorder()):
        await reached(recorded_up_to(150))
        await stream.write(run(50, first=151))
        await reached(recorded_up_to(200))
    await assert_is(run(200))


async def test_every_pair_is_recorded_also_one_that_comes_later(pairs, stream, monkeypatch):
    monkeypatch.setattr(worker, "LOOK_EVERY_S", 0)
    other = Stream("BTCUSDT", stream.lease)
    async with running(Recorder()):
        await stream.write(run(10))
        await reached(recorded_up_to(10))
        await other.open()
        await other.write(run(10, pair="BTCUSDT"))
        await reached(recorded_up_to(10, "BTCUSDT"))
    await assert_is(run(10, pair="BTCUSDT"), "BTCUSDT")


async def test_more_than_fits_into_one_transaction_takes_several(pairs, stream, monkeypatch):
    monkeypatch.setattr(worker, "MOST_AT_ONCE", 7)
    monkeypatch.setattr(worker, "GATHER_S", 0)
    await stream.write(run(100))
    async with running(Recorder()):
        await reached(recorded_up_to(100))
    await assert_is(run(100))


async def test_a_new_recorder_goes_on_where_the_record_ends(pairs, stream):
    await stream.write(run(40))
    async with running(Recorder()):
        await reached(recorded_up_to(40))
    await stream.write(run(40, first=41))
    async with running(Recorder()):
        await reached(recorded_up_to(80))
    await assert_is(run(80))


async def test_killed_between_the_commit_and_the_next_read_it_records_nothing_twice(pairs, stream, monkeypatch):
    record, committed = recording.record, asyncio.Event()
    loop = asyncio.get_running_loop()

    def then_dies(found):
        record(found)
        loop.call_soon_threadsafe(committed.set)
        raise RuntimeError("killed")

    await stream.write(run(40))
    with monkeypatch.context() as patched:
        patched.setattr(recording, "record", then_dies)
        with pytest.raises(RuntimeError, match="killed"):
            async with running(Recorder()):
                await committed.wait()
    await stream.write(run(10, first=41))
    async with running(Recorder()):
        await reached(recorded_up_to(50))
    await assert_is(run(50))


async def test_killed_anywhere_again_and_again_it_ends_up_whole(pairs, stream, monkeypatch):
    monkeypatch.setattr(worker, "MOST_AT_ONCE", 5)
    monkeypatch.setattr(worker, "GATHER_S", 0)
    await stream.write(run(150))
    for turns in range(0, 200, 9):  # of the event loop, until the kill
        async with running(Recorder()) as task:
            for _ in range(turns):
                await asyncio.sleep(0)
            await killed(task)
    async with running(Recorder()):
        await reached(recorded_up_to(150))
    await assert_is(run(150))


async def test_two_recorders_do_no_harm(pairs, stream, monkeypatch):
    monkeypatch.setattr(worker, "GATHER_S", 0.01)
    async with running(Recorder()), running(Recorder()):
        for first in range(1, 200, 20):
            await stream.write(run(20, first=first))
            await asyncio.sleep(0)
        await reached(recorded_up_to(200))
    await assert_is(run(200))


@pytest.mark.parametrize("error", [OperationalError("database is locked"), InterfaceError("connection is closed")])
async def test_a_database_that_is_away_is_waited_for(pairs, stream, monkeypatch, caplog, error):
    record, failures = recording.record, [error] * 2

    def locked(found):
        if failures:
            raise failures.pop()
        return record(found)

    monkeypatch.setattr(recording, "record", locked)
    await stream.write(run(20))
    async with running(Recorder()):
        await reached(recorded_up_to(20))
        await reached(lambda: "going on after" in caplog.text)
    await assert_is(run(20))
    assert caplog.text.count("waiting: ") == 1


async def test_a_redis_that_is_away_is_waited_for(pairs, stream, monkeypatch):
    read, failures = bus.read, [Unavailable("Redis does not answer")] * 2

    async def away(*args, **kwargs):
        if failures:
            raise failures.pop()
        return await read(*args, **kwargs)

    monkeypatch.setattr(bus, "read", away)
    await stream.write(run(20))
    async with running(Recorder()):
        await reached(recorded_up_to(20))
    await assert_is(run(20))


async def test_what_is_lost_for_ever_is_said_and_the_rest_is_recorded(pairs, stream, connected, caplog):
    await stream.write(run(5))
    async with running(Recorder()):
        await reached(recorded_up_to(5))
        empty(connected)
        await stream.lease.acquire()
        await stream.open(recorded_seq=10)
        await stream.write(run(5, first=11))
        await reached(recorded_up_to(15))
    await assert_is([*run(5), *run(5, first=11)])
    assert "SOLUSDT: trades 6 to 10 were never seen" in caplog.text


async def test_a_stream_without_a_pair_in_the_database_is_left_alone(pairs, stream):
    other = Stream("NOPEUSDT", stream.lease)
    await other.open()
    await other.write(run(5, pair="NOPEUSDT"))
    await stream.write(run(5))
    async with running(Recorder()):
        await reached(recorded_up_to(5))
    assert await database_sync_to_async(TradeRow.objects.count)() == 5


# --- Trimming --------------------------------------------------------------------------------------


@pytest.fixture
def trims_at_once(settings, monkeypatch):
    settings.STREAM_KEEP_MS = 0
    monkeypatch.setattr(worker, "TRIM_EVERY_S", 0)
    monkeypatch.setattr(worker, "GATHER_S", 0)


async def test_what_is_recorded_and_old_is_forgotten(pairs, stream, connected, settings, trims_at_once):
    settings.STREAM_KEEP = 200
    await stream.write(run(1_000))
    async with running(Recorder()):
        await reached(lambda: len(written(connected)) < 400)
    left = seqs(written(connected))
    assert left == list(range(left[0], 1_001))
    assert left[0] <= 801


async def test_what_is_not_recorded_is_never_forgotten(pairs, stream, connected, settings, monkeypatch, trims_at_once):
    settings.STREAM_KEEP = 0
    monkeypatch.setattr(worker, "MOST_AT_ONCE", 90)
    forget, first_left = bus.forget, []

    async def watched(symbol, *args, **kwargs):
        await forget(symbol, *args, **kwargs)
        if symbol == "SOLUSDT":
            first = next(iter(seqs(written(connected))), 1_001)
            first_left.append((first, await database_sync_to_async(recording.position)(symbol)))

    monkeypatch.setattr(bus, "forget", watched)
    await stream.write(run(1_000))
    async with running(Recorder()):
        await reached(recorded_up_to(1_000))
        await reached(lambda: first_left[-1][0] > 500)
    await assert_is(run(1_000))
    assert all(first <= recorded + 1 for first, recorded in first_left)


async def test_what_a_client_may_resume_is_kept_for_its_time(pairs, stream, connected, settings, trims_at_once):
    settings.STREAM_KEEP, settings.STREAM_KEEP_MS = 0, 600_000
    await stream.write(run(500))
    async with running(Recorder()):
        await reached(recorded_up_to(500))
        await stream.write(run(1, first=501))
        await reached(recorded_up_to(501))
    assert len(written(connected)) == 501


async def test_a_young_stream_is_left_as_it_is(pairs, stream, connected, caplog, trims_at_once):
    await stream.write(run(20))
    async with running(Recorder()):
        await reached(recorded_up_to(20))
        await stream.write(run(1, first=21))
        await reached(recorded_up_to(21))
    assert len(written(connected)) == 21
    assert "waiting" not in caplog.text


async def test_what_another_group_has_still_to_read_is_never_forgotten(
    pairs, stream, connected, settings, trims_at_once
):
    settings.STREAM_KEEP = 0
    name = key("trades", "SOLUSDT")
    await stream.write(run(1_000))
    connected.xgroup_create(name, "reads", "0")
    connected.xreadgroup("reads", "one", {name: ">"}, count=700)
    connected.xack(name, "reads", *(f"{seq}-0" for seq in range(1, 301)))
    async with running(Recorder()):
        await reached(lambda: seqs(written(connected))[0] > 1)
    assert seqs(written(connected))[0] <= 301  # taken, and not acknowledged


async def test_what_was_recorded_when_outlives_the_recorder(pairs, stream, connected, settings, trims_at_once):
    settings.STREAM_KEEP, settings.STREAM_KEEP_MS = 0, 600_000
    await stream.write(run(1_000))
    async with running(Recorder()):
        await reached(recorded_up_to(1_000))
        await reached(lambda: bool(connected.exists(key("recorded", "SOLUSDT"))))
    for member, score in connected.zrange(key("recorded", "SOLUSDT"), 0, -1, withscores=True):
        connected.zadd(key("recorded", "SOLUSDT"), {member: score - 600_000})  # ten minutes later
    async with running(Recorder()):
        await reached(lambda: len(written(connected)) < 500)


# --- Several, and late ------------------------------------------------------------------------------


def test_every_pair_is_some_recorders_and_all_have_about_as_many():
    symbols = [f"P{number}" for number in range(8)]
    for count in range(1, 11):
        recorders = [f"r{number}" for number in range(count)]
        shares = [worker.share(symbols, recorders, name) for name in recorders]
        assert sorted(symbol for found in shares for symbol in found) == symbols
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


async def test_two_recorders_share_the_pairs_and_one_that_leaves_gives_them_back(pairs, stream, monkeypatch):
    monkeypatch.setattr(worker, "LOOK_EVERY_S", 0)
    one, other = Recorder(), Recorder()
    async with running(one):
        async with running(other):
            await reached(lambda: len(one.positions) == len(other.positions) == 1)
            assert one.positions.keys() | other.positions.keys() == {"SOLUSDT", "BTCUSDT"}
        await reached(lambda: len(one.positions) == 2)


async def test_how_far_it_is_recorded_is_told_in_the_group_of_the_stream(pairs, stream, connected):
    await stream.write(run(30))
    async with running(Recorder()):
        await reached(lambda: marked(connected) == "30-0")
        await stream.write(run(5, first=31))
        await reached(lambda: marked(connected) == "35-0")


def marked(redis):
    return next((group["last-delivered-id"].decode() for group in redis.xinfo_groups(key("trades", "SOLUSDT"))), None)


def test_a_pair_is_late_when_what_was_there_long_ago_is_not_recorded():
    lag = worker.Lag(5)
    assert lag.late(0, {"A": 10, "B": 10}, {"A": 0, "B": 10}) == set()
    assert lag.late(4, {"A": 20, "B": 20}, {"A": 9, "B": 10}) == set()
    assert lag.late(5, {"A": 30, "B": 30}, {"A": 9, "B": 10}) == {"A"}
    assert lag.late(6, {"A": 40, "B": 40}, {"A": 10, "B": 10}) == set()
    assert lag.late(9, {"A": 50, "B": 50}, {"A": 20, "B": 19}) == {"B"}
    assert lag.late(10, {"A": 50, "B": 2}, {"A": 50, "B": 19}) == set()  # it has begun anew


async def test_who_falls_behind_says_so_and_says_when_it_has_caught_up(pairs, stream, monkeypatch):
    monkeypatch.setattr(worker, "LATE_AFTER_S", 0)
    monkeypatch.setattr(worker, "WATCH_EVERY_S", 0.01)
    record, is_away = recording.record, threading.Event()

    def away(found):
        if is_away.is_set():
            raise OperationalError("the disk is full")
        return record(found)

    monkeypatch.setattr(recording, "record", away)
    is_away.set()
    await stream.write(run(20))
    async with running(Recorder()):
        await reached(said("late"))
        assert (await bus.standing()).late == {"SOLUSDT"}
        is_away.clear()
        await reached(said("caught up"))
    assert [item["text"] for item in await said_of_the_recorder()] == [
        "The record is 20 trades behind. None is lost: they wait in Redis until they are recorded.",
        "The record has caught up.",
    ]
    assert (await bus.standing()).late == frozenset()
    await assert_is(run(20))


def said(state):
    async def condition():
        return state in [item["state"] for item in await said_of_the_recorder()]

    return condition


async def said_of_the_recorder():
    _, _, items = await logs.after(groups.SYSTEM, 0)
    return [found for _, item in items if (found := msgspec.json.decode(item))["kind"] == "recorder"]


async def test_a_successor_that_is_not_late_any_more_says_so(pairs, stream, monkeypatch):
    monkeypatch.setattr(worker, "WATCH_EVERY_S", 0.01)
    await bus.tell_late({"SOLUSDT"}, {"BTCUSDT"})  # and was killed
    async with running(Recorder()):
        await reached(said("caught up"))


async def test_an_entry_that_is_no_trade_is_parked_and_does_not_stop_it(pairs, stream, connected, caplog):
    await stream.write(run(5))
    connected.xadd(key("trades", "SOLUSDT"), {"d": "{"}, id="6-0")
    connected.xadd(key("trades", "SOLUSDT"), {"x": "y"}, id="6-1")
    connected.hset(key("head", "SOLUSDT"), "seq", 6)
    stream.seq = 6
    await stream.write(run(5, first=7))
    async with running(Recorder()):
        await reached(recorded_up_to(11))
    await assert_is([*run(5), *run(5, first=7)])
    assert await database_sync_to_async(UnreadableRow.objects.count)() == 1
    assert "SOLUSDT: entry 6 is parked" in caplog.text


# --- With a simulator ------------------------------------------------------------------------------


async def test_the_record_of_a_simulated_market_is_its_stream(pairs, connected):
    async with running(Recorder()):
        async with running(Simulator(rate=200)):
            await reached(recorded_up_to(100))
        last = written(connected)[-1].seq
        await reached(recorded_up_to(last))
    await assert_is(written(connected))


async def test_after_redis_lost_everything_the_record_has_no_hole(pairs, connected, caplog):
    async with running(Recorder()):
        async with running(Simulator(rate=200)):
            await reached(recorded_up_to(100))
            empty(connected)
            await reached(recorded_up_to(300))
        await reached(recorded_up_to(written(connected)[-1].seq))
    found = await kept()
    assert seqs(found) == list(range(1, len(found) + 1))
    assert "never seen" not in caplog.text
    await assert_is(found)


async def test_what_the_record_knows_is_where_a_publisher_goes_on(pairs, stream):
    await stream.write(run(200))
    async with running(Recorder()):
        await reached(recorded_up_to(200))
    known = await database_sync_to_async(recording.recorded)("SOLUSDT")
    assert known.seq == known.board.seq == 200
    assert known.minutes == list(fold(run(200), "1m"))
    for interval, candle in known.board.candles.items():
        assert candle == list(fold(run(200), interval))[-1]
