"""Who sends a request a byte at a time is shed, and nobody else notices; who reads an answer slowly is not."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.kit.clients import EventClient, following
from tests.kit.market import Market, wall_ms
from tests.kit.serve import Server, daphne, serving
from tests.kit.wire import Socket, connected, handshake, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHED_S = 3
PIECE_EVERY_S = 0.1  # for Twisted, a sign of life
WITHIN_S = 60.0

DRIBBLED = {
    "a request line": (b"", b"GET /" + b"a" * 10_000),
    "a header": (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ", b"a" * 10_000),
    "a body": (request("/admin/login/", "Content-Length: 10000", method="POST"), b"a" * 10_000),
    "chunks": (request("/admin/login/", "Transfer-Encoding: chunked", method="POST"), b"1\r\na\r\n" * 2_000),
    "a handshake": (handshake()[:-2] + b"X-A: ", b"a" * 10_000),
    "nothing at all": (b"", b""),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["serve", "daphne"])
async def server(
    request: pytest.FixtureRequest,
    market: Market,
    live_settings: dict[str, str],
    collected: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Server]:
    """An instance that is not patient, and has files to give away."""
    data_dir = tmp_path_factory.mktemp("slow")
    (data_dir / "static").symlink_to(collected)
    variables = live_settings | {"TICKER_SHED_S": str(SHED_S)}
    started = serving(data_dir, 6, **variables) if request.param == "serve" else daphne(data_dir, **variables)
    async with started as server:
        yield server
        assert "Traceback" not in server.said


async def dribble(socket: Socket, pieces: bytes) -> bytes:
    """Send a byte now and then until the server ends the connection; what it says about it."""
    answer = asyncio.create_task(socket.rest(WITHIN_S))
    for piece in itertools.chain(pieces, itertools.repeat(None)):
        if piece is not None:
            socket.write(bytes([piece]))
        done, _ = await asyncio.wait({answer}, timeout=PIECE_EVERY_S)
        if done:
            break
    return await answer


async def shed(server: Server, begin: bytes, pieces: bytes) -> bytes:
    async with connected(server.port) as socket:
        socket.write(begin)
        return await dribble(socket, pieces)


async def test_who_dribbles_is_shed_and_told_so(server: Server):
    told = await asyncio.gather(*(shed(server, begin, pieces) for begin, pieces in DRIBBLED.values()))
    begun = [kind for kind, answer in zip(DRIBBLED, told, strict=True) if answer.startswith(b"HTTP/1.1 408 ")]
    assert begun == ["a header", "a body", "chunks", "a handshake"]  # of the others nothing is known yet


async def test_three_hundred_at_once_disturb_nobody(server: Server, market: Market):
    async with contextlib.AsyncExitStack() as opened:
        follower = await opened.enter_async_context(following(server.port, "trade.SOLUSDT"))
        listener = EventClient("trade.SOLUSDT")
        await listener.open(server.port)
        opened.push_async_callback(listener.close)
        await listener.settle()
        waiting = await opened.enter_async_context(connected(server.port))
        waiting.write(request("/live/v1/poll?ch=trade.SOLUSDT"))
        cursor = (await waiting.head(), await waiting.reader.readuntil(b"}"))[1].split(b'"')[3].decode()
        waiting.write(request(f"/live/v1/poll?ch=trade.SOLUSDT&cursor={cursor}&wait=25"))

        kinds = itertools.islice(itertools.cycle(DRIBBLED.values()), 300)
        crowd = asyncio.gather(*(shed(server, begin, pieces) for begin, pieces in kinds))
        while not crowd.done():
            async with following(server.port, "trade.BTCUSDT") as newcomer:
                made = await market.trades(1, symbol="BTCUSDT")
                assert (await newcomer.take(1))[0]["id"] == made[0].seq
        await crowd
        # The stream and the request that waits were open for longer than any request may take to come.
        [made] = await market.trades(1)
        assert [trade["id"] for trade in await follower.take(1)] == [made.seq]
        assert [trade["id"] for trade in await listener.take(1)] == [made.seq]
        assert (await waiting.head()).startswith(b"HTTP/1.1 200 ")


async def test_a_request_in_pieces_is_answered(server: Server):
    async with connected(server.port) as socket:
        for piece in request("/healthz", "Connection: close"):
            socket.write(bytes([piece]))
            await socket.writer.drain()
            await asyncio.sleep(0)
        assert (await socket.rest()).startswith(b"HTTP/1.1 200 ")


async def test_between_two_requests_there_is_more_time_but_none_in_the_second(server: Server):
    async with connected(server.port) as patient, connected(server.port) as slow:
        for socket in (patient, slow):
            socket.write(request("/healthz"))
            await socket.head()
            await socket.reader.readuntil(b"}")
        await shed(server, b"", b"")  # so long they are idle
        assert (await dribble(slow, request("/healthz", "X-A: " + "a" * 10_000))).startswith(b"HTTP/1.1 408 ")
        patient.write(request("/healthz"))
        assert (await patient.head()).startswith(b"HTTP/1.1 200 ")


async def test_two_requests_in_one_piece_are_two_answers(server: Server):
    async with connected(server.port) as socket:
        socket.write(request("/healthz") + request("/live/v1/poll") + request("/readyz", "Connection: close"))
        assert (await socket.rest()).count(b"HTTP/1.1 ") == 3


async def test_who_reads_slowly_gets_all_of_it(server: Server):
    async with connected(server.port) as socket:
        path = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
        socket.write(request(path, "Connection: close"))
        head = await socket.head()
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert length > 1_000_000
        await shed(server, b"", b"")  # so long it reads no more than it has to
        assert len(await socket.rest()) == length


# --- Clocks ---------------------------------------------------------------------------------------

# Read by Python before anything else: the wall clock of this process is 25 hours ahead once a file is there.
JUMPS = """
import os, time
def ahead(clock, by):
    return lambda: clock() + (by if os.path.exists({flag!r}) else 0)
time.time, time.time_ns = ahead(time.time, 90_000), ahead(time.time_ns, 90_000 * 10**9)
"""


async def test_a_wall_clock_that_jumps_ends_no_connection(
    market: Market, live_settings: dict[str, str], tmp_path: Path
):
    flag = tmp_path / "jumped"
    (tmp_path / "sitecustomize.py").write_text(JUMPS.format(flag=str(flag)))
    variables = live_settings | {"PYTHONPATH": str(tmp_path)}
    async with (
        serving(tmp_path / "data", 7, **variables) as server,
        following(server.port, "trade.SOLUSDT") as follower,
        following(server.port, "trade.SOLUSDT", over="sse") as listener,
        connected(server.port) as idle,
        connected(server.port) as coming,
    ):
        idle.write(request("/healthz"))
        await idle.head()
        await idle.reader.readuntil(b"}")
        coming.write(request("/healthz")[:-2])
        flag.touch()
        while (await follower.hear("hb"))["time"] < wall_ms() + 80_000_000:
            pass  # it does not know yet
        await follower.hear("hb")  # whatever ends connections has had a second for it
        [made] = await market.trades(1)
        for client in (follower, listener):
            assert [trade["id"] for trade in await client.take(1)] == [made.seq]
        for socket, rest in ((idle, request("/healthz")), (coming, b"\r\n")):
            socket.write(rest)
            assert (await socket.head()).startswith(b"HTTP/1.1 200 ")
