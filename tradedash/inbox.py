"""What a client has said and its application has not heard yet: an asyncio.Queue has four deques, 3.3 KB, for it."""

import asyncio
from typing import Any

MOST = 64  # messages; one read of the socket may bring some more


class Inbox:
    """Messages in order, for one application. Above MOST, a connection is not read until half of them are heard.

    So whoever sends faster than its application hears is slowed by TCP, and nobody else waits for it.
    """

    __slots__ = ("_is_paused", "_said", "_transport", "_waiting")

    def __init__(self, transport: Any = None) -> None:
        """`transport` is what can be paused; requests, whose bodies are bounded, need none."""
        self._said: list[dict[str, Any]] = []
        self._waiting: asyncio.Future[None] | None = None
        self._transport = transport
        self._is_paused = False

    def put_nowait(self, message: dict[str, Any]) -> None:
        self._said.append(message)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
        if len(self._said) > MOST and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pauseProducing()

    async def get(self) -> dict[str, Any]:
        """The next message, when there is one. Whoever is cancelled while waiting has taken none."""
        while not self._said:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        if self._is_paused and len(self._said) <= MOST // 2:
            self._is_paused = False
            self._transport.resumeProducing()
        return self._said.pop(0)
