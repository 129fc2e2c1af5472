"""Of all processes that want a role one has it, and whoever had it before can write no more."""

import asyncio

import pytest

from tests.kit.streams import empty
from ticker.bus.locks import Lease
from ticker.bus.redis import key
from ticker.market.errors import Unavailable


def lease(owner, **changes):
    return Lease("feed", owner=owner, **changes)


async def taken(claim, within_s=10.0):
    """Wait until somebody's lease ran out and this one has it."""
    async with asyncio.timeout(within_s):
        while not await claim.acquire():
            await asyncio.sleep(0.01)


async def test_one_of_many_gets_the_role(connected):
    claims = [lease(str(number)) for number in range(20)]
    got = await asyncio.gather(*(claim.acquire() for claim in claims))
    assert sum(got) == 1
    assert [bool(claim.token) for claim in claims] == got


async def test_roles_do_not_get_in_each_others_way(connected):
    assert await Lease("feed", owner="a").acquire()
    assert await Lease("other", owner="b").acquire()


async def test_the_holder_gets_a_new_token_for_the_role_that_it_has(connected):
    one = lease("a")
    await one.acquire()
    first = one.token
    assert await one.acquire()
    assert int(one.token) > int(first)


async def test_what_is_released_is_free_at_once(connected):
    one, other = lease("a"), lease("b")
    await one.acquire()
    await one.release()
    assert one.token == ""
    assert await other.acquire()


async def test_who_does_not_have_it_cannot_release_it(connected):
    one, other = lease("a"), lease("b")
    await one.acquire()
    await other.release()
    assert await one.renew()


async def test_who_dies_is_followed_when_the_lease_runs_out(connected):
    dead, next_one = lease("a", ttl_ms=30), lease("b")
    await dead.acquire()
    await taken(next_one)
    assert int(next_one.token) > int(dead.token)
    assert not await dead.renew()
    assert dead.token == ""


async def test_renewing_prolongs_it(connected):
    one = lease("a", ttl_ms=60_000)
    await one.acquire()
    one.ttl_ms = 500_000
    assert await one.renew()
    assert connected.pttl(key("lock", "feed")) > 60_000


async def test_what_ran_out_cannot_be_renewed(connected):
    one = lease("a")
    await one.acquire()
    empty(connected)
    assert not await one.renew()


async def test_tokens_rise_also_after_redis_was_emptied(connected):
    one, tokens = lease("a"), []
    for _ in range(5):
        await one.acquire()
        tokens.append(int(one.token))
        empty(connected)
    assert tokens == sorted(set(tokens))


async def test_tokens_rise_also_when_the_clock_of_redis_was_set_back(connected):
    one = lease("a")
    connected.set(one.fence, 2**52)
    await one.acquire()
    assert int(one.token) == 2**52 + 1


async def test_who_gets_the_role_back_knows_whether_somebody_else_had_it(connected):
    one, other = lease("a"), lease("b")
    await one.acquire()
    assert not one.is_unbroken  # nothing to go on with
    await one.release()
    await one.acquire()
    assert one.is_unbroken
    await one.release()
    await other.acquire()
    await other.release()
    await one.acquire()
    assert not one.is_unbroken


async def test_a_redis_that_was_emptied_knows_of_nobody_else(connected):
    one = lease("a")
    await one.acquire()
    empty(connected)
    await one.acquire()
    assert one.is_unbroken


async def test_without_redis_nobody_knows(redis, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    with pytest.raises(Unavailable):
        await lease("a").acquire()
