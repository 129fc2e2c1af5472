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

from examples import tradedash_client
from examples.tradedash_client import Following, Missing, connect
from tests.kit.market import Market, open_market
from tests.kit.serve import Instance, speaking

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
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
    with speaking(redis_server, "examples") as variables:
        yield variables


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(variables: dict[str, str]) -> AsyncIterator[Market]:
    """A pair that trades when a test says so."""
    async with open_market("SOLUSDT") as market:
        await market.trades(30)
        yield market


@pytest_asyncio.fixture(loop_scope="module")
async def instance(exchange: Market, variables: dict[str, str], tmp_path: Path) -> AsyncIterator[Instance]:
    """One after the other on one port, as a supervisor keeps them."""
    async with contextlib.AsyncExitStack() as stack:
        instance = Instance(tmp_path, 1, variables, stack)
        await instance.start()
        yield instance


def address(instance: Instance) -> str:
    return f"ws://127.0.0.1:{instance.port}"


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
    instance: Instance, exchange: Market, end: signal.Signals
):
    async with connect(address(instance)) as market:
        trades = market.follow(TRADES)
        heard = await standing(exchange, trades)
        for _ in range(2):
            await exchange.trades(20)
            heard += [trade["id"] for trade in await take(trades, 7)]  # in the middle of what was told
            await instance.end(end)
            await exchange.trades(20)
            await instance.start()
            await exchange.trades(20)
            heard += [trade["id"] for trade in await take(trades, 53)]
        assert heard == list(range(heard[0], exchange.seq() + 1))


async def test_a_program_that_is_restarted_goes_on_on_another_instance(instance: Instance, exchange: Market):
    async with connect(address(instance)) as market:
        trades = market.follow(TRADES)
        heard = await standing(exchange, trades)
        saved = json.dumps(market.positions)
    await instance.end(signal.SIGKILL)
    made = await exchange.trades(40)
    await instance.start()
    async with connect(address(instance), positions=json.loads(saved)) as market:
        again = await take(market.follow(TRADES), 40)
    assert [trade["id"] for trade in again] == [trade.seq for trade in made]
    assert again[0]["id"] == heard[-1] + 1


async def test_values_are_the_newest_after_a_restart_too(instance: Instance, exchange: Market):
    async with connect(address(instance)) as market:
        prices = market.follow("ticker.SOLUSDT")
        await take(prices, 1)
        await instance.end(signal.SIGKILL)
        last = format((await exchange.trades(20))[-1].price, "f")
        await instance.start()
        async with asyncio.timeout(30):
            async for ticker in prices:
                if ticker["last"] == last:
                    break


async def test_what_redis_has_lost_is_told_and_the_log_goes_on(instance: Instance, exchange: Market):
    told: list[Missing] = []
    async with connect(address(instance), missing=told.append) as market:
        trades = market.follow(TRADES)
        heard = await standing(exchange, trades)
        await instance.end(signal.SIGKILL)
        await exchange.trades(5)
        await exchange.lose_everything()
        await instance.start()
        again = await standing(exchange, trades)
        # Nobody has recorded here, and what REST says of a pair that it does not know is no answer.
        assert [(one.first, one.last, one.why) for one in told] == [(heard[-1] + 1, again[0] - 1, "unreachable")]
        assert again[0] > heard[-1] + 5
