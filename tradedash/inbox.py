"""What a client has said and its application has not heard yet: an asyncio.Queue has four deques, 3.3 KB, for it."""

import asyncio
from typing import Any


class Inbox:
    """Messages in order, for one application; without a bound, as Daphne's: our sessions end a client that floods."""

    __slots__ = ("_said", "_waiting")

    def __init__(self) -> None:
        self._said: list[dict[str, Any]] = []
        self._waiting: asyncio.Future[None] | None = None

    def put_nowait(self, message: dict[str, Any]) -> None:
        self._said.append(message)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def get(self) -> dict[str, Any]:
        """The next message, when there is one. Whoever is cancelled while waiting has taken none."""
        while not self._said:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self._said.pop(0)
