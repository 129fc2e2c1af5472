"""A network in a test's hands: between a client and its server, and slow, stuck or cut when a test says so."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

from tests.kit.ports import free_ports

PIECE = 4_096  # bytes passed on at once
BUFFER = 16_384  # bytes on their way; left to itself the kernel has megabytes, and slowness would not be felt


class Proxy:
    """Passes TCP on to a port of this machine. Everything said here is about what the client hears."""

    def __init__(self, to_port: int) -> None:
        self.to_port = to_port
        self.port = free_ports(1)
        self.bytes_per_s: float | None = None
        self.cut_after: Callable[[], int | None] = lambda: None  # bytes; asked for each connection
        self.cuts = 0
        self._flows = asyncio.Event()
        self._flows.set()
        self._connections: set[asyncio.Task[None]] = set()

    def stick(self) -> None:
        """Pass on nothing more, and say nothing of it."""
        self._flows.clear()

    def flow(self) -> None:
        self._flows.set()

    async def serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._meet, "127.0.0.1", self.port, limit=PIECE)

    async def close(self) -> None:
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        try:
            await self._between(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # one of the two has gone, or the test is over
        finally:
            writer.transport.abort()

    async def _between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = socket.socket()
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)  # before it connects: the window follows
        upstream.setblocking(False)
        await asyncio.get_running_loop().sock_connect(upstream, ("127.0.0.1", self.to_port))
        heard, said = await asyncio.open_connection(sock=upstream, limit=PIECE)
        both: list[asyncio.Task[None]] = []
        try:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
            writer.transport.set_write_buffer_limits(high=PIECE)
            both += [asyncio.create_task(self._up(reader, said)), asyncio.create_task(self._down(heard, writer))]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            said.transport.abort()
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE):
            await self._flows.wait()
            writer.write(data)
            await writer.drain()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = self.cut_after()
        loop = asyncio.get_running_loop()
        due = loop.time()
        while left is None or left > 0:
            data = await reader.read(PIECE if left is None else min(PIECE, left))
            if not data:
                return
            await self._flows.wait()
            writer.write(data)
            await writer.drain()
            if left is not None:
                left -= len(data)
            if self.bytes_per_s:
                due = max(due, loop.time() - 0.05) + len(data) / self.bytes_per_s
                await asyncio.sleep(due - loop.time())
        self.cuts += 1


@contextlib.asynccontextmanager
async def proxy(to_port: int) -> AsyncIterator[Proxy]:
    found = Proxy(to_port)
    async with await found.serve():
        try:
            yield found
        finally:
            await found.close()
