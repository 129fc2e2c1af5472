"""What recorders ask of Redis is answered alike to all of them, and nothing is forgotten too early."""

import asyncio

import pytest

from tests.kit.record import run_of
from tests.kit.streams import empty, seqs, written
from ticker.bus import record as bus
from ticker.bus.redis import key
from ticker.market.errors import Unavailable


def numbers(found):
    return {symbol: [seq for seq, _ in entries] for symbol, entries in found.items()}


async def test_reading_gives_what_is_there_already(stream):
    await stream.write(run_of(5))
    found = await bus.read({"SOLUSDT": 2, "BTCUSDT": 0}, count=2, block_ms=1)
    assert numbers(found) == {"SOLUSDT": [3, 4]}


async def test_reading_wakes_when_something_comes(stream):
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(bus.read({"SOLUSDT": 0}, count=10, block_ms=1_500))
        await asyncio.sleep(0)
        await stream.write(run_of(1))
    assert numbers(waiting.result()) == {"SOLUSDT": [1]}


async def test_reading_in_vain_gives_nothing(stream):
    assert await bus.read({"SOLUSDT": 0}, count=10, block_ms=1) == {}


async def test_an_entry_that_nobody_should_have_written_is_given_once(connected, stream):
    await stream.write(run_of(1))
    connected.xadd(key("trades", "SOLUSDT"), {"x": "y"}, id="1-7")
    found = await bus.read({"SOLUSDT": 0}, count=10, block_ms=1)
    assert (found["SOLUSDT"][1]) == (1, b"{b'x': b'y'}")
    assert await bus.read({"SOLUSDT": 1}, count=10, block_ms=1) == {}


async def test_recorders_see_each_other_until_one_leaves_or_falls_silent(connected):
    assert await bus.present("b", 60_000) == ["b"]
    assert await bus.present("a", 60_000) == ["a", "b"]
    await bus.leave("b")
    assert (await bus.standing()).recorders == 1
    await bus.present("c", -1)  # its time is over as soon as it has come
    assert (await bus.standing()).recorders == 1
    assert await bus.present("a", 60_000) == ["a"]


async def test_only_the_first_late_pair_and_the_last_are_news(connected):
    told = [
        await bus.tell_late({"A"}, {"B"}),
        await bus.tell_late({"A"}, {"B"}),
        await bus.tell_late({"C"}, set()),  # of another recorder
        await bus.tell_late(set(), {"A", "B"}),
        await bus.tell_late(set(), {"C"}),
        await bus.tell_late(set(), {"C"}),
    ]
    assert told == [True, None, None, None, False, None]


async def test_the_group_of_a_stream_says_how_far_it_is_recorded(connected, stream):
    await bus.mark({"SOLUSDT": 3, "NOPEUSDT": 1})  # before there is a stream, and of none
    assert not connected.exists(key("trades", "SOLUSDT"), key("trades", "NOPEUSDT"))
    await stream.write(run_of(5))
    for seq in (3, 5, 4):
        await bus.mark({"SOLUSDT": seq})
        (group,) = connected.xinfo_groups(key("trades", "SOLUSDT"))
        assert (group["name"], group["last-delivered-id"]) == (b"record", f"{seq}-0".encode())


async def test_what_is_published_is_known_of_what_exists_only(stream):
    await stream.write(run_of(5))
    assert await bus.published(["SOLUSDT", "NOPEUSDT"]) == {"SOLUSDT": 5}


async def forget(recorded_seq, **changes):
    await bus.forget("SOLUSDT", recorded_seq, **({"keep": 0, "keep_ms": 0} | changes))


@pytest.fixture
async def long_stream(stream):
    await stream.write(run_of(1_000))
    return stream


async def test_what_is_recorded_is_forgotten_and_the_rest_kept(connected, long_stream):
    await forget(700)
    left = seqs(written(connected))
    assert left[0] in range(500, 702)  # Redis forgets whole blocks, never more than asked
    assert left[-1] == 1_000


@pytest.mark.parametrize("kept", [{"keep": 700}, {"keep_ms": 600_000}])
async def test_what_is_to_be_kept_is_kept(connected, long_stream, kept):
    await forget(700, **kept)
    assert len(written(connected)) == 1_000


async def test_no_group_loses_what_it_has_still_to_read(connected, long_stream):
    connected.xgroup_create(key("trades", "SOLUSDT"), "slow", "300-0")
    await forget(1_000)
    assert seqs(written(connected))[0] <= 301


async def test_a_stream_that_is_not_there_is_left_alone(connected, long_stream):
    empty(connected)
    await forget(700)
    assert not connected.exists(key("trades", "SOLUSDT"))


async def test_without_redis_it_is_unavailable(redis, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    for asked in (
        bus.present("a", 1),
        bus.standing(),
        bus.read({"A": 0}, count=1, block_ms=1),
        bus.tell_late({"A"}, ()),
    ):
        with pytest.raises(Unavailable):
            await asked
