"""Bytes on a socket as a hostile client writes them: nothing here keeps the rules unless a test asks it to."""

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator
from typing import NamedTuple

WITHIN_S = 20.0

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Frame(NamedTuple):
    opcode: int
    payload: bytes

    @property
    def code(self) -> int | None:
        """Of a close frame."""
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else None


def frame(
    payload: bytes = b"",
    opcode: int = TEXT,
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bool = True,
    claim: int | None = None,
) -> bytes:
    """A client's frame; `claim` is a length that it says it has."""
    length = len(payload) if claim is None else claim
    head = bytes([fin << 7 | rsv << 4 | opcode])
    if length < 126:
        head += bytes([mask << 7 | length])
    elif length < 65_536:
        head += struct.pack("!BH", mask << 7 | 126, length)
    else:
        head += struct.pack("!BQ", mask << 7 | 127, length)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))


def request(path: str = "/", *headers: str | bytes, method: str = "GET", version: str = "1.1") -> bytes:
    """The head of a request, with a Host unless a header names one."""
    lines = [one.encode("latin-1") if isinstance(one, str) else one for one in headers]
    if not any(line.lower().startswith(b"host") for line in lines):
        lines.insert(0, b"Host: 127.0.0.1")
    return b"\r\n".join([f"{method} {path} HTTP/{version}".encode("latin-1"), *lines, b"", b""])


def handshake(path: str = "/live/v1/ws", *headers: str | bytes, without: str = "") -> bytes:
    """The head of a WebSocket handshake, that lacks a header if a test says so."""
    needed = (
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    return request(path, *(one for one in needed if not without or not one.startswith(without)), *headers)


class Socket:
    """One TCP connection to a server of this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> bytes:
        """An answer up to its body."""
        async with asyncio.timeout(WITHIN_S):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def rest(self, within_s: float = WITHIN_S) -> bytes:
        """Everything until the server ends the connection."""
        found = b""
        async with asyncio.timeout(within_s):
            with contextlib.suppress(ConnectionError):
                while data := await self.reader.read(65_536):
                    found += data
        return found

    async def frame(self) -> Frame:
        """The next frame. Raises IncompleteReadError at the end."""
        async with asyncio.timeout(WITHIN_S):
            first, length = await self.reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return Frame(first & 15, await self.reader.readexactly(length))

    async def code(self) -> int | None:
        """Wait for the close frame; its code, or None where the connection ends without one."""
        try:
            while (found := await self.frame()).opcode != CLOSE:
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return found.code


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[Socket]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Socket(reader, writer)
    finally:
        writer.transport.abort()


@contextlib.asynccontextmanager
async def open_socket(port: int, path: str = "/live/v1/ws") -> AsyncIterator[Socket]:
    """A WebSocket that has been opened and greeted."""
    async with connected(port) as socket:
        socket.write(handshake(path))
        assert (await socket.head()).startswith(b"HTTP/1.1 101")
        await socket.frame()
        yield socket


async def status(port: int, data: bytes) -> int:
    """The status that these bytes are answered with; 0 where there is no answer."""
    async with connected(port) as socket:
        socket.write(data)
        try:
            return int((await socket.head()).split()[1])
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0
