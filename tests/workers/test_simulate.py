"""One simulator feeds the markets, whoever dies, and leaves neither a hole nor a double in their trades."""

import asyncio
import json

import pytest
from channels.db import database_sync_to_async

from tests.kit.streams import empty, seqs, written
from tests.kit.workers import killed, reached, running
from ticker.bus import latest, logs
from ticker.bus import trades as bus
from ticker.market.errors import Unavailable
from ticker.market.pairs import PairStatus
from ticker.models import Pair
from ticker.services import pairs as pairs_service
from ticker.services import recording
from ticker.wire import groups
from ticker.workers.simulate import Simulator

pytestmark = pytest.mark.django_db(transaction=True)

SYMBOLS = ("SOLUSDT", "BTCUSDT")


def has(redis, count, symbol="SOLUSDT"):
    return lambda: len(written(redis, symbol)) >= count


def assert_whole(redis, symbol="SOLUSDT", first=1):
    trades = written(redis, symbol)
    assert seqs(trades) == list(range(first, first + len(trades)))
    assert [trade.time_ms for trade in trades] == sorted(trade.time_ms for trade in trades)


@database_sync_to_async
def staff_set(symbol="SOLUSDT", **columns):
    Pair.objects.filter(symbol=symbol).update(**columns)


async def test_every_listed_pair_is_fed(connected, pairs):
    async with running(Simulator(rate=100)):
        for symbol in SYMBOLS:
            await reached(has(connected, 50, symbol))
    for symbol in SYMBOLS:
        assert_whole(connected, symbol)


async def test_the_feed_says_that_it_lives_and_what_it_feeds(connected, pairs):
    async with running(Simulator(rate=1)):
        await reached(lambda: connected.exists(latest.key("feed")) == 1)
        state = await latest.afeed_state()
    assert (state.source, state.symbols) == ("simulated", SYMBOLS)


async def test_a_new_market_begins_at_its_start_price(connected, pairs):
    async with running(Simulator(rate=100)):
        await reached(has(connected, 1))
    assert abs(written(connected)[0].price / pairs[0].start_price - 1) < 0.001


async def test_after_a_restart_numbers_and_prices_go_on(connected, pairs):
    async with running(Simulator(rate=100)):
        await reached(has(connected, 20))
    before = written(connected)
    async with running(Simulator(rate=100)):
        await reached(has(connected, len(before) + 20))
    after = written(connected)
    assert after[: len(before)] == before
    assert_whole(connected)
    assert abs(after[len(before)].price / before[-1].price - 1) < 0.01


async def test_a_halted_pair_trades_nothing_and_time_passes_there_all_the_same(connected, pairs):
    await staff_set(status=PairStatus.HALTED)
    async with running(Simulator(rate=100)):
        await reached(has(connected, 50, "BTCUSDT"))
        first = (await latest.aheads(SYMBOLS))["SOLUSDT"].time_ms

        async def passed():
            return (await latest.aheads(SYMBOLS))["SOLUSDT"].time_ms > first > 0

        await reached(passed)
    assert written(connected) == []


async def test_a_pair_that_is_opened_again_trades_again(connected, pairs):
    await staff_set(status=PairStatus.HALTED)
    async with running(Simulator(rate=100)):
        await reached(has(connected, 1, "BTCUSDT"))
        await staff_set(status=PairStatus.OPEN)
        await reached(has(connected, 10))
    assert_whole(connected)


async def test_a_new_rate_is_obeyed_although_the_next_trade_was_far(connected, pairs):
    await staff_set(rate=0.01)
    async with running(Simulator(rate=100)):
        await reached(has(connected, 50, "BTCUSDT"))
        assert len(written(connected)) <= 3
        await staff_set(rate=500)
        await reached(has(connected, 200))
    assert_whole(connected)


async def test_a_delisted_pair_is_left_alone_and_goes_on_when_it_is_listed_again(connected, pairs):
    async with running(Simulator(rate=100)) as task:
        await reached(has(connected, 10))
        await staff_set(status=PairStatus.DELISTED)

        async def alone():
            return (await latest.afeed_state()).symbols == ("BTCUSDT",)

        await reached(alone)
        count = len(written(connected))
        await reached(has(connected, len(written(connected, "BTCUSDT")) + 20, "BTCUSDT"))
        assert len(written(connected)) == count
        await staff_set(status=PairStatus.OPEN)
        await reached(has(connected, count + 10))
        assert not task.done()
    assert_whole(connected)
    assert await told() == ["delisted", "open"]


async def test_what_staff_do_with_a_pair_is_told_once(connected, pairs):
    async with running(Simulator(rate=100)):
        await reached(has(connected, 10))
        for status in (PairStatus.HALTED, PairStatus.OPEN):
            await staff_set(status=status)

            async def is_told(status=status):
                return (await told())[-1:] == [status]

            await reached(is_told)
    assert await told() == ["halted", "open"]


async def told(symbol="SOLUSDT"):
    """What the system's log says of a pair, in order."""
    _, _, entries = await logs.after(groups.SYSTEM, 0)
    items = [json.loads(item) for _, item in entries]
    return [item["status"] for item in items if item.get("pair") == symbol]


