"""Frames and messages that break the rules: the right close code or a named error, and nobody else hears of it.

The frames follow the sections of RFC 6455, as the well-known test suites of WebSocket servers do.
"""

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from redis import Redis

from tests.kit import wire
from tests.kit.clients import Client, WebSocketClient, following
from tests.kit.market import Market
from tests.kit.serve import Server, daphne, serving
from tests.kit.wire import BINARY, CLOSE, PING, PONG, TEXT, frame, open_socket

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST = 16_384  # bytes of a message
PATHS = ("/live/v1/ws", "/live/v1/broadcast")
CONTINUATION = 0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def servers(
    market: Market, live_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[Server]]:
    """Ours, and plain Daphne; at the end neither's log holds a traceback."""
    data_dir = tmp_path_factory.mktemp("frames")
    async with serving(data_dir / "a", 5, **live_settings) as ours, daphne(data_dir / "b", **live_settings) as plain:
        yield [ours, plain]
        for server in (ours, plain):
            async with following(server.port) as client:
                await client.hear("hb")
                await client.hear("hb")  # a second later: so often Daphne looks for what has failed
            assert "Traceback" not in server.said


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bystanders(servers: list[Server]) -> AsyncIterator[list[Client]]:
    """A client of each server that follows all trades, from before the first bad frame to after the last."""
    async with contextlib.AsyncExitStack() as opened:
        yield [await opened.enter_async_context(following(server.port, "trade.SOLUSDT")) for server in servers]


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def undisturbed(bystanders: list[Client], market: Market) -> AsyncIterator[None]:
    """Whatever a test has sent, the others hear the next trade."""
    yield
    [made] = await market.trades(1)
    for bystander in bystanders:
        assert [trade["id"] for trade in await bystander.take(1)] == [made.seq]


# --- Frames ---------------------------------------------------------------------------------------


def part(payload: bytes = b"", opcode: int = CONTINUATION, **more: Any) -> bytes:
    """A frame that is not the last of its message."""
    return frame(payload, opcode, fin=False, **more)


def closing(code: int, reason: bytes = b"") -> bytes:
    return frame(struct.pack("!H", code) + reason, CLOSE)


def stretched(payload: bytes, marker: int) -> bytes:
    """A length in more bytes than it needs."""
    length = struct.pack("!H" if marker == 126 else "!Q", len(payload))
    return bytes([0x80 | TEXT, 0x80 | marker]) + length + bytes(4) + payload


