"""Logs are numbered without holes, told once where several notice the same, and forgotten only where that is said."""

import asyncio

import pytest

from ticker.bus import logs
from ticker.bus.redis import aclient, key
from ticker.wire import groups

MINE = groups.of_user(7, "notifications")


@pytest.fixture(autouse=True)
def _redis(connected):
    """Every test here needs Redis."""


async def test_items_are_numbered_and_carry_their_number_and_time():
    assert [await logs.aappend(groups.LOBBY, {"text": text}) for text in "ab"] == [1, 2]
    epoch, newest, entries = await logs.after(groups.LOBBY, 0)
    assert epoch
    assert newest == 2
    assert [seq for seq, _ in entries] == [1, 2]
    assert entries[1][1].startswith(b'{"id":2,"ts":1')
    assert entries[1][1].endswith(b',"text":"b"}')


async def test_a_log_keeps_its_newest_items():
    for number in range(logs.KEPT + 5):
        await logs.aappend(groups.LOBBY, {"text": str(number)})
    _, newest, entries = await logs.after(groups.LOBBY, 0)
    assert newest == logs.KEPT + 5
    assert [seq for seq, _ in entries] == list(range(6, logs.KEPT + 6))


async def test_a_log_has_an_epoch_before_its_first_item():
    epoch, newest, entries = await logs.after(groups.SYSTEM, 0)
    assert (newest, entries) == (0, [])
    await logs.aappend(groups.SYSTEM, {"text": "a"})
    assert (await logs.after(groups.SYSTEM, 0))[:2] == (epoch, 1)


async def test_of_many_who_notice_the_same_one_tells_it():
    numbers = await asyncio.gather(
        *(logs.aappend(groups.SYSTEM, {"text": "stale"}, once=("feed", "stale")) for _ in range(20))
    )
    assert sorted(numbers, key=bool) == [None] * 19 + [1]


async def test_another_state_of_the_same_subject_is_told():
    assert await logs.aappend(groups.SYSTEM, {"text": "stale"}, once=("feed", "stale")) == 1
    assert await logs.aappend(groups.SYSTEM, {"text": "live"}, once=("feed", "live")) == 2
    assert await logs.aappend(groups.SYSTEM, {"text": "stale"}, once=("feed", "stale")) == 3


async def test_only_a_users_log_is_forgotten_after_a_day():
    await logs.aappend(MINE, {"text": "a"})
    await logs.aappend(groups.LOBBY, {"text": "a"})
    redis = aclient()
    assert 0 < await redis.ttl(key("log", MINE)) <= logs.KEPT_FOR_S
    assert 0 < await redis.ttl(logs.head_of(MINE)) <= logs.KEPT_FOR_S
    assert await redis.ttl(key("log", groups.LOBBY)) == -1


async def test_threads_append_too():
    assert await asyncio.to_thread(logs.append, groups.SYSTEM, {"text": "a"}) == 1
    assert (await logs.after(groups.SYSTEM, 0))[1] == 1


async def test_an_empty_item_is_a_mistake():
    with pytest.raises(ValueError, match="says something"):
        await logs.aappend(groups.SYSTEM, {})
