"""Clients that never give up: whatever ends their connection, they go on where they stood, at the next instance."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import httpx
import websockets

from tests.kit.clients import WITHIN_S, Client, Gone, Message

AGAIN_AFTER_S = 0.05  # an instance that starts does not listen yet


class Follower:
    """A client that goes on until it is told to stop; silent for longer than `silence_s`, a connection counts as dead."""

    def __init__(self, client: Client, ports: Sequence[int], *, silence_s: float = WITHIN_S) -> None:
        self.client = client
        self.losses = 0
        self.resets: list[Message] = []  # what it was told of logs that cannot be gone on with
        self.feeds: list[str] = []  # what it was told of the feed: "stale", "live" …
        self._ports, self._silence_s = ports, silence_s
        self._news = asyncio.Condition()
        self._running = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._follow()
        finally:
            await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _follow(self) -> None:
        for port in itertools.cycle(self._ports):
            with contextlib.suppress(Gone, OSError, TimeoutError, httpx.TransportError, websockets.InvalidHandshake):
                async with asyncio.timeout(self._silence_s):
                    await self.client.open(port)
                await self._tell()
                while True:
                    self._note(await self.client.next(self._silence_s))
                    await self._tell()
            self.losses += 1
            await self.client.drop()
            await asyncio.sleep(AGAIN_AFTER_S)

    def _note(self, message: Message) -> None:
        if message.get("resume") == "reset":
            self.resets.append(message)
        if message["type"] == "status":
            self.feeds.append(message["feed"])

    async def until(self, condition: Any, within_s: float = 60.0) -> None:
        """Wait until this holds; asked again after every message. Fails with what the client has complained of."""
        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(lambda: condition() or self._running.done())
        if self._running.done():
            self._running.result()

    async def reach(self, seqs: Mapping[str, int], within_s: float = 60.0) -> None:
        """Wait until every channel is at least here."""
        last = self.client.last
        await self.until(lambda: all(last.get(channel, -1) >= seq for channel, seq in seqs.items()), within_s)

    async def stop(self) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self.client.drop()

    def trades(self, symbol: str) -> list[Message]:
        return self.client.trades_of.get(f"trade.{symbol}", [])

    def ids(self, symbol: str = "SOLUSDT") -> list[int]:
        return [trade["id"] for trade in self.trades(symbol)]


@contextlib.asynccontextmanager
async def stopped_after(followers: Iterable[Follower]) -> AsyncIterator[list[Follower]]:
    """These followers, who go on while the block runs."""
    found = list(followers)
    try:
        yield found
    finally:
        await asyncio.gather(*(follower.stop() for follower in found))
