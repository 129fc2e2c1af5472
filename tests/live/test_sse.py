"""Server-sent events: names, cursors, refusals."""

import httpx
import pytest

from tests.kit.clients import EventClient, following
from tests.kit.market import Market
from tests.kit.serve import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADDRESS = "/live/v1/sse"


async def test_the_names_of_events_are_the_types_of_messages(server: Server, market: Market):
    async with following(server.port, "trade.SOLUSDT", "ticker.SOLUSDT", over="sse") as client:
        await market.trades(1)
        await client.hear("update")
        await client.hear("hb")
    # That each name is its message's type is the client's own check.
    assert client.names[:4] == ["hello", "subscribed", "subscribed", "snapshot"]
    assert client.response.headers["content-type"] == "text/event-stream"
    assert client.response.headers["cache-control"] == "no-store"
    assert client.response.headers["x-accel-buffering"] == "no"
    assert 1_500 <= client.retry_ms <= 5_000


async def test_a_stream_goes_on_on_the_other_instance_and_repeats_no_more_than_it_must(
    instances: list[Server], market: Market
):
    one, two = instances
    async with following(one.port, "trade.SOLUSDT", "candle.SOLUSDT.1m", over="sse") as client:
        await market.trades(5)
        await client.take(5)
        cursor = await client.placed()
        await market.trades(7)
        await client.take(7)
        client.cursor = cursor  # the connection broke before the next one came: seven trades will come again
        await market.trades(3)
        await client.resume(two.port)
        subscribed = await client.hear("subscribed", ch="trade.SOLUSDT")
        assert (subscribed["resume"], subscribed["replay"]) == ("ok", 10)
        assert [trade["id"] for trade in await client.take(3)] == list(range(market.seq() - 2, market.seq() + 1))


async def test_the_position_may_also_come_in_the_address(server: Server, market: Market):
    async with following(server.port, "trade.SOLUSDT", over="sse") as client:
        await market.trades(1)
        await client.take(1)
        cursor = await client.placed()
    await market.trades(4)
    again = EventClient("trade.SOLUSDT", throttle=None)
    again.channels = (f"trade.SOLUSDT&cursor={cursor}",)
    await again.open(server.port)
    assert (await again.hear("subscribed"))["replay"] == 4
    await again.close()


async def test_a_cursor_of_another_epoch_is_a_reset(server: Server, market: Market):
    client = EventClient("trade.SOLUSDT")
    client.cursor = "000000000000:7"
    await client.open(server.port)
    subscribed = await client.hear("subscribed")
    assert subscribed["resume"] == "reset" and subscribed["seq"] == market.seq()
    await client.close()


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("?ch=trade.NOPE", "unknown_channel"),
        ("?ch=no%20channel", "unknown_channel"),
        ("", "bad_param"),
        ("?ch=trade.SOLUSDT&throttle=7", "bad_param"),
        ("?ch=trade.SOLUSDT&wait=7", "bad_param"),
        ("?ch=trade.SOLUSDT&cursor=what", "bad_param"),
    ],
)
async def test_what_makes_no_sense_is_refused_before_the_stream(server: Server, query: str, error: str):
    async with httpx.AsyncClient() as http:
        response = await http.get(server.url(ADDRESS + query))
    assert response.status_code == 400 and response.headers["content-type"] == "application/json"
    assert response.json().keys() == {"error", "detail"} and response.json()["error"] == error


@pytest.mark.parametrize("method", ["POST", "DELETE", "HEAD"])
async def test_only_get_is_answered(server: Server, method: str):
    async with httpx.AsyncClient() as http:
        response = await http.request(method, server.url(f"{ADDRESS}?ch=trade.SOLUSDT"))
    assert response.status_code == 405 and response.headers["allow"] == "GET"


async def test_a_reader_that_reads_slowly_hears_every_trade(server: Server, market: Market):
    async with following(server.port, "trade.SOLUSDT", over="sse") as client:
        made = await market.trades(count=3_000, batch=500)
        assert [trade["id"] for trade in await client.take(3_000)] == [trade.seq for trade in made]
