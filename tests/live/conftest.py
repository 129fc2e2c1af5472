"""One market, and two instances that tell of it, shared by all tests of the live room."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis import Redis

from tests.kit.clients import KINDS, Client, following
from tests.kit.commands import manage
from tests.kit.market import Market, open_market
from tests.kit.serve import Server, serving, speaking

TRANSPORTS = list(KINDS)


@pytest.fixture(scope="session")
def live_settings(redis_server: str) -> Iterator[dict[str, str]]:
    """Has this process speak where the instances listen; gives the variables that make them."""
    with speaking(redis_server, "live") as variables:
        yield variables


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def market(live_settings: dict[str, str]) -> AsyncIterator[Market]:
    """Two pairs that trade when a test says so."""
    async with open_market("SOLUSDT", "BTCUSDT") as market:
        await market.trades(30)
        await market.trades(30, symbol="BTCUSDT")
        yield market


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def instances(
    market: Market, live_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[Server]]:
    """Two instances that live as long as the tests: whoever wants to end one starts one of its own."""
    data_dir: Path = tmp_path_factory.mktemp("instances")
    async with contextlib.AsyncExitStack() as opened:
        yield [
            await opened.enter_async_context(serving(data_dir / str(number), number, **live_settings))
            for number in (1, 2)
        ]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Static files as a release serves them, without which there are no pages; a DATA_DIR may point to them."""
    data_dir = tmp_path_factory.mktemp("collected")
    await manage(data_dir, "collectstatic", "--no-input", "--verbosity", "0")
    return data_dir / "static"


@pytest.fixture
def server(instances: list[Server]) -> Server:
    return instances[0]


@pytest.fixture
def other(instances: list[Server]) -> Server:
    return instances[1]


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """Whatever holds for one transport holds for all."""
    return str(request.param)


@pytest_asyncio.fixture(loop_scope="session")
async def follower(server: Server, transport: str) -> AsyncIterator[Client]:
    """One client of each kind that follows the trades of SOL/USDT."""
    async with following(server.port, "trade.SOLUSDT", over=transport) as client:
        yield client


@pytest.fixture
def redis_connections(redis_server: str) -> Iterator[Redis]:
    """The server itself, for those who want to end its connections."""
    with Redis.from_url(redis_server) as client:
        yield client
