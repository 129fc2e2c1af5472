"""Whoever cannot be counted is welcome, soon."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.kit.fixtures import connected as connected
from ticker.bus.redis import aclose, key
from ticker.live import admission
from ticker.wire import closing

pytestmark = pytest.mark.asyncio

THERE = "203.0.113.7"


async def admit(conn: str, address: str = THERE, *, counts_as_connect: bool = True):
    return await admission.admit(address, conn, counts_as_connect=counts_as_connect)


@pytest_asyncio.fixture(autouse=True)
async def no_connection_stays_open() -> AsyncIterator[None]:
    yield
    await aclose()


@pytest.fixture
def few(settings) -> None:
    settings.LIVE_LIMITS = settings.LIVE_LIMITS | {"connections": 2, "connects_per_min": 4}


@pytest.fixture
def stuck(settings, tmp_path: Path) -> Iterator[None]:
    """A Redis that takes connections and says nothing."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "stuck.sock"))
        listening.listen()
        settings.REDIS_URL = f"unix://{tmp_path}/stuck.sock"
        yield


@pytest.mark.usefixtures("few")
async def test_who_is_not_welcome_hears_why(connected):
    assert [await admit("a"), await admit("b"), await admit("c")] == [None, None, closing.TOO_MANY]
    await admission.release(THERE, "a")
    assert [await admit("d"), await admit("e")] == [None, closing.RATE_LIMITED]
    await admission.release(THERE, "b")
    assert await admit("f", counts_as_connect=False) is None


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
async def test_this_machine_costs_redis_nothing(connected, address: str):
    assert [await admit(str(number), address) for number in range(9)] == [None] * 9
    await admission.release(address, "1")
    await admission.refresh({address: ["2", "3"]})
    assert list(connected.scan_iter(match=key("*"))) == []


@pytest.mark.usefixtures("few")
async def test_this_machine_is_counted_where_the_settings_say_so(connected, settings):
    settings.LIMIT_LOOPBACK = True
    assert [await admit(conn, "127.0.0.1") for conn in "abc"] == [None, None, closing.TOO_MANY]


@pytest.mark.usefixtures("few")
async def test_all_that_are_here_are_spoken_of(connected):
    await admission.refresh({THERE: {"a", "b"}, "198.51.100.1": ["c"], "127.0.0.1": ["d"]})
    assert await admit("e") is closing.TOO_MANY
    assert await admit("f", "198.51.100.1") is None
    assert not connected.exists(key("connections", "127.0.0.1"))


async def test_an_instance_speaks_of_its_connections_in_time(settings):
    assert admission.refresh_every_s() == 20
    settings.LIVE_FORGET_S = 3
    assert admission.refresh_every_s() == 1


async def test_without_redis_everybody_is_welcome(settings, tmp_path: Path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    assert await admit("a") is None
    await admission.release(THERE, "a")
    await admission.refresh({THERE: ["a"]})


@pytest.mark.usefixtures("stuck")
async def test_with_a_redis_that_hangs_everybody_is_welcome_before_they_try_elsewhere():
    async with asyncio.timeout(4):
        assert await admit("a") is None
