"""An address has so many connections and connects a minute, whichever instances and transports they come by."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import websockets
from redis import Redis

from tests.kit.market import Market
from tests.kit.serve import Server, serving
from ticker.bus.redis import key

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST, MOST_CONNECTS, FORGET_S = 50, 120, 4
WITHIN_S = 30.0
PROXY = "127.0.99.1"  # the second instance believes it

_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def limited(
    market: Market, live_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[Server]]:
    """Two instances that count this machine too."""
    variables = live_settings | {"TICKER_LIMIT_LOOPBACK": "1", "TICKER_FORGET_S": str(FORGET_S)}
    data_dir = tmp_path_factory.mktemp("limited")
    async with contextlib.AsyncExitStack() as opened:
        one = await opened.enter_async_context(serving(data_dir / "1", 1, **variables))
        variables["TICKER_TRUSTED_PROXIES"] = PROXY
        yield [one, await opened.enter_async_context(serving(data_dir / "2", 2, **variables))]


@pytest.fixture
def address() -> str:
    """One of this machine's sixteen million addresses that nobody has used yet."""
    number = next(_numbers)
    return f"127.1.{number // 250}.{number % 250 + 1}"


@pytest.fixture
def counted(redis_connections: Redis) -> "Counted":
    return Counted(redis_connections)


