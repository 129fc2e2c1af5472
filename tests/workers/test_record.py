"""The record holds each trade once and its candles are their fold, whoever is killed when."""

import asyncio

import pytest
from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError

from tests.kit.record import run_of
from tests.kit.streams import Stream, empty, seqs, written
from tests.kit.workers import killed, reached, running
from ticker.bus import trades as bus
from ticker.market.candles import fold
from ticker.market.errors import Unavailable
from ticker.models import Pair
from ticker.models import Trade as TradeRow
from ticker.services import recording, trades
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
    for interval in ("1m", "1h"):
        assert await kept_candles(interval, symbol) == list(fold(expected, interval))


async def test_what_is_traded_is_recorded_with_its_candles(pairs, stream):
    await stream.write(run(150))
    async with running(Recorder()):
        await reached(recorded_up_to(150))
        await stream.write(run(50, first=151))
        await reached(recorded_up_to(200))
    await assert_is(run(200))


async def test_every_pair_is_recorded_also_one_that_comes_later(pairs, stream, monkeypatch):
    monkeypatch.setattr(worker, "LOOK_FOR_PAIRS_EVERY_S", 0)
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
    wait, failures = bus.wait, [Unavailable("Redis does not answer")] * 2

    async def away(*args, **kwargs):
        if failures:
            raise failures.pop()
        return await wait(*args, **kwargs)

    monkeypatch.setattr(bus, "wait", away)
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
    trim, trimmed = bus.trim, []

    async def watched(symbol, first_kept):
        trimmed.append((first_kept, await database_sync_to_async(recording.position)(symbol)))
        await trim(symbol, first_kept)

    monkeypatch.setattr(bus, "trim", watched)
    await stream.write(run(1_000))
    async with running(Recorder()):
        await reached(recorded_up_to(1_000))
    await assert_is(run(1_000))
    assert trimmed
    assert all(first_kept <= recorded + 1 for first_kept, recorded in trimmed)


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
