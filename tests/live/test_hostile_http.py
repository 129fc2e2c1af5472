"""Requests that nobody in good faith sends: refused by name, before Django sees them, and without a traceback."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.kit import wire
from tests.kit.clients import following
from tests.kit.commands import manage
from tests.kit.market import Market
from tests.kit.serve import Server, daphne, serving
from tests.kit.wire import connected, handshake, request

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(
    market: Market, live_settings: dict[str, str], collected: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """An instance with tables and pages, whose log holds no traceback of anything that was sent to it."""
    data_dir = tmp_path_factory.mktemp("hostile")
    await manage(data_dir, "migrate", "--verbosity", "0")
    (data_dir / "static").symlink_to(collected)
    async with serving(data_dir, 4, **live_settings) as server:
        yield server
        async with following(server.port) as client:
            await client.hear("hb")
            await client.hear("hb")  # a second later: so often Daphne looks for what has failed
        assert "Traceback" not in server.said


DOUBLED = (
    ("Host", "127.0.0.1"),
    ("Content-Length", "0"),
    ("Content-Type", "text/plain"),
    ("Origin", "http://127.0.0.1"),
    ("Authorization", "Bearer a"),
    ("Cookie", "sessionid=a"),
)


@pytest.mark.parametrize(("name", "value"), DOUBLED)
@pytest.mark.parametrize("second", ["same", "other"])
async def test_a_header_that_counts_once_is_sent_once(server: Server, name: str, value: str, second: str):
    one = f"{name}: {value}"
    other = one if second == "same" else f"{name.upper()}: {value}1"
    assert await wire.status(server.port, request("/healthz", one)) == 200
    assert await wire.status(server.port, request("/healthz", one, other)) == 400


SAID = {"Host": "127.0.0.1", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version": "13"}


@pytest.mark.parametrize(
    "name", ["Host", "Origin", "Authorization", "Cookie", "Sec-WebSocket-Key", "Sec-WebSocket-Version"]
)
async def test_a_handshake_too(server: Server, name: str):
    one = f"{name}: {SAID.get(name, 'http://127.0.0.1')}"
    assert await wire.status(server.port, handshake("/live/v1/ws", one, without=name)) == 101
    assert await wire.status(server.port, handshake("/live/v1/ws", one, one, without=name)) == 400


SMUGGLED = {
    "a vertical tab": request("/", "X-A: b\x0bAuthorization: c"),
    "a form feed": request("/", "X-A: b\x0cc"),
    "an information separator": request("/", "X-A: b\x1cHost: c"),
    "a next-line of latin-1": request("/", b"X-A: b\x85Host: c"),
    "a bell": request("/", "X-A: \x07"),
    "a delete": request("/", "X-A: \x7f"),
    "a NUL": request("/", "X-A: \x00"),
    "a lone carriage return": request("/", "X-A: b\rHost: c"),
    "a lone line feed": request("/", "X-A: b\nHost: c"),
    "lines that end with a line feed": b"GET / HTTP/1.1\nHost: 127.0.0.1\n\n\r\n\r\n",
    "a folded header": request("/", "X-A: b", " c: d"),
    "a folded header by a tab": request("/", "X-A: b", "\tc"),
    "a first header that is folded": b"GET / HTTP/1.1\r\n Host: 127.0.0.1\r\n\r\n",
    "a blank before the colon": request("/", "X-A : b"),
    "a header without a name": request("/", ": b"),
    "a header without a colon": request("/", "X-A"),
    "a name that is not ASCII": request("/", b"X-\xe9: b"),
    "a bracket in a name": request("/", "X[A]: b"),
    "length and chunks": request("/", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunks and length": request("/", "Transfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n",
    "chunks twice": request("/", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunks in chunks": request("/", "Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n",
    "chunks after identity": request("/", "Transfer-Encoding: identity", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "an encoding that we do not know": request("/", "Transfer-Encoding: gzip"),
    "identity and a length": request("/", "Transfer-Encoding: identity", "Content-Length: 2") + b"ab",
    "chunks of an older HTTP": request("/", "Transfer-Encoding: chunked", version="1.0") + b"0\r\n\r\n",
    "a chunk of no size": request("/", "Transfer-Encoding: chunked") + b"x\r\n\r\n",
    "a chunk of a negative size": request("/", "Transfer-Encoding: chunked") + b"-1\r\n\r\n",
    "a chunk of a size with an underscore": request("/", "Transfer-Encoding: chunked") + b"1_0\r\n\r\n",
    "a negative length": request("/", "Content-Length: -1"),
    "a length with a sign": request("/", "Content-Length: +1") + b"a",
    "two lengths in one": request("/", "Content-Length: 1, 1") + b"a",
    "a length in hexadecimal": request("/", "Content-Length: 0x1") + b"a",
    "a length of thousands of digits": request("/", "Content-Length: " + "9" * 5_000),
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "an HTTP of the future": request("/", version="2.0"),
    "no HTTP at all": b"EHLO there\r\n\r\n",
    "a TLS greeting": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an address with a NUL": b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "an address that is not ASCII": b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "an address with a blank": request("/a b"),
    "a method that is no word": request("/", method="G{T"),
    "an endless address": request("/" + "a" * 20_000),
    "an endless header": request("/", "X-A: " + "a" * 20_000),
    "a header without an end": b"GET / HTTP/1.1\r\nX-A: " + b"a" * 20_000,
    "a thousand headers": request("/", *(f"X-{number}: b" for number in range(1_000))),
    "a handshake with a body": handshake("/live/v1/ws", "Content-Length: 6") + wire.frame(),
    "a handshake of an older HTTP": handshake("/live/v1/ws", without="Host").replace(b"HTTP/1.1", b"HTTP/0.9"),
}


@pytest.mark.parametrize("data", SMUGGLED.values(), ids=SMUGGLED.keys())
async def test_what_could_be_read_in_two_ways_is_not_read(server: Server, data: bytes):
    assert await wire.status(server.port, data) == 400


HANDSHAKES = {
    "a subprotocol that is not ASCII": (handshake("/live/v1/ws", b"Sec-WebSocket-Protocol: \xff"), 400),
    "a subprotocol in UTF-8": (handshake("/live/v1/ws", "Sec-WebSocket-Protocol: é".encode()), 400),
    "the same subprotocol twice": (handshake("/live/v1/ws", "Sec-WebSocket-Protocol: a, a"), 400),
    "an origin that is none": (handshake("/live/v1/ws", "Origin: \\"), 400),
    "an origin that is not ASCII": (handshake("/live/v1/ws", b"Origin: http://\xe9"), 400),
    "an origin with a port of letters": (handshake("/live/v1/ws", "Origin: http://a:b"), 400),
    "a key that is too short": (handshake("/live/v1/ws", "Sec-WebSocket-Key: AA==", without="Sec-WebSocket-Key"), 400),
    "a key with a bad letter": (
        handshake("/live/v1/ws", "Sec-WebSocket-Key: <AAAAAAAAAAAAAAAAAAAAA==", without="Sec-WebSocket-Key"),
        400,
    ),
    "no key": (handshake("/live/v1/ws", without="Sec-WebSocket-Key"), 400),
    "no version": (handshake("/live/v1/ws", without="Sec-WebSocket-Version"), 400),
    "a version that is no number": (
        handshake("/live/v1/ws", "Sec-WebSocket-Version: x", without="Sec-WebSocket-Version"),
        400,
    ),
    "an older version": (handshake("/live/v1/ws", "Sec-WebSocket-Version: 7", without="Sec-WebSocket-Version"), 400),
    "no word of an upgrade": (handshake("/live/v1/ws", without="Connection"), 400),
    "a port of letters": (handshake("/live/v1/ws", "Host: a:b", without="Host"), 400),
    "another method": (handshake("/live/v1/ws").replace(b"GET", b"POST"), 405),
    "an extension without a name": (handshake("/live/v1/ws", "Sec-WebSocket-Extensions: ;;=;"), 101),
    "compression with bad words": (handshake("/live/v1/ws", "Sec-WebSocket-Extensions: permessage-deflate; x=1"), 400),
    "an escaped NUL in the address": (handshake("/live/v1/%00ws"), 403),
    "an escaped byte in the address": (handshake("/live/v1/ws%ff"), 403),
    "dots in the address": (handshake("/live/v1/../v1/ws"), 403),
}


@pytest.mark.parametrize(("data", "status"), HANDSHAKES.values(), ids=HANDSHAKES.keys())
async def test_a_bad_handshake_is_refused_without_its_words(server: Server, data: bytes, status: int):
    async with connected(server.port) as socket:
        socket.write(data)
        head = await socket.head()
    first, _, _ = head.partition(b"\r\n")
    assert first.split()[1] == str(status).encode(), first
    if status == 400:
        assert first == b"HTTP/1.1 400 Bad Request"


async def test_a_bad_request_ends_its_connection_with_one_answer(server: Server):
    async with connected(server.port) as socket:
        socket.write(request("/", "X-A: b", " c") + request("/healthz"))
        answer = await socket.rest()
    assert answer == b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "TRACK", "get", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/healthz", "/live/v1/sse?ch=trade.SOLUSDT", "/api/v1/pairs/", "/admin/"])
async def test_a_method_that_we_do_not_know_is_not_allowed(server: Server, method: str, path: str):
    async with connected(server.port) as socket:
        socket.write(request(path, "X-Secret: told", method=method))
        answer = await socket.rest()
    assert answer.startswith(b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, ")
    assert b"told" not in answer


@pytest.mark.parametrize(
    "data",
    [
        request("/healthz"),
        request("/api/v1/pairs/"),
        request("/nowhere"),
        request("/live/v1/poll"),
        request("/", method="TRACE"),
        request("/", " folded"),
        handshake(),
        handshake("/nowhere"),
        handshake(without="Sec-WebSocket-Key"),
    ],
)
async def test_nobody_is_told_what_serves(server: Server, data: bytes):
    async with connected(server.port) as socket:
        socket.write(data)
        head = (await socket.head()).lower()
    assert b"\r\nserver:" not in head
    assert b"daphne" not in head and b"autobahn" not in head and b"twisted" not in head


async def test_plain_daphne_reads_it_no_other_way(live_settings: dict[str, str], collected: Path, tmp_path: Path):
    (tmp_path / "static").symlink_to(collected)
    async with daphne(tmp_path, **live_settings) as server:
        for name, data in SMUGGLED.items():
            assert await wire.status(server.port, data) == 400, name
        assert await wire.status(server.port, request("/", method="TRACE")) == 405
        assert await wire.status(server.port, request("/readyz", "Host: 10.0.0.7")) in (200, 503)
        assert "Traceback" not in server.said


# --- Bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("expects", [(), ("Expect: 100-continue",)])
async def test_a_body_that_is_announced_as_too_long_is_refused_before_it_comes(
    server: Server, expects: tuple[str, ...]
):
    async with connected(server.port) as socket:
        socket.write(request("/admin/login/", f"Content-Length: {150 * 2**20}", *expects, method="POST"))
        answer = await socket.rest()
    assert answer.startswith(b"HTTP/1.1 413 ") and answer.count(b"HTTP/1.1") == 1


async def test_a_body_in_chunks_without_an_end_is_refused_on_the_way(server: Server):
    chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
    async with connected(server.port) as socket:
        socket.write(request("/admin/login/", "Transfer-Encoding: chunked", method="POST"))
        try:
            async with asyncio.timeout(wire.WITHIN_S):
                while not socket.reader.at_eof():
                    socket.write(chunk)
                    await socket.writer.drain()
                    await asyncio.sleep(0)  # lets the reader hear of the end
        except ConnectionError:
            return  # cut while we were still sending
        assert (await socket.rest()).count(b"HTTP/1.1 413 ") == 1


async def test_chunks_of_a_byte_each_are_counted_too(server: Server):
    async with connected(server.port) as socket:
        socket.write(request("/admin/login/", "Transfer-Encoding: chunked", method="POST"))
        socket.write(b"1\r\na\r\n" * 20)
        socket.write(b"200000\r\n" + bytes(16_384))
        socket.write(bytes(2**20))
        assert (await socket.rest()).count(b"413") <= 1


# --- Who asks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", ["10.0.0.7:8000", "balancer.internal", "x" * 300, "<script>", "[::1", "", "a:b:c"])
async def test_probes_are_answered_whatever_host_they_name(server: Server, path: str, host: str):
    async with httpx.AsyncClient() as client:
        answer = await client.get(server.url(path), headers={"Host": host})
        head = await client.head(server.url(path), headers={"Host": host})
    assert (answer.status_code, head.status_code, head.content) == (200, 200, b"")
    assert host not in answer.text or not host


async def test_probes_of_an_older_http_need_no_host(server: Server):
    async with connected(server.port) as socket:
        socket.write(b"GET /readyz HTTP/1.0\r\n\r\n")
        assert (await socket.rest()).startswith(b"HTTP/1.0 200 ")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_probes_are_only_read(server: Server, method: str):
    async with httpx.AsyncClient() as client:
        assert (await client.request(method, server.url("/healthz"))).status_code == 405


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/api/v1/pairs/", "/admin/", "/healthz/", "/readyz/x", "/healthz%2f", "/x/healthz"]
)
async def test_nothing_else_is_reached_under_a_foreign_name(server: Server, path: str):
    assert await wire.status(server.port, request(path, "Host: 10.0.0.7")) == 400