def against_the_protocol() -> Iterator[tuple[str, bytes]]:
    for rsv in range(1, 8):
        yield f"reserved bits {rsv:03b}", frame(b"a", rsv=rsv)
    for name, opcode in {"binary": BINARY, "ping": PING, "pong": PONG, "close": CLOSE}.items():
        yield f"a reserved bit in a {name} frame", frame(b"\x03\xe8", opcode, rsv=4)
        yield f"a {name} frame without a mask", frame(b"\x03\xe8", opcode, mask=False)
    yield "a reserved bit in an empty frame", frame(rsv=1)
    yield "a reserved bit in the second fragment", part(b"a", TEXT) + frame(b"b", CONTINUATION, rsv=2)
    yield "a text frame without a mask", frame(b"a", mask=False)
    yield "an empty frame without a mask", frame(mask=False)
    yield "a second fragment without a mask", part(b"a", TEXT) + frame(b"b", CONTINUATION, mask=False)
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield f"opcode {opcode}", frame(b"a", opcode)
        yield f"opcode {opcode}, empty, after a good ping", frame(b"", PING) + frame(b"", opcode)
    for name, opcode in {"ping": PING, "pong": PONG, "close": CLOSE}.items():
        yield f"a {name} of 126 bytes", frame(b"\x03\xe8" + b"a" * 124, opcode)
        yield f"a {name} that claims 70,000 bytes", frame(b"", opcode, claim=70_000)
        yield f"a {name} in fragments", frame(b"\x03\xe8", opcode, fin=False) + frame(b"", CONTINUATION)
        yield f"a {name} in fragments within a message", part(b"a", TEXT) + frame(b"", opcode, fin=False)
    yield "a continuation of nothing", frame(b"a", CONTINUATION)
    yield "an empty continuation of nothing", frame(b"", CONTINUATION)
    yield "an unfinished continuation of nothing", part(b"a")
    yield "a continuation after the end", part(b"a", TEXT) + frame(b"b", CONTINUATION) + frame(b"c", CONTINUATION)
    for name, opcode in {"text": TEXT, "binary": BINARY}.items():
        yield f"text within a fragmented {name} message", part(b"a", opcode) + frame(b"b")
        yield f"binary within a fragmented {name} message", part(b"a", opcode) + frame(b"b", BINARY)
        yield f"a new {name} message within another", part(b"a", opcode) + part(b"b", opcode)
        yield f"text after {name} and a ping", part(b"a", opcode) + frame(b"", PING) + frame(b"b")
    yield "a length in two bytes that needs one", stretched(b"abc", 126)
    yield "a length in eight bytes that needs one", stretched(b"abc", 127)
    yield "a length in eight bytes that needs two", stretched(b"a" * 200, 127)
    yield "a length with its highest bit set", bytes([0x81, 0xFF]) + b"\xff" * 8 + bytes(4)
    yield "a request", wire.request("/")
    yield "a greeting of TLS", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"
    yield "zeros", bytes(100)
    yield "all ones", b"\xff" * 100
    yield "a close of one byte", frame(b"\x03", CLOSE)
    for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 65_535):
        yield f"a close with {code}", closing(code)


BAD_TEXT = {
    "a byte that never occurs": b"\xff",
    "a byte that never occurs, amid text": "κόσμε".encode() + b"\xfe" + b"edited",
    "a continuation alone": b"\x80",
    "two bytes for a slash": b"\xc0\xaf",
    "three bytes for a slash": b"\xe0\x80\xaf",
    "four bytes for a slash": b"\xf0\x80\x80\xaf",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "a high surrogate": b"\xed\xa0\x80",
    "a low surrogate": b"\xed\xb0\x80",
    "a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "above the last character": b"\xf4\x90\x80\x80",
    "two bytes, one missing": b"\xce",
    "three bytes, one missing": b"\xe2\x82",
    "four bytes, one missing": b"\xf0\x90\x8d",
    "latin-1": "prix élevé".encode("latin-1"),
    "UTF-16": "gm".encode("utf-16"),
    "a NUL in two bytes": b"\xc0\x80",
}


def against_utf_8() -> Iterator[tuple[str, bytes]]:
    for name, text in BAD_TEXT.items():
        yield name, frame(text)
    yield "bad from the first fragment on", part(b"\xff", TEXT)
    yield "bad in the second fragment", part(b"a", TEXT) + part(b"\xff")
    yield "bad in the last fragment", part(b"a", TEXT) + part(b"b") + frame(b"\xc0\xaf", CONTINUATION)
    yield "a character that its last fragment lacks", part(b"\xf0\x90", TEXT) + frame(b"\x8d", CONTINUATION)
    yield "bad after a ping within", part(b"a", TEXT) + frame(b"x", PING) + frame(b"\xff", CONTINUATION)
    yield "a reason of a close", closing(1000, b"\xff\xfe")
    yield "a reason that ends within a character", closing(1000, b"gm \xe2\x82")