class Counted:
    """What Redis knows of an address."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def connections(self, address: str) -> dict[bytes, float]:
        """When each connection was last heard of."""
        return dict(self._redis.zrange(key("connections", address), 0, -1, withscores=True))

    async def become(self, address: str, count: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while len(self.connections(address)) != count:
                await asyncio.sleep(0.02)


class Caller:
    """Somebody at an address: connects, and keeps what is open until the end."""

    def __init__(self, address: str, **headers: str) -> None:
        self.address, self.headers = address, headers
        self.sockets: list[websockets.ClientConnection] = []
        self._opened = contextlib.AsyncExitStack()
        transport = httpx.AsyncHTTPTransport(local_address=address, limits=httpx.Limits(max_connections=None))
        self._http = httpx.AsyncClient(transport=transport, timeout=WITHIN_S, headers=headers)

    async def __aenter__(self) -> "Caller":
        await self._opened.enter_async_context(self._http)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(socket.close() for socket in self.sockets))
        await self._opened.aclose()

    async def socket(self, server: Server, path: str = "/live/v1/ws") -> list[dict[str, object] | str]:
        """Open a WebSocket; what was said up to the greeting, or up to the end if it was refused."""
        socket = await websockets.connect(
            server.url(path, "ws"), local_addr=(self.address, 0), additional_headers=self.headers
        )
        self.sockets.append(socket)
        said: list[dict[str, object] | str] = []
        with contextlib.suppress(websockets.ConnectionClosed):
            async with asyncio.timeout(WITHIN_S):
                while not said or not greets(said[-1]):
                    text = await socket.recv()
                    said.append(json.loads(text) if text[0] == "{" else str(text))
        return said

    async def sockets_of(self, server: Server, count: int, path: str = "/live/v1/ws") -> None:
        for _ in range(count):
            assert greets((await self.socket(server, path))[-1])

    async def events(self, server: Server) -> httpx.Response:
        """Open a stream of events."""
        request = self._http.build_request("GET", server.url("/live/v1/sse?ch=trade.SOLUSDT"))
        response = await self._http.send(request, stream=True)
        self._opened.push_async_callback(response.aclose)
        return response

    async def poll(self, server: Server, cursor: str = "") -> httpx.Response:
        return await self._http.get(
            server.url(f"/live/v1/poll?ch=trade.SOLUSDT&wait=25{cursor and '&cursor='}{cursor}")
        )

    @property
    def close_code(self) -> int | None:
        """Of the newest WebSocket."""
        return self.sockets[-1].close_code


def greets(said: dict[str, object] | str) -> bool:
    return isinstance(said, str) or said["type"] == "hello"


def check_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60


@pytest.fixture
def one(limited: list[Server]) -> Server:
    return limited[0]


@pytest.fixture
def two(limited: list[Server]) -> Server:
    return limited[1]


# --- At once --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/live/v1/ws", "/live/v1/broadcast"])
async def test_a_websocket_above_the_limit_hears_why_and_is_closed_for_good(one: Server, address: str, path: str):
    async with Caller(address) as caller:
        await caller.sockets_of(one, MOST, path)
        *_, bye = await caller.socket(one, path)
        assert bye == {"type": "bye", "code": 4504, "reason": "too many connections", "reconnect": False}
        assert caller.close_code == 4504


async def test_a_stream_or_a_poll_above_the_limit_is_refused_before_it_begins(
    one: Server, address: str, counted: Counted
):
    async with Caller(address) as caller:
        assert {(await caller.events(one)).status_code for _ in range(MOST)} == {200}
        check_refused(await caller.events(one))
        check_refused(await caller.poll(one))
        assert len(counted.connections(address)) == MOST


async def test_all_instances_and_transports_count_together(one: Server, two: Server, address: str):
    async with Caller(address) as caller, Caller(f"127.2.{address.split('.', 2)[2]}") as neighbour:
        await caller.sockets_of(one, 20)
        await caller.sockets_of(two, 10, "/live/v1/broadcast")
        for _ in range(20):
            assert (await caller.events(two)).status_code == 200
        for server in (one, two):
            await caller.socket(server)
            assert caller.close_code == 4504
            check_refused(await caller.events(server))
        await neighbour.sockets_of(one, 1)


async def test_whoever_leaves_makes_room(one: Server, two: Server, address: str, counted: Counted):
    async with Caller(address) as caller:
        await caller.sockets_of(one, MOST - 1)
        await caller.events(two)
        await caller.socket(two)
        assert caller.close_code == 4504
        await caller.sockets[0].close()
        caller.sockets[1].transport.abort()  # without a word
        await counted.become(address, MOST - 2)
        await caller.sockets_of(two, 2)
        await caller.socket(two)
        assert caller.close_code == 4504


async def test_nothing_remains_of_those_who_have_left(one: Server, address: str, counted: Counted):
    async with Caller(address) as caller:
        await caller.sockets_of(one, 5)
        await caller.sockets_of(one, 5, "/live/v1/broadcast")
        await caller.events(one)
        await caller.poll(one)
        await counted.become(address, 11)
    await counted.become(address, 0)


async def test_polls_count_while_they_wait(one: Server, address: str, market: Market, counted: Counted):
    async with Caller(address) as caller:
        cursor = (await caller.poll(one)).json()["cursor"]
        waiting = [asyncio.create_task(caller.poll(one, cursor)) for _ in range(MOST)]
        await counted.become(address, MOST)
        check_refused(await caller.poll(one))
        await market.trades()
        assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}
        await counted.become(address, 0)
        assert (await caller.poll(one)).status_code == 200


# --- In a minute ----------------------------------------------------------------------------------


async def test_connects_of_a_minute_are_counted_and_told_to_come_back_later(one: Server, two: Server, address: str):
    async with Caller(address) as caller:
        for number in range(MOST_CONNECTS):
            server = (one, two)[number % 2]
            if number % 3:
                assert greets((await caller.socket(server))[-1])
                await caller.sockets[-1].close()
            else:
                stream = await caller.events(server)
                assert stream.status_code == 200
                await stream.aclose()
        for server in (one, two):
            *_, bye = await caller.socket(server)
            assert (bye["code"], bye["reconnect"], bye["after_ms"]) == (4101, True, [5_000, 15_000])
            assert caller.close_code == 4101
            check_refused(await caller.events(server))


async def test_polls_are_no_connects(one: Server, address: str):
    async with Caller(address) as caller:
        answers = [await caller.poll(one) for _ in range(MOST_CONNECTS + 5)]
        assert {answer.status_code for answer in answers} == {200}
        await caller.sockets_of(one, 1)


# --- Instances that die, and those that live ----------------------------------------------------------


async def test_what_a_killed_instance_had_is_given_back(
    one: Server, address: str, live_settings: dict[str, str], tmp_path: Path, counted: Counted
):
    variables = live_settings | {"TICKER_LIMIT_LOOPBACK": "1", "TICKER_FORGET_S": str(FORGET_S)}
    async with serving(tmp_path / "doomed", 3, **variables) as doomed, Caller(address) as caller:
        await caller.sockets_of(doomed, MOST)
        await caller.socket(one)
        assert caller.close_code == 4504
        doomed.kill()
        await doomed.ended()
        async with asyncio.timeout(WITHIN_S):
            while not greets((await caller.socket(one))[-1]):
                await asyncio.sleep(0.5)


async def test_connections_that_stay_are_not_forgotten(one: Server, address: str, counted: Counted):
    async with Caller(address) as caller:
        await caller.sockets_of(one, MOST - 1)
        await caller.events(one)
        opened = max(counted.connections(address).values())
        async with asyncio.timeout(WITHIN_S):
            while min(counted.connections(address).values()) < opened + FORGET_S * 1000:
                await asyncio.sleep(0.1)
        await caller.socket(one)
        assert caller.close_code == 4504


# --- Who it is --------------------------------------------------------------------------------------


@pytest.fixture
def made_up() -> Iterator[str]:
    return (f"203.0.113.{number}" for number in itertools.count(1))


async def test_nobody_is_somebody_else_by_a_header(two: Server, address: str, counted: Counted, made_up: Iterator[str]):
    for _ in range(3):
        async with Caller(address, **{"X-Forwarded-For": next(made_up)}) as caller:
            await caller.sockets_of(two, 1)
            await caller.events(two)
            assert len(counted.connections(address)) == 2
        await counted.become(address, 0)


async def test_a_proxy_that_is_named_says_who_it_is(two: Server, counted: Counted):
    async with Caller(PROXY, **{"X-Forwarded-For": "198.51.100.1, 203.0.113.77"}) as caller:
        await caller.sockets_of(two, 1)
        await caller.events(two)
        assert len(counted.connections("203.0.113.77")) == 2
        assert counted.connections(PROXY) == counted.connections("198.51.100.1") == {}


async def test_on_this_machine_nothing_is_counted_unless_asked_for(server: Server, counted: Counted, address: str):
    async with Caller(address) as caller:
        await caller.sockets_of(server, MOST + 1)
        assert counted.connections(address) == {}
