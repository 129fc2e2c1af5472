"""An address has so many connections and connects, whichever instances they come to; what nobody speaks of is forgotten."""

import asyncio

import pytest

from tests.kit.streams import empty
from ticker.bus import addresses
from ticker.bus.addresses import Verdict
from ticker.bus.redis import key
from ticker.market.errors import Unavailable

WELCOME, TOO_MANY, TOO_OFTEN = Verdict
ONE, OTHER = "203.0.113.7", "2001:db8::/64"


async def enter(conn, address=ONE, *, most=3, connects_per_min=0, forget_ms=60_000):
    return await addresses.enter(address, conn, most=most, connects_per_min=connects_per_min, forget_ms=forget_ms)


async def test_so_many_are_welcome_and_no_more(connected):
    assert [await enter(conn) for conn in "abcd"] == [WELCOME, WELCOME, WELCOME, TOO_MANY]


async def test_of_those_who_come_at_once_no_more_are_welcome(connected):
    found = await asyncio.gather(*(enter(str(number), most=10) for number in range(40)))
    assert found.count(WELCOME) == 10


async def test_who_leaves_makes_room(connected):
    for conn in "abc":
        await enter(conn)
    await addresses.leave(ONE, "b")
    assert [await enter("d"), await enter("e")] == [WELCOME, TOO_MANY]


async def test_who_was_refused_takes_no_place_and_gives_none_away(connected):
    for conn in "abcd":
        await enter(conn)
    await addresses.leave(ONE, "d")
    assert await enter("e") is TOO_MANY


async def test_addresses_do_not_get_in_each_others_way(connected):
    assert [await enter("a", most=1), await enter("a", OTHER, most=1)] == [WELCOME, WELCOME]


async def test_connects_of_a_minute_count_also_when_they_have_left(connected):
    found = []
    for conn in "abcd":
        found.append(await enter(conn, connects_per_min=3))
        await addresses.leave(ONE, conn)
    assert found == [WELCOME, WELCOME, WELCOME, TOO_OFTEN]


async def test_what_is_no_connect_is_not_counted_as_one(connected):
    for conn in "ab":
        await enter(conn, connects_per_min=0)
    assert await enter("c", connects_per_min=1) is WELCOME


async def test_a_minute_of_connects_ends(connected):
    await enter("a", connects_per_min=1)
    assert await enter("b", connects_per_min=1) is TOO_OFTEN
    assert 0 < connected.pttl(key("connects", ONE)) <= 60_000
    connected.pexpire(key("connects", ONE), 1)
    async with asyncio.timeout(10):
        while connected.exists(key("connects", ONE)):
            await asyncio.sleep(0.01)
    assert await enter("b", connects_per_min=1) is WELCOME


async def test_whoever_is_not_spoken_of_is_forgotten(connected):
    for conn in "abc":
        await enter(conn)
    connected.zadd(key("connections", ONE), {"a": 1, "b": 1})  # heard of long ago: their instance was killed
    await addresses.stay([(ONE, "c")], forget_ms=60_000)
    assert [await enter(conn) for conn in "def"] == [WELCOME, WELCOME, TOO_MANY]


async def test_whoever_is_spoken_of_stays(connected):
    for conn in "abc":
        await enter(conn)
    connected.zadd(key("connections", ONE), dict.fromkeys("abc", 1))
    await addresses.stay([(ONE, conn) for conn in "abc"], forget_ms=60_000)
    assert await enter("d") is TOO_MANY


async def test_a_redis_that_was_emptied_is_told_again(connected):
    for conn in "abc":
        await enter(conn)
    empty(connected)
    await addresses.stay([(ONE, conn) for conn in "abc"], forget_ms=60_000)
    assert await enter("d") is TOO_MANY


async def test_as_many_as_an_instance_may_have_are_spoken_of(connected):
    everybody = [(f"198.51.100.{number % 250}", f"c{number}") for number in range(5_000)]
    await addresses.stay(everybody, forget_ms=60_000)
    assert connected.zcard(key("connections", "198.51.100.1")) == 20


async def test_all_that_is_kept_of_an_address_goes_by_itself(connected):
    await enter("a", connects_per_min=1)
    await enter("b", connects_per_min=1)
    addresses.count("json", ONE)
    kept = list(connected.scan_iter(match=key("*")))
    assert len(kept) == 3
    assert all(0 < connected.pttl(name) <= 60_000 for name in kept)


async def test_an_address_that_leaves_keeps_no_connections(connected):
    await enter("a")
    await addresses.leave(ONE, "a")
    assert list(connected.scan_iter(match=key("*"))) == []


async def test_a_flood_makes_nothing_grow(connected):
    for number in range(200):
        await enter(str(number), connects_per_min=50)
    assert connected.zcard(key("connections", ONE)) == 3
    assert connected.memory_usage(key("connects", ONE)) < 200


def test_requests_are_counted_from_the_first_of_a_window(redis):
    assert [addresses.count("json", ONE)[0] for _ in range(3)] == [1, 2, 3]
    _, left_ms = addresses.count("json", ONE)
    assert 0 < left_ms <= 60_000


def test_kinds_of_requests_are_counted_apart(redis):
    addresses.count("json", ONE)
    assert addresses.count("csv", ONE)[0] == 1


def test_a_new_window_counts_anew(redis):
    addresses.count("json", ONE, window_ms=1)
    while redis.exists(key("requests", "json", ONE)):
        pass
    assert addresses.count("json", ONE)[0] == 1


async def test_without_redis_nobody_can_say(redis, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    with pytest.raises(Unavailable):
        await enter("a")
    with pytest.raises(Unavailable):
        await addresses.stay([(ONE, "a")], forget_ms=60_000)
    with pytest.raises(Unavailable):
        addresses.count("json", ONE)
