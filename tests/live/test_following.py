"""What every client is promised, whichever way it comes."""

import pytest

from tests.kit.clients import Client, following
from tests.kit.market import Market
from tests.kit.serve import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_trades_come_in_order_and_whole(follower: Client, market: Market):
    made = await market.trades(count=50)
    assert await follower.take(50) == [
        {
            "id": trade.seq,
            "p": format(trade.price, "f"),
            "q": format(trade.qty, "f"),
            "s": trade.side.value,
            "ts": trade.time_ms,
        }
        for trade in made
    ]


async def test_both_instances_tell_the_same(instances: list[Server], transport: str, market: Market):
    one, two = instances
    async with (
        following(one.port, "trade.SOLUSDT", over=transport) as first,
        following(two.port, "trade.SOLUSDT", over=transport) as second,
    ):
        await market.trades(count=20)
        assert await first.take(20) == await second.take(20)


@pytest.mark.parametrize("throttle", [0, 100, 250, 1000])
async def test_a_throttle_merges_and_loses_nothing(server: Server, transport: str, throttle: int, market: Market):
    # The client itself refuses a hole between ranges and a log with too few items.
    channels = ("trade.SOLUSDT", "ticker.SOLUSDT", "candle.SOLUSDT.1s")
    async with following(server.port, *channels, over=transport, throttle=throttle) as client:
        made = await market.trades(count=60, batch=3)
        assert [trade["id"] for trade in await client.take(60)] == [trade.seq for trade in made]
        assert all(update.get("from", update["seq"]) <= update["seq"] for update in client.updates)


@pytest.mark.parametrize("throttle", [0, 100, 250, 1000])
@pytest.mark.parametrize("channel", ["ticker.SOLUSDT", "candle.SOLUSDT.1s", "candle.SOLUSDT.1m", "candle.SOLUSDT.1M"])
async def test_a_snapshot_and_what_came_after_it_equal_a_fresh_snapshot(
    instances: list[Server], channel: str, throttle: int, market: Market
):
    server, other = instances
    async with following(server.port, channel, throttle=throttle) as client:
        await market.trades(count=40, batch=7)
        async with following(other.port, "trade.SOLUSDT", channel) as fresh:
            await fresh.reach("trade.SOLUSDT", market.seq())
        async with following(other.port, channel) as fresh:
            await client.reach(channel, fresh.last[channel])
            assert client.states[channel] == fresh.states[channel]
            assert client.last[channel] == fresh.last[channel]


@pytest.mark.parametrize("transport", ["websocket", "sse"], indirect=True)
async def test_a_closed_candle_is_told_once_and_never_merged_away(server: Server, transport: str, market: Market):
    async with following(server.port, "candle.SOLUSDT.1s", over=transport, throttle=1000) as client:
        [first] = await market.trades(count=1)
        later_ms = await market.time_passes(3_000)
        opened_ms = first.time_ms // 1000 * 1000
        while not client.closed or client.closed[-1]["open_ms"] + 2000 <= later_ms:
            await client.next()
        opens = [candle["open_ms"] for candle in client.closed]
        assert opens == list(range(opens[0], opens[-1] + 1, 1000))
        assert opened_ms in opens
