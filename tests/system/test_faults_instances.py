"""Three instances that are killed, stopped and crowded at random: whoever follows the market ends with all of it."""

import asyncio
import contextlib
import random
import signal
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from examples import tradedash_client
from examples.tradedash_client import connect
from tests.kit.clients import KINDS, PollClient, WebSocketClient
from tests.kit.followers import Follower, stopped_after
from tests.kit.market import Market, open_market
from tests.kit.ports import free_ports
from tests.kit.serve import Instance, speaking
from tradedash import ports

pytestmark = [
    pytest.mark.system,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform == "win32", reason="sockets are handed down to children"),
]
TRADES, PRICES = "trade.SOLUSDT", "ticker.SOLUSDT"


@pytest.fixture(scope="module")
def variables(redis_server: str) -> Iterator[dict[str, str]]:
    with speaking(redis_server, "fleet") as variables:
        yield variables | {"TICKER_HEARTBEAT_MS": "500"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market(variables: dict[str, str]) -> AsyncIterator[Market]:
    """A market that has not traded yet: who follows it from now on must end with 1…n."""
    async with open_market("SOLUSDT") as market:
        yield market


class Fleet:
    """Three instances, each on a port of its own and all of them on one that they share."""

    def __init__(self, instances: list[Instance], shared_port: int) -> None:
        self.instances, self.shared_port = instances, shared_port

    @property
    def ports(self) -> list[int]:
        return [instance.port for instance in self.instances]

    def from_(self, number: int) -> list[int]:
        """All ports, beginning with this instance's."""
        first = number % len(self.ports)
        return self.ports[first:] + self.ports[:first]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(
    market: Market, variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fleet]:
    port, folder = free_ports(1), tmp_path_factory.mktemp("fleet")
    async with contextlib.AsyncExitStack() as stack:
        shared = stack.enter_context(ports.bind("127.0.0.1", port))
        instances = [
            Instance(folder / str(number), number, variables, stack, shared=shared.fileno()) for number in (1, 2, 3)
        ]
        await asyncio.gather(*(instance.start() for instance in instances))
        yield Fleet(instances, port)


async def test_two_hundred_followers_end_with_everything_whatever_is_killed(fleet: Fleet, market: Market):
    chance = random.Random(7)
    clients = [WebSocketClient(TRADES) for _ in range(200)] + [kind(TRADES, PRICES) for kind in KINDS.values()]
    followers = [Follower(client, fleet.from_(number)) for number, client in enumerate(clients)]
    async with stopped_after(followers):
        await asyncio.gather(*(follower.reach({TRADES: market.seq()}) for follower in followers))
        first = market.seq() + 1
        async with market.moving(per_s=50, batch=2):
            for _ in range(4):
                doomed = chance.choice(fleet.instances)
                await doomed.end()
                await doomed.start()
        await asyncio.gather(*(follower.reach({TRADES: market.seq()}) for follower in followers))
        assert all(follower.ids() == list(range(first, market.seq() + 1)) for follower in followers)
        assert not any(follower.resets for follower in followers)
        assert sum(follower.losses for follower in followers) >= 200  # four times a third of them, at the least


async def test_long_polls_go_round_three_instances_while_one_after_the_other_dies(fleet: Fleet, market: Market):
    client = PollClient(TRADES, PRICES, ports=tuple(fleet.ports))
    client.wait_s = 1
    async with stopped_after([Follower(client, fleet.ports)]) as [follower]:
        await follower.reach({TRADES: market.seq()})
        first = market.seq() + 1
        async with market.moving(per_s=50, batch=2):
            for instance in fleet.instances:
                before = len(client.answers)
                await follower.until(lambda before=before: len(client.answers) >= before + 6)
                await instance.end()
                await instance.start()
        await follower.reach({TRADES: market.seq()})
        assert follower.ids() == list(range(first, market.seq() + 1))
        assert not any(answer["reset"] for answer in client.answers)


async def test_who_follows_an_instance_that_stops_goes_on_at_another(
    fleet: Fleet, market: Market, monkeypatch: pytest.MonkeyPatch
):
    """Stopped is worse than dead: its sockets stay open, and only the heartbeat tells."""
    monkeypatch.setattr(tradedash_client, "GRACE_S", 1.0)
    stuck = fleet.instances[0]
    patient = WebSocketClient(TRADES)  # does not look at the clock, and hears everything once it goes on
    await patient.open(stuck.port)
    await patient.settle()
    by_kind = [Follower(kind(TRADES, PRICES), fleet.from_(0), silence_s=1.5) for kind in KINDS.values()]
    for follower in by_kind:
        if isinstance(follower.client, PollClient):
            follower.client.wait_s = 1
    async with stopped_after(by_kind), contextlib.AsyncExitStack() as stack:
        await asyncio.gather(*(follower.reach({TRADES: market.seq()}) for follower in by_kind))
        programs = [await stack.enter_async_context(connect(f"ws://127.0.0.1:{fleet.shared_port}")) for _ in range(6)]
        readings = [program.follow(TRADES) for program in programs]
        first = market.seq() + 1
        async with market.moving(per_s=50, batch=2):
            heard = [[(await anext(reading))["id"]] for reading in readings]
            stuck.server.send(signal.SIGSTOP)
            try:
                for follower in by_kind:
                    await follower.until(lambda one=follower: one.losses)
                    await follower.reach({TRADES: market.seq()})
                missed = market.seq()
                async with asyncio.timeout(60):
                    for numbers, reading in zip(heard, readings, strict=True):
                        while numbers[-1] < missed:
                            numbers.append((await anext(reading))["id"])
            finally:
                stuck.server.send(signal.SIGCONT)
            await patient.reach(TRADES, missed)
        last = market.seq()
        for follower in by_kind:
            await follower.reach({TRADES: last})
            assert follower.ids() == list(range(first, last + 1))
            assert follower.resets == []
        for numbers, reading in zip(heard, readings, strict=True):
            while numbers[-1] < last:
                numbers.append((await anext(reading))["id"])
            assert numbers == list(range(numbers[0], last + 1))
        await patient.reach(TRADES, last)
        assert [trade["id"] for trade in patient.trades] == list(range(first, last + 1))
        await patient.close()
