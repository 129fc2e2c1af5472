"""What is said over one WebSocket, and how it ends."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import websockets

from tests.kit.clients import WebSocketClient, following
from tests.kit.market import Market
from tests.kit.serve import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def client(server: Server) -> AsyncIterator[WebSocketClient]:
    """A client that has been greeted and follows nothing yet."""
    client = WebSocketClient()
    await client.open(server.port)
    await client.hear("hello")
    yield client
    await client.close()


async def answer(client: WebSocketClient, message: object, kind: str = "error") -> dict[str, object]:
    await client.say(message)
    return await client.hear(kind)


async def test_hello_says_who_is_there_and_what_the_limits_are(server: Server):
    async with following(server.port) as client:
        hello = await client.hear("hello")
    assert hello["v"] == 1 and hello["server"] == "daphne-1" and hello["hb_ms"] == 1000 and hello["user"] is None
    assert hello["limits"] == {
        "channels": 100,
        "msgs_per_s": 10,
        "burst": 30,
        "msg_bytes": 16_384,
        "publishes_per_s": 1,
        "publish_bytes": 2_048,
        "connections": 50,
        "connects_per_min": 120,
    }
    assert re.fullmatch(r"[A-Za-z0-9_-]{8}", hello["conn"])


async def test_channels_may_be_asked_for_in_the_address(server: Server, market: Market):
    address = server.url("/live/v1/ws?ch=trade.SOLUSDT,ticker.SOLUSDT&throttle=250", "ws")
    async with websockets.connect(address) as socket:
        said = [json.loads(await socket.recv()) for _ in range(4)]
    assert [(one["type"], one.get("ch"), one.get("throttle")) for one in said] == [
        ("hello", None, None),
        ("subscribed", "trade.SOLUSDT", 250),
        ("subscribed", "ticker.SOLUSDT", 250),
        ("snapshot", "ticker.SOLUSDT", None),
    ]


async def test_each_channel_has_its_own_answer(client: WebSocketClient, market: Market):
    wanted = [{"ch": "trade.SOLUSDT"}, {"ch": "trade.NOPE"}, {"ch": "candle.BTCUSDT.1m"}]
    await client.say({"op": "subscribe", "id": 3, "channels": wanted, "unknown": ["is", "ignored"]})
    said = [await client.next() for _ in range(4)]
    assert [(one["type"], one["ch"], one.get("id")) for one in said] == [
        ("subscribed", "trade.SOLUSDT", 3),
        ("error", "trade.NOPE", 3),
        ("subscribed", "candle.BTCUSDT.1m", 3),
        ("snapshot", "candle.BTCUSDT.1m", None),
    ]
    assert said[0]["mode"] == "log" and said[0]["throttle"] == 0 and said[0]["seq"] == market.seq()
    assert said[1]["code"] == "unknown_channel" and said[1]["retry"] is False
    assert said[2]["mode"] == "state" and said[2]["throttle"] == 100


async def test_a_position_is_replayed_from_before_anything_live(server: Server, market: Market):
    client = WebSocketClient("trade.SOLUSDT")
    await market.trades(10)
    async with following(server.port, "trade.SOLUSDT") as now:
        client.epochs, client.last = now.epochs, {"trade.SOLUSDT": market.seq() - 8}
    await client.open(server.port)
    subscribed = await client.hear("subscribed")
    assert (subscribed["resume"], subscribed["replay"], subscribed["seq"]) == ("ok", 8, market.seq())
    assert [trade["id"] for trade in await client.take(8)] == list(range(market.seq() - 7, market.seq() + 1))
    await client.close()


@pytest.mark.parametrize(("epoch", "ahead"), [("another", 0), (None, 1_000)])
async def test_a_position_that_cannot_be_is_reset(server: Server, market: Market, epoch: str | None, ahead: int):
    async with following(server.port, "trade.SOLUSDT") as client:
        position = {"epoch": epoch or client.epochs["trade.SOLUSDT"], "seq": market.seq() + ahead}
        await client.say({"op": "subscribe", "channels": [{"ch": "trade.SOLUSDT"} | position]})
        subscribed = await client.hear("subscribed", resume="reset")
    assert subscribed["why"] == "epoch" and subscribed["seq"] == market.seq() and subscribed["first"] <= market.seq()


async def test_subscribing_again_changes_the_throttle(server: Server, market: Market):
    async with following(server.port, "ticker.SOLUSDT", throttle=1000) as client:
        again = {"op": "subscribe", "channels": [{"ch": "ticker.SOLUSDT", "throttle": 0}]}
        assert (await answer(client, again, "subscribed"))["throttle"] == 0
        await client.hear("snapshot")
        for _ in range(3):
            await market.trades(1)
            assert "from" not in await client.hear("update")


async def test_what_is_not_followed_any_more_is_not_told(server: Server, market: Market):
    async with following(server.port, "trade.SOLUSDT", "trade.BTCUSDT") as client:
        leave = {"op": "unsubscribe", "id": "x", "channels": ["trade.SOLUSDT"]}
        assert await answer(client, leave, "unsubscribed") == {"type": "unsubscribed", "id": "x", "ch": "trade.SOLUSDT"}
        await market.trades(3)
        await market.trades(2, symbol="BTCUSDT")
        await client.take(2)
        assert {update["ch"] for update in client.updates} == {"trade.BTCUSDT"}
        assert (await answer(client, {"op": "list"}, "list"))["channels"] == ["trade.BTCUSDT"]


async def test_a_ping_is_answered(client: WebSocketClient):
    assert (await answer(client, {"op": "ping", "id": 6}, "pong"))["id"] == 6


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "bad_json"),
        ("[]", "bad_json"),
        (b"binary", "bad_json"),
        ({"op": "dance"}, "bad_op"),
        ({"op": "subscribe"}, "bad_param"),
        ({"op": "subscribe", "channels": [{"ch": "trade.SOLUSDT", "throttle": 7}]}, "bad_param"),
        ({"op": "subscribe", "channels": [{"ch": "trade.SOLUSDT", "seq": 7}]}, "bad_param"),
        ({"op": "subscribe", "channels": [{"ch": "no channel"}]}, "unknown_channel"),
        ({"op": "publish", "ch": "trade.SOLUSDT"}, "not_publishable"),
    ],
)
async def test_what_makes_no_sense_is_answered_and_forgiven(client: WebSocketClient, message: object, code: str):
    assert (await answer(client, message))["code"] == code
    await answer(client, {"op": "ping"}, "pong")


async def test_the_tenth_malformed_message_is_the_last(client: WebSocketClient):
    for _ in range(10):
        await client.say("{")
    bye = await client.hear("bye")
    assert bye == {"type": "bye", "code": 4500, "reason": "protocol error", "reconnect": False}
    assert await client.ended() == (4500, "protocol error")


async def test_who_asks_too_fast_is_told_when_to_ask_again(client: WebSocketClient):
    for number in range(40):
        await client.say({"op": "ping", "id": number})
    refused = await client.hear("error")
    assert refused["code"] == "rate_limited" and refused["retry"] is True
    assert 0 < refused["after_ms"] <= 101
    async with asyncio.timeout(20):
        said: dict[str, object] = {}
        while said.get("type") != "list":  # a bucket fills by itself: whoever asks on is heard again
            await client.say({"op": "list"})
            while (said := await client.next())["type"] not in ("list", "error"):
                pass
            await asyncio.sleep(refused["after_ms"] / 1000)


async def test_more_channels_than_allowed_are_refused(client: WebSocketClient):
    intervals = [f"candle.{pair}.{every}" for pair in ("SOLUSDT", "BTCUSDT") for every in ("1s", "1m")]
    assert len(intervals) == 4  # repeats do not count
    await client.say({"op": "subscribe", "channels": [{"ch": name} for name in intervals * 30]})
    await client.say({"op": "list"})
    assert (await client.hear("list"))["channels"] == intervals


@pytest.mark.parametrize("said", ["x" * 16_385, ["x" * 9_000, "y" * 9_000], "x" * 1_000_000])
async def test_a_message_that_is_too_big_ends_the_connection(client: WebSocketClient, said: object):
    await client.socket.send(said)  # type: ignore[arg-type]
    assert (await client.hear("error"))["code"] == "payload_too_large"
    assert (await client.hear("bye"))["reconnect"] is False
    assert await client.ended() == (4505, "message too big")


async def test_the_biggest_message_allowed_is_understood(client: WebSocketClient):
    ping = json.dumps({"op": "ping", "pad": ""})
    await answer(client, ping.replace('""', f'"{"x" * (16_384 - len(ping))}"'), "pong")


async def test_text_that_is_not_utf_8_ends_the_connection(client: WebSocketClient):
    await client.socket.send(b"\xff\xfe", text=True)
    assert (await client.ended())[0] == 1007


async def test_a_heartbeat_tells_the_top_of_what_moved(server: Server, market: Market):
    async with following(server.port, "trade.SOLUSDT", "trade.BTCUSDT") as client:
        first = await client.hear("hb")
        assert first["top"] == {"trade.SOLUSDT": market.seq(), "trade.BTCUSDT": market.seq("BTCUSDT")}
        await market.trades(1)
        while not (beat := await client.hear("hb"))["top"]:
            pass
        assert beat["top"] == {"trade.SOLUSDT": market.seq()}


@pytest.mark.parametrize("path", ["/live/v1/nowhere", "/live/v2/ws", "/"])
async def test_an_unknown_address_is_refused_with_403(server: Server, path: str):
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(server.url(path, "ws"))
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("origin", [None, "http://elsewhere.example"])
async def test_public_channels_are_open_to_everybody(server: Server, origin: str | None):
    async with websockets.connect(server.url("/live/v1/ws", "ws"), origin=origin) as socket:  # type: ignore[arg-type]
        assert json.loads(await socket.recv())["type"] == "hello"


async def test_a_page_without_an_origin_of_its_own_may_listen(server: Server, market: Market):
    async with websockets.connect(server.url("/live/v1/ws", "ws"), origin=websockets.Origin("null")) as socket:
        assert json.loads(await socket.recv())["type"] == "hello"


async def test_a_subprotocol_that_is_not_ascii_is_a_bad_request(server: Server):
    request = (
        "GET /live/v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: \xff\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request.encode("latin-1"))
    assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    writer.close()


async def test_who_changes_the_throttle_misses_nothing(server: Server, market: Market):
    async with following(server.port, "trade.SOLUSDT", over="websocket", throttle=1000) as client:
        for throttle in (250, 1000, 0, 1000, 100):
            await market.trades(20, batch=5)
            await client.say({"op": "subscribe", "channels": [{"ch": "trade.SOLUSDT", "throttle": throttle}]})
            await client.hear("subscribed", throttle=throttle)
        await client.reach("trade.SOLUSDT", market.seq())