def against_the_limits() -> Iterator[tuple[str, bytes]]:
    yield "a byte too much", frame(b"a" * (MOST + 1))
    yield "a binary byte too much", frame(b"a" * (MOST + 1), BINARY)
    yield "70,000 bytes", frame(b"a" * 70_000)
    yield "a claim of 64 KiB", frame(claim=65_536)
    yield "a claim of a terabyte", frame(claim=2**40)
    yield "a claim of what a signed number holds", frame(claim=2**63 - 1)
    yield "two halves", part(b"a" * 9_000, TEXT) + frame(b"a" * 9_000, CONTINUATION)
    yield "a claim in the last fragment", part(b"a" * MOST, TEXT) + frame(b"", CONTINUATION, claim=10)
    yield "small fragments without an end", part(b"a", BINARY) + part(b"b" * 100) * 200
    yield "one byte at a time", part(b"a", TEXT) + part(b"b") * MOST
    yield "in fragments, with pings between", part(b"a" * 5_000, TEXT) + (frame(b"", PING) + part(b"b" * 6_000)) * 2


HOSTILE = [
    *((f"1002: {name}", data, 1002) for name, data in against_the_protocol()),
    *((f"1007: {name}", data, 1007) for name, data in against_utf_8()),
    *((f"4505: {name}", data, 4505) for name, data in against_the_limits()),
]


