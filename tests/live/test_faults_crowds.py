"""Two hundred races against the market, and a thousand clients who come back in the same moment."""

import asyncio
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import Redis

from bench import clients as crowds
from bench.clients import ResumingClient
from bench.dialects import OURS_RESUMING
from tests.kit.clients import WebSocketClient, following
from tests.kit.market import Market
from tests.kit.serve import Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")

TRADES = "trade.SOLUSDT"
STATES = ("ticker.SOLUSDT", "candle.SOLUSDT.1s", "candle.SOLUSDT.1m")
A_FEW = 5  # reads of an instance that was too busy to hear the group in time, and looked at the stream


# --- Races ----------------------------------------------------------------------------------------


class Racer:
    """Follows, leaves and follows again, otherwise each time; its client refuses every hole."""

    def __init__(self, seed: int) -> None:
        self.client = WebSocketClient()
        self._chance = random.Random(seed)
        self._left: dict[str, dict[str, Any]] = {}  # where it stood in what it has left

    async def race(self, turns: int) -> None:
        for _ in range(turns):
            channel = self._chance.choice((TRADES, *STATES))
            if channel in self.client.last and self._chance.random() < 0.4:
                await self.leave(channel)
            else:
                await self.follow(channel, self._chance.choice([0, 100, 250, 1000]))
            for _ in range(self._chance.randrange(4) if self.client.last else 0):
                await self.client.next()

    async def follow(self, channel: str, throttle: int) -> None:
        place = self._left.pop(channel, {})
        if place:
            self.client.epochs[channel], self.client.last[channel] = place["epoch"], place["seq"]
        await self.client.say({"op": "subscribe", "channels": [{"ch": channel, "throttle": throttle} | place]})
        answer = await self.client.hear("subscribed", ch=channel)
        assert answer.get("resume") == ("ok" if place else None), answer

    async def leave(self, channel: str) -> None:
        await self.client.say({"op": "unsubscribe", "channels": [channel]})
        said: dict[str, Any] = {}
        while said.get("type") != "unsubscribed":
            self._left[channel] = {"epoch": self.client.epochs[channel], "seq": self.client.last[channel]}
            said = await self.client.next()

    async def follow_all(self) -> None:
        for channel in (TRADES, *STATES):
            if channel not in self.client.last:
                await self.follow(channel, 0)


async def test_two_hundred_times_somebody_follows_leaves_or_slows_down_and_misses_nothing(
    instances: list[Server], market: Market
):
    racers = [Racer(seed) for seed in range(10)]
    for number, racer in enumerate(racers):
        await racer.client.open(instances[number % 2].port)
    async with market.moving(per_s=300, batch=3):
        await asyncio.gather(*(racer.race(20) for racer in racers))
    await asyncio.gather(*(racer.follow_all() for racer in racers))
    await market.trades(1)
    for racer in racers:
        client = racer.client
        await client.reach(TRADES, market.seq())
        ids = [trade["id"] for trade in client.trades]
        assert ids == list(range(ids[0], market.seq() + 1))
    async with following(instances[0].port, *STATES) as fresh:
        for racer in racers:
            for channel in STATES:
                await racer.client.reach(channel, fresh.last[channel])
                assert racer.client.states[channel] == fresh.states[channel]
    for racer in racers:
        await racer.client.close()


# --- Crowds ---------------------------------------------------------------------------------------


def reads(redis: Redis) -> int:
    """How often a piece of a stream was read so far."""
    return int(redis.info("commandstats").get("cmdstat_xrange", {}).get("calls", 0))


async def epoch(server: Server) -> str:
    async with following(server.port, TRADES) as client:
        return client.epochs[TRADES]


def crowd(server: Server, epoch: str, *, count: int, after: int, until: int) -> list[ResumingClient]:
    """Clients who all stand at the same number, and are live when they have heard another."""
    place = {"ch": TRADES, "epoch": epoch, "seq": after}
    subscribe = msgspec.json.encode({"op": "subscribe", "channels": [place]})
    mark = b'{"id":%d,' % until
    return [ResumingClient(server.port, OURS_RESUMING, subscribe, mark) for _ in range(count)]


async def all_live(clients: list[ResumingClient]) -> None:
    async with asyncio.timeout(60):
        await asyncio.gather(*(client.live for client in clients))


async def become(clients: list[ResumingClient], last: int) -> None:
    """Wait until each has heard of this trade."""
    async with asyncio.timeout(60):
        while not all(client.has(b'{"id":%d,' % last) for client in clients):
            await asyncio.sleep(0.05)


def heard(client: ResumingClient) -> list[int]:
    said = (msgspec.json.decode(text) for text in client.messages())
    return [trade["id"] for one in said if one["type"] == "update" for trade in one["data"]]


async def test_a_thousand_who_come_back_at_once_miss_nothing_and_cost_redis_next_to_nothing(
    instances: list[Server], market: Market, redis_connections: Redis
):
    named, first = await epoch(instances[0]), market.seq() + 1
    await market.trades(200)
    for server in instances:
        async with following(server.port, TRADES):  # both have heard of them
            pass
    until, before = market.seq(), reads(redis_connections)
    both = [crowd(server, named, count=500, after=first - 1, until=until) for server in instances]
    back = [client for half in both for client in half]
    try:
        async with market.moving(per_s=20, batch=1):
            await asyncio.gather(
                *(crowds.connect(half, server.port, at_once=500) for half, server in zip(both, instances, strict=True))
            )
            await all_live(back)
        await become(back, market.seq())
        assert reads(redis_connections) <= before + A_FEW
        assert all(heard(client) == list(range(first, market.seq() + 1)) for client in back)
    finally:
        await crowds.close(back)


async def test_a_hole_that_many_have_is_read_once_and_not_by_each(
    market: Market, redis_connections: Redis, live_settings: dict[str, str], tmp_path: Path
):
    """An instance that has just started holds the newest trades; what these clients lack is older."""
    await market.trades(3_000, batch=500)
    async with serving(tmp_path / "young", 3, **live_settings) as young:
        named, first = await epoch(young), market.seq() - 2_999
        before = reads(redis_connections)
        back = crowd(young, named, count=100, after=first - 1, until=market.seq())
        try:
            await crowds.connect(back, young.port, at_once=100)
            await all_live(back)
            assert before < reads(redis_connections) <= before + 1 + A_FEW
            assert all(heard(client) == list(range(first, market.seq() + 1)) for client in back)
        finally:
            await crowds.close(back)
