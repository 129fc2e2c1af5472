"""Long poll: one request after the other, at whichever instance."""

import asyncio
import time

import httpx
import pytest

from tests.kit.clients import PollClient, following
from tests.kit.market import Market
from tests.kit.serve import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADDRESS = "/live/v1/poll"


async def test_the_first_request_is_answered_at_once_with_snapshots(server: Server, market: Market):
    async with following(server.port, "trade.SOLUSDT", "ticker.SOLUSDT", over="longpoll") as client:
        [answer] = client.answers
    assert [message["type"] for message in answer["messages"]] == ["snapshot"]
    assert answer["reset"] is False and answer["next_ms"] == 0
    assert client.last["trade.SOLUSDT"] == market.seq()


async def test_a_request_with_a_cursor_waits_for_news(server: Server, market: Market):
    async with following(server.port, "trade.SOLUSDT", over="longpoll") as client:
        asking = asyncio.create_task(client.ask())
        await server.becomes('tradedash_followers{transport="longpoll"}', 1)
        made = await market.trades(2, batch=2)
        messages = (await asking)["messages"]
    assert [item["id"] for message in messages for item in message["data"]] == [trade.seq for trade in made]


async def test_a_request_without_news_ends_with_the_same_cursor(server: Server, market: Market):
    async with following(server.port, "trade.SOLUSDT", over="longpoll") as client:
        cursor = client.cursor
        client.wait_s = 0
        answer = await client.ask()
    assert answer["messages"] == [] and answer["cursor"] == cursor


async def test_requests_may_go_round_the_instances(instances: list[Server], market: Market):
    client = PollClient("trade.SOLUSDT", "ticker.SOLUSDT", ports=tuple(server.port for server in instances))
    await client.open(instances[0].port)
    await client.settle()
    for count in (1, 20, 3, 7):
        made = await market.trades(count)
        assert [trade["id"] for trade in await client.take(count)] == [trade.seq for trade in made]
    await client.close()


async def test_more_than_fits_into_one_answer_comes_with_the_next(server: Server, market: Market):
    async with following(server.port, "trade.SOLUSDT", over="longpoll") as client:
        made = await market.trades(count=6_000, batch=500)
        assert [trade["id"] for trade in await client.take(6_000)] == [trade.seq for trade in made]
        assert len(client.answers) > 2


async def test_an_outdated_cursor_is_a_reset_with_snapshots(server: Server, market: Market):
    client = PollClient("trade.SOLUSDT", "ticker.SOLUSDT")
    client.cursor = "000000000000:7,7"
    await client.open(server.port)
    answer = await client.ask()
    assert answer["reset"] is True
    assert "snapshot" in [message["type"] for message in answer["messages"]]
    assert client.last["trade.SOLUSDT"] == market.seq()
    await client.close()


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("?ch=trade.NOPE", "unknown_channel"),
        ("", "bad_param"),
        ("?ch=trade.SOLUSDT&wait=soon", "bad_param"),
        ("?ch=trade.SOLUSDT&cursor=what", "bad_param"),
    ],
)
async def test_what_makes_no_sense_is_refused(server: Server, query: str, error: str):
    async with httpx.AsyncClient() as http:
        response = await http.get(server.url(ADDRESS + query))
    assert response.status_code == 400 and response.json()["error"] == error


async def test_only_get_is_answered(server: Server):
    async with httpx.AsyncClient() as http:
        response = await http.post(server.url(f"{ADDRESS}?ch=trade.SOLUSDT"))
    assert response.status_code == 405 and response.headers["allow"] == "GET"


async def test_one_connection_serves_one_request_after_the_other(server: Server, market: Market):
    async with httpx.AsyncClient() as http:
        for _ in range(3):
            answer = await http.get(server.url("/live/v1/poll?ch=ticker.SOLUSDT"))
            assert answer.status_code == 200
            assert (await http.get(server.url("/healthz"))).status_code == 200


async def test_each_client_keeps_its_own_place(server: Server, market: Market):
    async with (
        following(server.port, "trade.SOLUSDT", over="longpoll") as first,
        following(server.port, "trade.SOLUSDT", over="longpoll") as second,
    ):
        made = await market.trades(3)
        assert [trade["id"] for trade in await first.take(3)] == [trade.seq for trade in made]
        made += await market.trades(3)
        assert [trade["id"] for trade in await second.take(6)] == [trade.seq for trade in made]


async def test_whoever_asks_for_a_throttle_is_told_no_more_often(server: Server, market: Market):
    async with following(server.port, "trade.SOLUSDT", over="longpoll", throttle=250) as client:
        async with market.moving(per_s=100, batch=1):
            began = time.monotonic()
            asked = len(client.answers)
            for _ in range(4):
                await client.ask()
        # Not how long it took, but how often: each answer has gathered for as long as was asked.
        assert len(client.answers) - asked <= (time.monotonic() - began) / 0.25 + 1
