"""A recording takes the place of a simulation, whole and in order, and gives it back."""

import asyncio
import io

import pytest
from channels.db import database_sync_to_async
from django.core.management import CommandError, call_command

from tests.kit.record import run_of
from tests.kit.streams import seqs, written
from tests.kit.workers import reached, running
from ticker.bus import latest
from ticker.feeds.replay import Tape
from ticker.market.pairs import PairStatus
from ticker.models import Pair
from ticker.wire.csv import TRADE, line, of_trade
from ticker.workers.replay import Replayer
from ticker.workers.simulate import Simulator

pytestmark = pytest.mark.django_db(transaction=True)
RECORDING = run_of(300, at=1_704_067_200_000, every_ms=1_000)


def replayer(trades=RECORDING, speed=100.0):
    return Replayer("SOLUSDT", Tape(trades), first_ms=trades[0].time_ms, speed=speed, rate=100)


def has(redis, count, symbol="SOLUSDT"):
    return lambda: len(written(redis, symbol)) >= count


def told(trades):
    return [(one.price, one.qty, one.side) for one in trades]


def assert_whole(trades):
    assert seqs(trades) == list(range(1, len(trades) + 1))
    assert [one.time_ms for one in trades] == sorted(one.time_ms for one in trades)


def begin_of(redis):
    """How many trades were there before the recording."""
    first = told(RECORDING[:5])
    found = told(written(redis))
    return next(place for place in range(len(found)) if found[place : place + 5] == first)


async def source():
    state = await latest.afeed_state()
    return state.source if state else ""


async def test_a_recording_is_played_whole_and_then_it_is_over(connected, pairs):
    async with running(replayer()) as task, asyncio.timeout(60):
        await asyncio.wait([task])
    found = written(connected)
    assert told(found) == told(RECORDING)
    assert_whole(found)


async def test_it_takes_the_place_of_a_simulator_and_gives_it_back(connected, pairs, caplog):
    async with running(Simulator(rate=100)):
        await reached(has(connected, 20))
        async with running(replayer()) as task, asyncio.timeout(60):
            await asyncio.wait([task])
        assert caplog.text.count("another feed has taken over") == 1  # of the simulator, and once
        count = len(written(connected))
        await reached(has(connected, count + 20))
    found = written(connected)
    assert_whole(found)
    begin = begin_of(connected)
    assert told(found)[begin : begin + len(RECORDING)] == told(RECORDING)


async def test_the_other_pairs_are_simulated_meanwhile(connected, pairs):
    async with running(Simulator(rate=100)):
        await reached(has(connected, 20, "BTCUSDT"))
        async with running(replayer()) as task, asyncio.timeout(60):
            before = len(written(connected, "BTCUSDT"))
            await asyncio.wait([task])
            assert len(written(connected, "BTCUSDT")) > before + 20
    assert_whole(written(connected, "BTCUSDT"))


async def test_the_feed_says_that_it_is_a_replay_as_long_as_it_is_one(connected, pairs):
    async with running(Simulator(rate=100)):
        await reached(has(connected, 1))
        async with running(replayer(speed=1)):
            await reached(lambda: said_source("replay"))
        await reached(lambda: said_source("simulated"))


async def said_source(expected):
    return await source() == expected


async def test_a_second_replay_waits_for_the_first(connected, pairs):
    async with running(replayer(speed=10)) as first:
        await reached(has(connected, 5))
        second = replayer(speed=1000)
        async with running(second):
            await asyncio.wait([first], timeout=1.5)  # it tries three times a second
            assert second.tape.taken == 0
    assert told(written(connected)) == told(RECORDING[: len(written(connected))])


async def test_a_halted_pair_holds_the_tape(connected, pairs):
    @database_sync_to_async
    def set_status(status):
        Pair.objects.filter(symbol="SOLUSDT").update(status=status)

    recording = RECORDING[:80]
    player = replayer(recording, speed=20)
    async with running(player) as task, asyncio.timeout(60):
        await reached(has(connected, 5))
        await set_status(PairStatus.HALTED)
        await reached(lambda: player.markets["SOLUSDT"].row.status == PairStatus.HALTED)
        held, passed = len(written(connected)), len(written(connected, "BTCUSDT"))
        await reached(has(connected, passed + 50, "BTCUSDT"))
        assert len(written(connected)) <= held + 1
        await set_status(PairStatus.OPEN)
        await asyncio.wait([task])
    assert told(written(connected)) == told(recording)


async def test_a_tape_that_tears_ends_the_replay(connected, pairs):
    def torn():
        yield from RECORDING[:10]
        raise OSError("the disk is gone")

    player = Replayer("SOLUSDT", Tape(torn()), first_ms=RECORDING[0].time_ms, speed=1000, rate=1)
    async with running(player) as task, asyncio.timeout(60):
        await asyncio.wait([task])
    assert told(written(connected)) == told(RECORDING[:10])
    assert str(player.tape.error) == "the disk is gone"


def test_the_command_checks_the_whole_file_before_anything_is_played(redis, pairs, tmp_path):
    path = tmp_path / "SOLUSDT-trades.csv"
    path.write_text(line(TRADE) + "".join(map(of_trade, RECORDING)) + "301,142.1,1,buy\n")
    with pytest.raises(CommandError, match="line 302: expected 5 columns, found 4"):
        call_command("replay", path)
    assert written(redis) == []


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf", "fast", "1000000"])
def test_a_speed_that_makes_no_sense_is_refused(speed, tmp_path):
    with pytest.raises(CommandError, match=r"expected a number from 0.001 to 100000"):
        call_command("replay", tmp_path / "x.csv", f"--speed={speed}")


def test_the_command_says_what_it_plays_and_what_it_played(redis, pairs, tmp_path):
    path = tmp_path / "SOLUSDT-trades.csv"
    path.write_text(line(TRADE) + "".join(map(of_trade, RECORDING)))
    said = io.StringIO()
    call_command("replay", path, speed=1000.0, stdout=said)
    assert (
        "Replaying 300 trades of SOL/USDT, 2024-01-01 00:00:00 to 2024-01-01 00:04:59 UTC, at 1000" in said.getvalue()
    )
    assert "Replayed 300 of 300 trades of SOL/USDT." in said.getvalue()
    assert told(written(redis)) == told(RECORDING)
