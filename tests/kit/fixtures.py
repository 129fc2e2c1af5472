"""Fixtures that more than one room asks for; a conftest takes them over by importing them."""

from collections.abc import AsyncIterator

import pytest_asyncio
from channels.layers import get_channel_layer
from redis import Redis

from ticker.bus.locks import Lease
from ticker.bus.redis import aclose


@pytest_asyncio.fixture
async def connected(redis: Redis) -> AsyncIterator[Redis]:
    """The real Redis, and an event loop that leaves no connection behind."""
    yield redis
    await get_channel_layer().flush()
    await aclose()


@pytest_asyncio.fixture
async def lease(connected: Redis) -> Lease:
    """One process's claim to write."""
    lease = Lease("feed", owner="test")
    assert await lease.acquire()
    return lease
