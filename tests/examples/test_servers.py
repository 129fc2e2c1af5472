"""The Python client and real instances: they are killed, drained and emptied under it, and it misses nothing."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from django.conf import settings
from django.test.utils import override_settings

from examples import tradedash_client
from examples.tradedash_client import Following, Missing, connect
from tests.kit.market import Market, open_market
from tests.kit.ports import free_ports
from tests.kit.serve import Server, running

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
PREFIX = "examples"
TRADES = "trade.SOLUSDT"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are as long as they are in life where the server asks for them, but not between failures."""
    wait_after = tradedash_client.wait_after
    monkeypatch.setattr(
        tradedash_client, "wait_after", lambda ending, _: None if wait_after(ending, 0) is None else 0.05
    )
    monkeypatch.setattr(tradedash_client, "TRIES", 0)


@pytest.fixture(scope="module")
def variables(redis_server: str) -> Iterator[dict[str, str]]:
    """Has this process speak where the instances listen; gives the variables that make them."""
    layer = settings.CHANNEL_LAYERS["default"]
    config = layer["CONFIG"] | {"hosts": [redis_server], "prefix": f"{PREFIX}:layer:"}
    with override_settings(REDIS_PREFIX=PREFIX, CHANNEL_LAYERS={"default": layer | {"CONFIG": config}}):
        yield {
            "REDIS_URL": redis_server,
            "TICKER_REDIS_PREFIX": PREFIX,
            "TICKER_HEARTBEAT_MS": "1000",
            "TICKER_DRAIN_S": "0.2",
        }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(variables: dict[str, str]) -> AsyncIterator[Market]:
    """A pair that trades when a test says so."""
    async with open_market("SOLUSDT") as market:
        await market.trades(30)
        yield market


class Instances:
    """Instances one after the other on one port, as a supervisor keeps them."""

    def __init__(self, data_dir: Path, variables: dict[str, str], stack: contextlib.AsyncExitStack) -> None:
        self.port = free_ports(1)
        self.url = f"ws://127.0.0.1:{self.port}"
        self._data_dir, self._variables, self._stack = data_dir, variables, stack
        self._words = ("manage.py", "serve", "--port", str(self.port), "--instance", "1")

    async def start(self) -> None:
        instance = running(self._data_dir, *self._words, port=self.port, **self._variables)
        self.server: Server = await self._stack.enter_async_context(instance)

    async def end(self, number: signal.Signals) -> None:
        self.server.process.send_signal(number)
        await self.server.ended()


@pytest_asyncio.fixture(loop_scope="module")
async def instances(exchange: Market, variables: dict[str, str], tmp_path: Path) -> AsyncIterator[Instances]:
    async with contextlib.AsyncExitStack() as stack:
        instances = Instances(tmp_path, variables, stack)
        await instances.start()
        yield instances


async def take(trades: Following, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(30):
        return [await anext(trades) for _ in range(count)]


async def standing(exchange: Market, trades: Following) -> list[int]:
    """Trade until the reader has heard of it; the last number it has read."""
    async with asyncio.timeout(30):
        heard = asyncio.ensure_future(anext(trades))
        while not heard.done():
            await exchange.trades(1)
            await asyncio.wait([heard], timeout=0.05)
        found = [heard.result()["id"]]
        while found[-1] < exchange.seq():
            found.append((await anext(trades))["id"])
        return found


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
async def test_nothing_is_missed_or_doubled_while_instances_die(
    instances: Instances, exchange: Market, end: signal.Signals
):
    async with connect(instances.url) as market:
        trades = market.follow(TRADES)
        heard = await standing(exchange, trades)
        for _ in range(2):
            await exchange.trades(20)
            heard += [trade["id"] for trade in await take(trades, 7)]  # in the middle of what was told
            await instances.end(end)
            await exchange.trades(20)
            await instances.start()
            await exchange.trades(20)
            heard += [trade["id"] for trade in await take(trades, 53)]
        assert heard == list(range(heard[0], exchange.seq() + 1))


async def test_a_program_that_is_restarted_goes_on_on_another_instance(instances: Instances, exchange: Market):
    async with connect(instances.url) as market:
        trades = market.follow(TRADES)
        heard = await standing(exchange, trades)
        saved = json.dumps(market.positions)
    await instances.end(signal.SIGKILL)
    made = await exchange.trades(40)
    await instances.start()
    async with connect(instances.url, positions=json.loads(saved)) as market:
        again = await take(market.follow(TRADES), 40)
    assert [trade["id"] for trade in again] == [trade.seq for trade in made]
    assert again[0]["id"] == heard[-1] + 1


async def test_values_are_the_newest_after_a_restart_too(instances: Instances, exchange: Market):
    async with connect(instances.url) as market:
        prices = market.follow("ticker.SOLUSDT")
        await take(prices, 1)
        await instances.end(signal.SIGKILL)
        last = format((await exchange.trades(20))[-1].price, "f")
        await instances.start()
        async with asyncio.timeout(30):
            async for ticker in prices:
                if ticker["last"] == last:
                    break


async def test_what_redis_has_lost_is_told_and_the_log_goes_on(instances: Instances, exchange: Market):
    told: list[Missing] = []
    async with connect(instances.url, missing=told.append) as market:
        trades = market.follow(TRADES)
        heard = await standing(exchange, trades)
        await instances.end(signal.SIGKILL)
        await exchange.trades(5)
        await exchange.lose_everything()
        await instances.start()
        await standing(exchange, trades)
        # Nobody has recorded here, and what REST says of a pair that it does not know is no answer.
        assert [(one.first, one.last, one.why) for one in told] == [(heard[-1] + 1, heard[-1] + 5, "unreachable")]
