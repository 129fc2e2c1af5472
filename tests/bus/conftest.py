"""One process's claim to write, and the stream that it writes."""

from collections.abc import AsyncIterator

import pytest_asyncio
from channels.layers import get_channel_layer
from redis import Redis

from tests.kit.streams import Stream
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
    lease = Lease("feed", owner="test")
    assert await lease.acquire()
    return lease


@pytest_asyncio.fixture
async def stream(lease: Lease) -> Stream:
    stream = Stream("SOLUSDT", lease)
    await stream.open()
    return stream