async def test_a_pair_that_is_added_is_fed(connected, pairs):
    async with running(Simulator(rate=100)):
        await reached(has(connected, 1))
        await database_sync_to_async(pairs_service.ensure)([*SYMBOLS, "ETHUSDT"])
        await reached(has(connected, 10, "ETHUSDT"))


# --- Two of them -----------------------------------------------------------------------------------


async def test_of_two_simulators_one_feeds_and_one_stands_by(connected, pairs):
    one, other = Simulator(rate=100), Simulator(rate=100)
    other.lease.owner = "other"
    async with running(one), running(other):
        await reached(has(connected, 100))
        assert sorted(bool(simulator.markets) for simulator in (one, other)) == [False, True]
    assert_whole(connected)


async def test_when_the_one_is_killed_the_other_takes_over(connected, pairs):
    one, other = Simulator(rate=100), Simulator(rate=100)
    other.lease.owner = "other"
    async with running(one) as first:
        await reached(has(connected, 20))
        async with running(other):
            await killed(first)
            count = len(written(connected))
            await reached(has(connected, count + 50))
    for symbol in SYMBOLS:
        assert_whole(connected, symbol)


async def test_who_was_replaced_while_it_was_paused_writes_no_more(connected, pairs):
    one, other = Simulator(rate=100), Simulator(rate=100)
    other.lease.owner = "other"
    async with running(one):
        await reached(has(connected, 20))
        connected.delete(latest.key("lock", "feed"))  # as if it had run out while the process was stopped
        assert await other.lease.acquire()
        await other.lease.release()
        await reached(has(connected, len(written(connected)) + 50))
    assert_whole(connected)


# --- Trouble ---------------------------------------------------------------------------------------


async def test_when_redis_loses_everything_what_was_told_is_written_again(connected, pairs):
    async with running(Simulator(rate=100)):
        await reached(has(connected, 50))
        before, epoch = written(connected), (await latest.aheads(SYMBOLS))["SOLUSDT"].epoch
        empty(connected)
        await reached(has(connected, len(before) + 50))
    assert written(connected)[: len(before)] == before
    assert_whole(connected)
    assert (await latest.aheads(SYMBOLS))["SOLUSDT"].epoch != epoch


async def test_when_redis_is_away_for_a_while_nothing_is_lost(connected, pairs, monkeypatch):
    append, calls = bus.append, []

    async def shaky(*args, **kwargs):
        calls.append(args)
        if len(calls) % 7 == 3:
            raise Unavailable("Redis does not answer")
        number = await append(*args, **kwargs)
        if len(calls) % 7 == 5:
            raise Unavailable("the connection was cut before the answer came")
        return number

    monkeypatch.setattr(bus, "append", shaky)
    async with running(Simulator(rate=200)):
        await reached(has(connected, 100))
    for symbol in SYMBOLS:
        assert_whole(connected, symbol)


async def test_a_full_stream_halts_its_market_and_is_said_once(connected, pairs, settings, caplog):
    settings.STREAM_MAX = 20
    await staff_set("BTCUSDT", rate=5)  # goes on meanwhile
    async with running(Simulator(rate=300)):
        await reached(has(connected, 20))
        await reached(lambda: "too far behind" in caplog.text)
        for _ in range(20):
            await asyncio.sleep(settings.PUBLISH_EVERY_MS / 1000)
        full = len(written(connected))
        assert sum("SOLUSDT: the recorder is too far behind" in line for line in caplog.messages) == 1
        connected.xtrim(latest.key("trades", "SOLUSDT"), maxlen=0, approximate=False)
        await reached(lambda: len(written(connected)) > 0)
    assert written(connected)[0].seq == full + 1


async def test_a_database_that_is_away_is_waited_for(connected, pairs, monkeypatch):
    from django.db import OperationalError

    shown, failures = pairs_service.shown, [OperationalError("database is locked")] * 3

    def locked():
        if failures:
            raise failures.pop()
        return shown()

    monkeypatch.setattr(pairs_service, "shown", locked)
    async with running(Simulator(rate=100)):
        await reached(has(connected, 20))
    assert failures == []
    assert_whole(connected)


async def test_while_the_database_is_away_the_market_goes_on_as_it_was_set(connected, pairs, monkeypatch):
    from django.db import OperationalError

    asked = []

    def away():
        asked.append(1)
        raise OperationalError("the database is away")

    async with running(Simulator(rate=100)):
        await reached(has(connected, 5))
        monkeypatch.setattr(pairs_service, "shown", away)
        await reached(lambda: len(asked) >= 2)
        await reached(has(connected, len(written(connected)) + 20))
    assert_whole(connected)


async def test_behind_a_record_that_is_ahead_of_redis_it_begins_a_new_epoch(connected, pairs):
    async with running(Simulator(rate=100)):
        await reached(has(connected, 20))
    trades = written(connected)
    await database_sync_to_async(recording.record)({"SOLUSDT": trades})
    empty(connected)
    async with running(Simulator(rate=100)):
        await reached(has(connected, 20))
    assert_whole(connected, first=len(trades) + 1)
