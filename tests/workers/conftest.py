"""Pairs to feed and record, and an event loop that leaves no connection behind."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from channels.layers import get_channel_layer
from redis import Redis

from tests.kit.builders import pair_row
from ticker.bus.locks import Lease
from ticker.bus.redis import aclose
from ticker.models import Pair


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


@pytest.fixture
def pairs(transactional_db: None) -> list[Pair]:
    """Two pairs, committed, so that every thread sees them."""
    return [pair_row("SOLUSDT", position=0), pair_row("BTCUSDT", position=1)]
