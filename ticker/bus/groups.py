"""The channel layer's groups, as one process uses them: to tell all processes, and to hear what the others tell."""

import asyncio
from typing import Any

from channels.layers import get_channel_layer

from ticker.bus.redis import translated

# The only type that travels in our groups: what clients have said never chooses a handler.
TOLD = "group.told"


async def send(group: str, *, text: str | None = None, data: bytes | None = None) -> None:
    """Tell a group; at most once. The layer's msgpack would refuse Decimal and cut large integers: it carries text.

    Raises Unavailable when Redis is away.
    """
    with translated():
        await get_channel_layer().group_send(group, {"type": TOLD, "group": group, "text": text, "bytes": data})


class Ear:
    """This process's one member of every group that it has joined. Lives in one event loop."""

    def __init__(self) -> None:
        self._channel = ""
        self.opened = asyncio.Event()  # when the first group was joined

    async def join(self, group: str) -> None:
        """Raises Unavailable when Redis is away."""
        with translated():
            if not self._channel:
                self._channel = await get_channel_layer().new_channel("hub.")
                self.opened.set()
            await get_channel_layer().group_add(group, self._channel)

    async def leave(self, group: str) -> None:
        with translated():
            await get_channel_layer().group_discard(group, self._channel)

    async def hear(self) -> dict[str, Any]:
        """The next message of any joined group: `{"group": …, "text": …, "bytes": …}`."""
        message: dict[str, Any] = await get_channel_layer().receive(self._channel)
        return message
