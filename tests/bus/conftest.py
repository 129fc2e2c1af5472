"""One process's claim to write, and the stream that it writes."""

import pytest_asyncio

from tests.kit.fixtures import connected as connected
from tests.kit.fixtures import lease as lease
from tests.kit.streams import Stream
from ticker.bus.locks import Lease


@pytest_asyncio.fixture
async def stream(lease: Lease) -> Stream:
    stream = Stream("SOLUSDT", lease)
    await stream.open()
    return stream
