"""The load: many raw WebSocket clients in one event loop, so cheap that the server is what is measured."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from bench.counting import Counter, Frames, Sample, text_frame
from bench.dialects import Dialect

OPENING_AT_ONCE = 100  # as many handshakes at a time: a crowd, not a flood
OPEN_WITHIN_S = 30.0
SAMPLED = 8  # clients whose every trade is looked at; the others' are only counted


def upgrade(port: int, path: str) -> bytes:
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )
    return "\r\n".join((*lines, "", "")).encode()


class Client(asyncio.Protocol):
    """One client. Connections are shorter than the 20 s after which servers ping, so it answers no ping."""

    def __init__(self, port: int, dialect: Dialect) -> None:
        self.trades = 0
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport
        self._port, self._dialect = port, dialect
        self._head = b""
        self._introduced = False
        self._counter = Counter(dialect.trade)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(upgrade(self._port, self._dialect.path))

    def data_received(self, data: bytes) -> None:
        if self.opened.done():
            self.heard(data)
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return
        if not self._introduced:
            self._introduced = True
            if not self._head.startswith(b"HTTP/1.1 101"):
                self._fail(f"refused: {self._head[:60]!r}")
                return
            if self._dialect.introduce:
                self.transport.write(text_frame(self._dialect.introduce))
        if self._dialect.follows in self._head:
            self.opened.set_result(None)
            self.heard(self._head[end + 4 :])

    def heard(self, data: bytes) -> None:
        """What came after the handshake."""
        self.trades += self._counter.count(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(f"connection lost: {error}")

    def _fail(self, why: str) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(why))


class SampledClient(Client):
    """A client that also looks at the trades."""

    def __init__(self, port: int, dialect: Dialect) -> None:
        super().__init__(port, dialect)
        self.sample = Sample()
        self._frames = Frames()

    def heard(self, data: bytes) -> None:
        super().heard(data)
        now_ms = time.time() * 1000
        for _, payload in self._frames.take(data):
            self.sample.add(payload, now_ms)


class ResumingClient(Client):
    """A client that comes back with its position and keeps all that it hears, to be judged afterwards."""

    def __init__(self, port: int, dialect: Dialect, subscribe: bytes, live_with: bytes) -> None:
        super().__init__(port, dialect)
        self.live: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._subscribe, self._live_with = subscribe, live_with
        self._kept = bytearray()
        self._asked = False

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._introduced and not self._asked:
            self._asked = True
            self.transport.write(text_frame(self._subscribe))

    def heard(self, data: bytes) -> None:
        self._kept += data
        if not self.live.done() and self._live_with in self._kept:
            self.live.set_result(time.perf_counter())

    def messages(self) -> list[bytes]:
        """Every text that it has heard."""
        return [payload for opcode, payload in Frames().take(bytes(self._kept)) if opcode == 1]

    def has(self, mark: bytes) -> bool:
        return mark in self._kept


async def connect(clients: Sequence[Client], port: int, *, at_once: int = OPENING_AT_ONCE) -> None:
    """Open all; return when each follows the trades. Raises ConnectionError or TimeoutError."""
    loop = asyncio.get_running_loop()
    turn = asyncio.Semaphore(at_once)

    async def open_one(client: Client) -> None:
        async with turn:
            await loop.create_connection(factory_of(client), "127.0.0.1", port)
            await client.opened

    try:
        async with asyncio.timeout(OPEN_WITHIN_S), asyncio.TaskGroup() as tasks:
            for client in clients:
                tasks.create_task(open_one(client))
    except* ConnectionError as errors:
        raise ConnectionError(str(errors.exceptions[0])) from None


def factory_of(client: Client) -> Callable[[], Client]:
    return lambda: client


async def close(clients: Sequence[Client]) -> None:
    """Hang up, and let the loop forget the connections."""
    for client in clients:
        client.transport.abort()
    for client in clients:
        with suppress(Exception):
            client.opened.exception()  # asked for, so that nobody complains that it was not
    await asyncio.sleep(0.1)


def crowd(port: int, dialect: Dialect, count: int) -> list[Client]:
    """So many clients; a few of them, spread evenly, look at what they hear."""
    every = max(1, count // SAMPLED)
    return [(SampledClient if number % every == 0 else Client)(port, dialect) for number in range(count)]


def samples(clients: Sequence[Client]) -> list[Sample]:
    return [client.sample for client in clients if isinstance(client, SampledClient)]
