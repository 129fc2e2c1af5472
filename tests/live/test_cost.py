"""What an open connection keeps, and that nothing of it is left when it has gone."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
import websockets

from tests.kit.clients import following
from tests.kit.market import Market
from tests.kit.ports import free_ports
from tests.kit.serve import Server, running

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHARED_NAMES_MOST = 30  # CPython: with more names, each instance's dict has a table of its own
CLIENTS = 40
# The hub's loops name the last client that they looked after until they look again.
REMEMBERED = 1


class Inventory:
    """A server that says what it holds."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def take(self) -> dict[str, Any]:
        taken = self.server.said.count("in_dicts")
        self.server.process.send_signal(signal.SIGUSR1)
        async with asyncio.timeout(10):
            while self.server.said.count("in_dicts") == taken or not self.server.said.endswith("}\n"):
                await asyncio.sleep(0.02)
        return json.loads(self.server.said.splitlines()[-1])

    async def becomes(self, what: str, most: int) -> None:
        """Wait until no more of this are left."""
        async with asyncio.timeout(20):
            while (await self.take())[what] > most:
                await asyncio.sleep(0.1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inventory(
    market: Market, live_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Inventory]:
    port = free_ports(1)
    words = ("-m", "tests.kit.inventory", "--port", str(port))
    async with running(tmp_path_factory.mktemp("inventory"), *words, port=port, **live_settings) as server:
        yield Inventory(server)


async def test_an_open_websocket_keeps_nothing_of_its_handshake(inventory: Inventory):
    before = await inventory.take()  # maybe the request of whoever asked whether it serves
    async with AsyncExitStack() as opened:
        for _ in range(CLIENTS):
            await opened.enter_async_context(following(inventory.server.port, "trade.SOLUSDT"))
        held = await inventory.take()
        assert held["websockets"] >= CLIENTS
        assert held["of_handshakes"] == []
        assert held["channels"] <= before["channels"]
        assert held["requests"] <= before["requests"]


async def test_python_shares_the_names_of_all_websockets(inventory: Inventory, market: Market):
    async with following(inventory.server.port, "trade.SOLUSDT") as client:
        await client.say({"op": "ping"})  # also what a message leaves behind
        await client.hear("pong")
        in_dicts = (await inventory.take())["in_dicts"]
    assert in_dicts and len(in_dicts) <= SHARED_NAMES_MOST


@pytest.mark.parametrize("how", ["politely", "cut"])
async def test_what_has_gone_is_given_back_without_the_collector(inventory: Inventory, market: Market, how: str):
    address = inventory.server.url("/live/v1/ws?ch=trade.SOLUSDT", "ws")
    sockets = [await websockets.connect(address) for _ in range(CLIENTS)]
    await inventory.becomes("channels", 0)
    for socket in sockets:
        if how == "cut":
            socket.transport.abort()
        else:
            await socket.close()
    await inventory.becomes("websockets", REMEMBERED)


@pytest.mark.parametrize("path", ["/live/v1/sse?ch=trade.SOLUSDT", "/healthz"])
async def test_so_is_what_came_by_http(inventory: Inventory, path: str):
    for _ in range(CLIENTS):
        reader, writer = await asyncio.open_connection("127.0.0.1", inventory.server.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.transport.abort()
    await inventory.becomes("requests", 0)
    await inventory.becomes("channels", 0)
