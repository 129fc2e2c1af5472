"""Between client and server lies a network: it is slow, it cuts anywhere, and some take nothing from it at all."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.kit.clients import KINDS, Client, Gone, WebSocketClient, following
from tests.kit.followers import Follower, stopped_after
from tests.kit.market import Market, wall_ms
from tests.kit.proxy import Proxy, proxy
from tests.kit.serve import Server
from ticker.market.candles import INTERVALS

pytestmark = pytest.mark.asyncio(loop_scope="session")

TRADES = "trade.SOLUSDT"
STATES = ("ticker.SOLUSDT", *(f"candle.SOLUSDT.{interval}" for interval in INTERVALS))
SLOW = 200_000  # bytes a second: a tenth of what a busy pair says over all these channels


@pytest_asyncio.fixture(loop_scope="session")
async def network(server: Server) -> AsyncIterator[Proxy]:
    """The way to the first instance."""
    async with proxy(server.port) as network:
        yield network


def ids(client: Client) -> list[int]:
    return [trade["id"] for trade in client.trades]


async def test_cut_anywhere_a_client_goes_on_without_hole_or_double(network: Proxy, transport: str, market: Market):
    chance = random.Random(7)
    network.cut_after = lambda: chance.randrange(1, 30_000)
    client = KINDS[transport](TRADES, *STATES[:3], throttle=0)
    async with stopped_after([Follower(client, [network.port])]) as [follower]:
        async with market.moving(per_s=200, batch=4):
            await follower.until(lambda: network.cuts >= 12)
        network.cut_after = lambda: None
        await follower.reach({TRADES: market.seq()})
        assert ids(client) == list(range(ids(client)[0], market.seq() + 1))
        assert follower.losses >= 8 and not follower.resets


@pytest.mark.parametrize("over", ["websocket", "sse"])
async def test_who_is_slow_is_told_so_and_gets_new_prices_and_every_trade(network: Proxy, market: Market, over: str):
    """A log in order and whole, of states the newest: together they are less than the network can carry."""
    async with following(network.port, TRADES, *STATES, over=over, throttle=0) as client:
        network.bytes_per_s = SLOW
        first = market.seq() + 1
        ages_ms: list[int] = []
        async with market.moving(per_s=1_000, batch=5):
            await client.hear("flow", state="pressed")
            until_ms = wall_ms() + 5_000
            while wall_ms() < until_ms:
                message = await client.next()
                if message["type"] == "update" and message["ch"] in STATES:
                    ages_ms.append(wall_ms() - message["pt"])
            network.bytes_per_s = None
            await client.hear("flow", state="ok")
        # Without merging they would be as old as this has lasted, less a fifth.
        assert max(ages_ms[len(ages_ms) // 2 :]) < 3_000
        await client.reach(TRADES, market.seq())
        assert ids(client) == list(range(first, market.seq() + 1))


@pytest.mark.parametrize("over", ["websocket", "sse"])
async def test_who_takes_nothing_is_closed_and_costs_nobody_anything(
    network: Proxy, server: Server, market: Market, over: str
):
    slow_ones = await server.gauge("tradedash_slow_consumers_total")
    deaf = KINDS[over](TRADES, *STATES, throttle=0)
    async with following(server.port, TRADES) as bystander:
        await deaf.open(network.port)
        await deaf.settle()
        network.stick()
        before = await server.memory()
        most = before
        first = market.seq() + 1
        async with market.moving(per_s=1_000, batch=5), asyncio.timeout(40):
            while await server.gauge("tradedash_slow_consumers_total") == slow_ones:
                most = max(most, await server.memory())
                await asyncio.sleep(0.2)
        assert most - before < 8_000_000  # a textbook app takes 40 MB a second
        await bystander.reach(TRADES, market.seq())
        assert ids(bystander) == list(range(first, market.seq() + 1))
        network.flow()
        with contextlib.suppress(Gone):
            while True:
                await deaf.next()
        if isinstance(deaf, WebSocketClient):
            # What the kernel still had for it may be lost with the connection.
            assert deaf.socket.close_code in (4002, 1006)
        await deaf.resume(server.port)
        await deaf.reach(TRADES, market.seq())
        assert ids(deaf) == ids(bystander)
        await deaf.close()
