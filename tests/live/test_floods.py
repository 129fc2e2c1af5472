"""A client that says more than anybody can hear is slowed, then ended, and costs no memory meanwhile."""

import asyncio
import contextlib
import os

import pytest

from tests.kit.clients import following
from tests.kit.market import Market
from tests.kit.serve import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

MEMORY = "process_resident_memory_bytes"
HANDSHAKE = (
    "GET /live/v1/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
WITHIN_S = 60.0


def frame(payload: bytes) -> bytes:
    """A masked text frame."""
    mask = os.urandom(4)
    return bytes([0x81, 0x80 | len(payload)]) + mask + bytes(one ^ mask[at % 4] for at, one in enumerate(payload))


async def hear(reader: asyncio.StreamReader, said: bytearray) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            said += data


@pytest.mark.parametrize("address", ["ws", "broadcast"])
async def test_a_flood_of_tiny_frames_is_ended_and_costs_no_memory(server: Server, market: Market, address: str):
    async with following(server.port, "trade.SOLUSDT") as bystander:
        before = await server.gauge(MEMORY)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(HANDSHAKE.format(address).encode())
        await reader.readuntil(b"\r\n\r\n")
        most = 0.0
        said = bytearray()
        hearing = asyncio.create_task(hear(reader, said))
        writer.write(frame(b'{"op":"ping"}') * 1_000_000)  # 19 MB
        async with asyncio.timeout(WITHIN_S):
            while not hearing.done():
                most = max(most, await server.gauge(MEMORY))
        assert (4101).to_bytes(2, "big") + b"rate limited" in said
        assert most - before < 8_000_000
        made = await market.trades(5)
        assert [item["id"] for item in await bystander.take(5)] == [trade.seq for trade in made]
        writer.close()