@pytest.mark.parametrize(("data", "code"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
async def test_a_frame_against_the_rules_ends_its_connection_with_the_right_code(
    servers: list[Server], data: bytes, code: int
):
    for server in servers:
        for path in PATHS:
            async with open_socket(server.port, path) as socket:
                socket.write(data)
                assert await socket.code() == code, path


async def test_whoever_breaks_the_rules_is_not_listened_to_any_more(servers: list[Server]):
    async with open_socket(servers[0].port) as socket:
        socket.write(frame(b"a" * (MOST + 1)) + closing(1000) + frame(b"\xff") + bytes(1_000))
        assert await socket.code() == 4505
        socket.write(frame(b'{"op":"ping"}'))
        assert await socket.rest() == b""  # nor is our half of the goodbye waited for


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
async def test_a_goodbye_within_the_rules_is_returned(servers: list[Server], code: int):
    for path in PATHS:
        async with open_socket(servers[0].port, path) as socket:
            socket.write(closing(code, "до свидания".encode()))
            assert await socket.code() in (code, 1000)


async def test_a_goodbye_without_a_code_is_returned(servers: list[Server]):
    async with open_socket(servers[0].port) as socket:
        socket.write(frame(b"", CLOSE))
        assert await socket.code() in (None, 1000)


async def test_what_follows_a_goodbye_is_not_read(servers: list[Server]):
    async with open_socket(servers[0].port) as socket:
        socket.write(closing(1000) + frame(b'{"op":"ping"}') + frame(b"\xff"))
        assert (await socket.frame()).opcode == CLOSE
        assert await socket.rest() == b""


async def test_what_is_odd_but_allowed_is_relayed(servers: list[Server]):
    """Empty fragments, pings between them, a character in two of them, the longest message there may be."""
    async with open_socket(servers[0].port, "/live/v1/broadcast") as socket:
        euro = "€".encode()
        socket.write(part(b"", TEXT) + part(euro[:1]) + frame(b"?", PING) + part(b"") + frame(euro[1:], CONTINUATION))
        assert {await socket.frame(), await socket.frame()} == {(PONG, b"?"), (TEXT, euro)}
        socket.write(frame(b"unasked", PONG) + frame(b"a" * MOST, BINARY))
        assert await socket.frame() == (BINARY, b"a" * MOST)
        for piece in frame(b"byte by byte"):
            socket.write(bytes([piece]))
            await socket.writer.drain()
        assert await socket.frame() == (TEXT, b"byte by byte")


LAST_WORDS = {
    "nothing": b"",
    "a byte": b"\x81",
    "half a frame": frame(b"a" * 100)[:20],
    "a fragment": part(b"a", TEXT),
    "a long fragment": part(b"a" * MOST, BINARY),
    "a claim": frame(b"", PING, claim=100),
    "a wish": frame(b'{"op":"subscribe","channels":[{"ch":"trade.SOLUSDT"}]}'),
}


@pytest.mark.parametrize("data", LAST_WORDS.values(), ids=LAST_WORDS.keys())
async def test_who_goes_without_a_word_leaves_nothing_behind(servers: list[Server], data: bytes):
    for server in servers:
        before = await server.gauge('tradedash_followers{transport="websocket"}')
        for path in PATHS:
            async with open_socket(server.port, path) as socket:
                socket.write(data)
                await socket.writer.drain()
        await server.becomes('tradedash_followers{transport="websocket"}', before)


async def test_pings_without_an_end_are_answered_and_disturb_nobody(servers: list[Server]):
    async with open_socket(servers[0].port) as socket:
        for number in range(500):
            socket.write(frame(b"%d" % number, PING))
        heard = [found for found in [await socket.frame() for _ in range(500)] if found.opcode == PONG]
        assert [found.payload for found in heard] == [b"%d" % number for number in range(len(heard))]


# --- Messages -------------------------------------------------------------------------------------

MARK = "ZYZZYVA"  # a value of the client, which no answer repeats


def subscribe(**wanted: object) -> str:
    return json.dumps({"op": "subscribe", "channels": [wanted]})


NOT_JSON = [
    "", " ", "\n", "\0", "{", "}", "[", "]", '"', ":", ",", "null", "true", "0", "-1", "1e5", '"ping"', "[]", "[{}]", "[[[[]]]]",
    '[{"op":"ping"}]', "{]", "{}}", '{"op"}', '{"op":}', '{"op":"ping"', '{"op":"ping",}', "{'op':'ping'}", '{op:"ping"}',
    '{"op":"ping","op":"ping"}', '{"op":"nope","op":"ping"}', '{"op":"ping"}{"op":"ping"}', '{"op":"ping"}x', '\ufeff{"op":"ping"}', '{"op":"pi\nng"}', '{"op":"pi\0ng"}', '{"op":"\\x41"}',
    '{"op":"\\u12"}', '{"op":"\\ud800', "NaN", "Infinity", "-Infinity", '{"op":"ping","id":NaN}', '{"op":"ping","x":1e999}', '{"op":"ping","x":-1e999}', '{"op":"ping","id":Infinity}',
    '{"op":"ping","id":-Infinity}', '{"op":"ping","id":01}', '{"op":"ping","id":+1}', '{"op":"ping","id":.5}', '{"op":"ping","id":0x1}',
    '{"op":"ping"}//', '/**/{"op":"ping"}', '{"op":undefined}', f"hello {MARK}", f'{{"op":{MARK}}}', f"<script>{MARK}</script>",
    "[" * 16_000, '{"a":' * 3_000, "[" * 8_000 + "]" * 8_000, '{"op":"ping","x":' + "[" * 8_000 + "]" * 8_000 + "}",
    '{"op":"ping","x":' + '{"a":' * 2_500 + "1" + "}" * 2_500 + "}", "9" * 16_000, '{"op":"ping","x":"' + "\\ud800" * 2_000 + '"}',
]  # fmt: skip

WRONG = [
    "{}", '{"op":null}', '{"op":1}', '{"op":["ping"]}', '{"op":{}}', '{"op":""}', '{"op":"PING"}', '{"op":"ping "}', '{"op":"\\u0000"}',
    f'{{"op":"{MARK}"}}', '{"op":"__proto__"}', '{"op":"constructor"}', '{"op":"__class__"}', '{"Op":"ping"}', '{"__proto__":{"op":"ping"}}',
    '{"constructor":{"prototype":{"op":"ping"}}}', '{"type":"websocket.disconnect"}', '{"type":"bye","code":4000}',
    '{"op":"ping","id":{}}', '{"op":"ping","id":[]}', '{"op":"ping","id":true}', '{"op":"ping","id":1.5}', '{"op":"ping","id":1e999}',
    '{"op":"ping","id":9223372036854775808}', '{"op":"ping","id":-9223372036854775809}', '{"op":"ping","id":' + "9" * 400 + "}",
    '{"op":"ping","id":"' + MARK * 20 + '"}', '{"op":"subscribe"}', '{"op":"subscribe","channels":null}',
    '{"op":"subscribe","channels":"trade.SOLUSDT"}', '{"op":"subscribe","channels":[]}', '{"op":"subscribe","channels":["trade.SOLUSDT"]}',
    '{"op":"subscribe","channels":[null]}', '{"op":"subscribe","channels":[[]]}', '{"op":"subscribe","channels":[{}]}',
    '{"op":"subscribe","channels":{"ch":"trade.SOLUSDT"}}', '{"op":"subscribe","channels":[{"__proto__":{"ch":"trade.SOLUSDT"}}]}',
    subscribe(ch=None), subscribe(ch=1), subscribe(ch=["trade.SOLUSDT"]), subscribe(ch={"x": MARK}),
    *(subscribe(ch="ticker.SOLUSDT", throttle=throttle) for throttle in (-1, 1, 99, 2**63, "250", "0", True, [], 1e9, 250.5, MARK)),
    *(subscribe(ch="trade.SOLUSDT", epoch="e", seq=seq) for seq in (-1, 2**63, 2**64, 10**30, "1", 1.5, True, [], {}, MARK)),
    subscribe(ch="trade.SOLUSDT", epoch=1, seq=1), subscribe(ch="trade.SOLUSDT", epoch={"x": MARK}, seq=1), subscribe(ch="trade.SOLUSDT", seq=1),
    '{"op":"subscribe","channels":[{"ch":"trade.SOLUSDT","epoch":"e","seq":1e999}]}',
    '{"op":"unsubscribe"}', '{"op":"unsubscribe","channels":[]}', '{"op":"unsubscribe","channels":[1]}', '{"op":"unsubscribe","channels":[{"ch":"a"}]}',
]  # fmt: skip

NO_CHANNELS = [
    "", " ", ".", "..", "a", "trade", "trade.", ".SOLUSDT", "trade.NOPE", "trade.solusdt", "TRADE.SOLUSDT", "trade.SOLUSDT.1m",
    "trade.SOL/USDT", "trade.SOLUSDT ", "trade.SOLUSDT\n", "trade.SOLUSDT\0", "trade.*", "trade.?", "*", "trade.SOLUSDT,ticker.SOLUSDT",
    "candle.SOLUSDT", "candle.SOLUSDT.", "candle.SOLUSDT.7m", "candle.SOLUSDT.1M1", "candle..1m", "trade.__proto__", "__class__", "trade.ＳＯＬＵＳＤＴ",
    "../../etc/passwd", "trade.SOLUSDT\r\nSET a b", "{{7*7}}", "' OR 1=1 --", "<script>alert(1)</script>", "a" * 81, "a" * 10_000, "trade." + "٣" * 5, "\ud83d\ude80",
    "\ud800", "pair.SOLUSDT", "broadcast", "specific.x!y", "asgi:group:x",
]  # fmt: skip

HARMLESS = [
    '{"op":"ping","__proto__":{"a":1}}', '{"op":"ping","x":-0.0}',
    '{"op":"ping","x":' + "9" * 4_000 + "}", '{"op":"ping","x":"\\u0000"}', ' \t\r\n{"op":"ping"}\n', '{"op":"\\u0070ing"}', '{"op":"ping","":""}',
    '{"op":"ping","x":' + "[" * 100 + "]" * 100 + "}", '{"op":"ping","x":"' + "й" * 4_000 + '"}', '{"op":"ping","id":null}', '{"op":"list","channels":1}',
]  # fmt: skip

ROWS = [
    *((text, {"bad_json"}) for text in NOT_JSON),
    *((text, {"bad_param", "bad_op", "bad_json"}) for text in WRONG),
    # A name that is not text at all is no JSON.
    *((subscribe(ch=name), {"unknown_channel", "bad_json"}) for name in NO_CHANNELS),
]


async def say(client: WebSocketClient, text: str) -> list[dict[str, Any]]:
    """What is answered to this, up to the answer to a ping that follows it."""
    await client.say(text)
    await client.say({"op": "ping", "id": "after"})
    heard = []
    while (message := await client.next()) != {"type": "pong", "id": "after", "time": message.get("time")}:
        heard.append(message)
    return [message for message in heard if message["type"] not in ("hello", "hb", "status")]


@pytest.mark.parametrize(("text", "codes"), ROWS, ids=[text[:24].encode("unicode_escape").decode() for text, _ in ROWS])
async def test_a_message_that_makes_no_sense_is_an_error_with_a_name(servers: list[Server], text: str, codes: set[str]):
    for server in servers:
        async with following(server.port) as client:
            [answer] = await say(client, text)
        assert answer["type"] == "error" and answer["code"] in codes
        assert MARK not in json.dumps(answer) and len(json.dumps(answer)) < 500


@pytest.mark.parametrize("text", HARMLESS, ids=[text[:24] for text in HARMLESS])
async def test_a_message_that_is_odd_but_clear_is_understood(servers: list[Server], text: str):
    async with following(servers[0].port) as client:
        [answer] = await say(client, text)
    assert answer["type"] in ("pong", "list")


async def test_ten_messages_without_sense_are_enough(servers: list[Server]):
    for server in servers:
        async with following(server.port) as client:
            for text in NOT_JSON[:11]:
                await client.say(text)
            assert await client.ended() == (4500, "protocol error")


async def test_nesting_of_a_hundred_thousand_is_too_long_to_be_read(servers: list[Server]):
    async with following(servers[0].port) as client:
        await client.say("[" * 100_000)
        assert (await client.ended())[0] == 4505


async def test_a_thousand_messages_a_second_are_refused_and_then_ended(servers: list[Server]):
    for server in servers:
        async with following(server.port) as client:
            ping = json.dumps({"op": "ping"})
            with contextlib.suppress(ConnectionError):
                for _ in range(1_100):
                    await client.socket.send(ping)
            assert (await client.hear("error"))["code"] == "rate_limited"
            assert await client.ended() == (4101, "rate limited")


async def test_made_up_channels_leave_nothing_in_redis(servers: list[Server], redis_connections: Redis):
    async with following(servers[0].port) as client:
        before = redis_connections.dbsize()
        names = [f"trade.X{number}" for number in range(600)]
        await client.say({"op": "subscribe", "channels": [{"ch": name} for name in names]})
        answers = [await client.hear("error") for _ in names]
        assert {answer["code"] for answer in answers} == {"unknown_channel"}
        assert [answer["ch"] for answer in answers] == names
        assert redis_connections.dbsize() <= before + 50  # others come and go meanwhile, but not six hundred


async def test_storms_of_subscriptions_are_bounded(servers: list[Server]):
    one = [{"ch": "trade.SOLUSDT"}] * 400
    async with following(servers[0].port) as client:
        for _ in range(3):
            await client.say({"op": "subscribe", "channels": one})
            await client.say({"op": "unsubscribe", "channels": ["trade.SOLUSDT"] * 400})
        await client.say({"op": "list", "id": "after"})
        assert (await client.hear("list"))["channels"] == []


async def test_a_crowd_of_bad_clients_at_once(servers: list[Server], market: Market):
    """All of the frames at the same time, while the market moves: undisturbed() is the judge."""

    async def come(port: int, data: bytes, code: int) -> None:
        async with open_socket(port) as socket:
            socket.write(data)
            assert await socket.code() == code

    await asyncio.gather(*(come(servers[0].port, data, code) for _, data, code in HOSTILE), market.trades(0))
