"""Recorders as real processes: killed anywhere, frozen, on a full disk, before a locked database, nothing is lost."""

import asyncio
import os
import random
import resource
import signal
import sys

import pytest
from channels.db import database_sync_to_async
from django.db import connection, transaction

from tests.kit.record import run_of
from tests.kit.recorders import recorder
from tests.kit.streams import Stream
from tests.kit.workers import reached
from ticker.bus import record as bus
from ticker.models import Pair
from ticker.services import folding, recording, trades

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.system,
    pytest.mark.skipif(sys.platform != "linux", reason="freezes processes and takes their disk away"),
]
AT = 1_790_000_000_000
SYMBOLS = ("SOLUSDT", "BTCUSDT")


class Feed:
    """Trades of both pairs that keep coming."""

    def __init__(self, streams: list[Stream]) -> None:
        self.streams = streams
        self.traded = 0

    async def trade(self, count: int) -> None:
        for stream in self.streams:
            await stream.write(run_of(count, first=self.traded + 1, at=AT + self.traded * 1_000, pair=stream.symbol))
        self.traded += count

    async def is_recorded(self) -> bool:
        found = await database_sync_to_async(recording.positions)()
        return all(found[symbol] == self.traded for symbol in SYMBOLS)


@pytest.fixture
async def feed(pairs, lease):
    streams = [Stream(symbol, lease) for symbol in SYMBOLS]
    for stream in streams:
        await stream.open()
    return Feed(streams)


@database_sync_to_async
def assert_whole(feed: Feed) -> None:
    for pair in Pair.objects.all():
        found = trades.read(pair, after=0, limit=1_000_000)
        assert [trade.seq for trade in found] == list(range(1, feed.traded + 1))
        assert [proof.wrong for proof in folding.prove(pair, repair=False)] == [0] * 6


async def recorders() -> int:
    return (await bus.standing()).recorders


async def all_late() -> bool:
    return (await bus.standing()).late == set(SYMBOLS)


def are_heard(count: int):
    async def condition() -> bool:
        return await recorders() == count

    return condition


async def test_killed_at_any_moment_it_loses_and_doubles_nothing(feed):
    moments = random.Random(4)
    for _ in range(4):
        async with recorder() as one:
            await reached(lambda: one.says("recording"))
            for _ in range(moments.randrange(1, 12)):
                await feed.trade(moments.randrange(1, 400))
            await one.kill()
    async with recorder():
        await reached(feed.is_recorded)
    await assert_whole(feed)


async def test_what_a_killed_recorder_leaves_is_recorded_by_the_other(feed):
    async with recorder() as one, recorder():
        await reached(are_heard(2))
        await feed.trade(100)
        await reached(feed.is_recorded)
        await one.kill()
        await feed.trade(100)
        await reached(are_heard(1))
        await feed.trade(100)
        await reached(feed.is_recorded)
    await assert_whole(feed)


async def test_a_frozen_recorder_is_not_waited_for_and_does_no_harm_when_it_wakes(feed):
    async with recorder() as one, recorder():
        await reached(are_heard(2))
        await feed.trade(100)
        await reached(feed.is_recorded)  # so that it holds no lock, and freezes where it waits for trades
        one.send(signal.SIGSTOP)
        await feed.trade(100)
        await reached(feed.is_recorded)
        one.send(signal.SIGCONT)
        await feed.trade(100)
        await reached(are_heard(2))
        await feed.trade(100)
        await reached(feed.is_recorded)
    await assert_whole(feed)


async def test_a_locked_database_is_waited_for_and_the_lateness_told(feed):
    locked, unlock = asyncio.Event(), asyncio.Event()
    async with recorder(), asyncio.TaskGroup() as tasks:
        await feed.trade(50)
        await reached(feed.is_recorded)
        loop = asyncio.get_running_loop()
        tasks.create_task(asyncio.to_thread(_hold, lambda: loop.call_soon_threadsafe(locked.set), unlock, loop))
        await locked.wait()
        try:
            await feed.trade(500)
            await reached(all_late)
        finally:
            unlock.set()
        await reached(feed.is_recorded)
        await reached(nobody_is_late)
    await assert_whole(feed)


async def nobody_is_late() -> bool:
    return not (await bus.standing()).late


def _hold(say, unlock: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    """Hold every row that a recorder needs, until told to let go."""
    try:
        with transaction.atomic():
            list(Pair.objects.select_for_update().all())
            say()
            asyncio.run_coroutine_threadsafe(unlock.wait(), loop).result(60)
    finally:
        connection.close()


@pytest.mark.skipif(
    os.environ.get("TEST_DATABASE") == "postgresql", reason="it is the recorder's own disk that is full; run on SQLite"
)
async def test_a_full_disk_is_waited_for_and_nothing_is_lost(feed):
    """The kernel refuses whatever would make a file of this process longer, as it does on a full disk."""
    async with recorder() as one:
        await feed.trade(50)
        await reached(feed.is_recorded)
        no_more = os.stat(f"{connection.settings_dict['NAME']}-wal").st_size + 4_096  # noqa: PTH116
        resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (no_more, resource.RLIM_INFINITY))
        await feed.trade(3_000)
        await reached(lambda: one.says("waiting: "))
        await reached(all_late)
        assert not await feed.is_recorded()
        resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await reached(feed.is_recorded)
        await reached(lambda: one.says("going on after"))
        assert one.says("disk")
    await assert_whole(feed)


@pytest.fixture
def server(pairs):
    """The database of the test, to be killed; this process has no connection to the dead one afterwards."""
    from tests.settings import server

    yield server
    connection.close()


@pytest.mark.skipif(os.environ.get("TEST_DATABASE") != "postgresql", reason="SQLite is no server that could die")
async def test_a_database_that_is_killed_is_waited_for(feed, server):
    async with recorder() as one:
        await feed.trade(50)
        await reached(feed.is_recorded)
        for _ in range(3):
            await feed.trade(500)
            server.kill()
            await feed.trade(500)
            await reached(all_late)
            assert one.says("waiting: ")
            server.start()
            await database_sync_to_async(connection.close_pool)()
            await reached(feed.is_recorded)
    await assert_whole(feed)
