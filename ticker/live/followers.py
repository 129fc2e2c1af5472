"""One client of the hub, whatever it came by: what is said to it, that it hears a sign of life, and how it leaves."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

from ticker.live import metrics
from ticker.live.clients import Client
from ticker.live.held import Held
from ticker.live.topics import Topic, Window
from ticker.services import instance
from ticker.wire import closing, frames, messages
from ticker.wire.channels import Channel
from ticker.wire.closing import Goodbye
from ticker.wire.messages import Message

if TYPE_CHECKING:
    from ticker.live.hub import Hub

log = logging.getLogger(__name__)

FRAMES = "tradedash.frames"  # the ASGI extensions of our server: of a WebSocket …
OUTGOING = "tradedash.outgoing"  # … and of a request
# Bytes that wait for one client; above it the client is closed and may resume. The longest replay (pair.KEPT trades,
# 1.4 MB) must fit, or a client that was away for long would be closed before its network could carry it.
HELD_MOST = 2_097_152
PRESSED_ABOVE = 65_536  # bytes that the client has not taken
RELIEVED_BELOW = 8_192
PRESSED_MOST_S = 12.0  # with the moment until it shows, a client that reads nothing is gone within 15 s
MEASURE_EVERY = 32_768  # bytes: asking the kernel after each write would cost a third system call
WAITING_MOST = 1_000  # messages, where the server does not tell how many bytes wait


class Outgoing(Protocol):
    """What our server offers in the scope of a request (tradedash/frames.py)."""

    def bound(self) -> None: ...
    def unsent(self) -> int: ...
    def abort(self) -> None: ...


class Frames(Outgoing, Protocol):
    """What our server offers in the scope of a WebSocket: bytes straight to the socket."""

    def write(self, data: bytes) -> bool: ...  # whether the socket took it all
    def close(self, code: int, reason: str) -> None: ...


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Follower:
    """One client. `say` never waits: what a client does not take in time is bounded by closing it."""

    __slots__ = ("__weakref__", "_beat_at", "_said_at", "_told", "client", "ends_at", "hub", "is_closed", "topics")
    transport = ""

    def __init__(self, hub: "Hub", client: Client) -> None:
        self.hub = hub
        self.client = client
        self.topics: dict[Channel, Topic] = {}
        self.is_closed = False
        self._said_at = self._beat_at = hub.now
        age_s, spread = self.lives()
        self.ends_at = hub.now + age_s * random.uniform(1 - spread, 1 + spread)
        self._told: dict[str, int] = {}  # the top of each channel in the last heartbeat
        metrics.FOLLOWERS.labels(self.transport).inc()

    @staticmethod
    def lives() -> tuple[float, float]:
        """How many seconds a connection lives at most, and what part of that by chance more or less."""
        return settings.LIVE_MAX_AGE_S, 0.1

    @property
    def is_private(self) -> bool:
        """Whether it follows what is a user's own."""
        return any(channel.name.startswith("me.") for channel in self.topics)

    def say(self, message: Message) -> None:
        """Send a message, after all that was said before."""
        raise TypeError("a follower has a transport")

    def hello(self) -> None:
        """Say who is there, and what the limits are."""
        client = self.client
        self.say(
            messages.hello(
                conn=client.conn,
                server=instance.name,
                time_ms=wall_ms(),
                hb_ms=settings.HEARTBEAT_MS,
                user=client.user,
                limits=settings.LIVE_LIMITS,
            )
        )

    def say_all(self, window: Window) -> None:
        """Send the messages of a window, which others are sent too."""
        for message in window.messages:
            self.say(message)

    def relay(self, opcode: int, payload: bytes) -> None:
        """Send somebody's frame as it is, text as text and binary as binary."""
        raise TypeError("only a WebSocket has frames")

    def flush(self) -> int:
        """Write what was said since the last flush; nothing of it was said to others."""
        return 0

    def goodbye(self, goodbye: Goodbye) -> None:
        """Say why, then end the connection."""
        raise TypeError("a follower has a transport")

    def unfollow(self, channel: Channel) -> None:
        if topic := self.topics.pop(channel, None):
            topic.leave(self)

    def close(self) -> None:
        """The client is gone; it hears nothing more. Doing it twice does no harm."""
        if self.is_closed:
            return
        self.is_closed = True
        for channel in list(self.topics):
            self.unfollow(channel)
        self.hub.close(self)
        metrics.FOLLOWERS.labels(self.transport).dec()

    def age(self, now: float) -> None:
        """End what has lived long enough: a deployment then looks like any other minute."""
        if now > self.ends_at:
            self.goodbye(closing.MAX_AGE)

    def beat(self, now: float, every_s: float) -> None:
        """Say a heartbeat when nothing else was said for `every_s`, and at least every third one."""
        if now - self._said_at < every_s and now - self._beat_at < 3 * every_s:
            return
        self._beat_at = now
        tops = {channel.name: topic.given_to(self) for channel, topic in self.topics.items()}
        changed = {name: seq for name, seq in tops.items() if self._told.get(name) != seq}
        self._told = tops
        self.say(messages.heartbeat(wall_ms(), changed))

    def _bye(self, goodbye: Goodbye) -> Message:
        return messages.bye(goodbye.code, goodbye.reason, reconnect=goodbye.reconnect, after_ms=goodbye.after_ms)


def websocket(
    hub: "Hub", client: Client, scope: dict[str, Any], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> Follower:
    """The follower that fits the server we run under."""
    handle = scope.get("extensions", {}).get(FRAMES)
    return FrameFollower(hub, client, handle) if handle is not None else SendFollower(hub, client, send)


class FrameFollower(Follower):
    """A WebSocket under our server: frames made once for all clients go straight to the socket.

    A client that does not keep up is pressed: of a state it gets only the newest, a log is held back in order. One
    that stays pressed is closed and resumes from its position; nobody else notices.
    """

    __slots__ = ("_frames", "_held", "_out", "_pressed_at", "_unmeasured")
    transport = "websocket"

    def __init__(self, hub: "Hub", client: Client, handle: Frames) -> None:
        super().__init__(hub, client)
        self._frames = handle
        self._out: list[bytes] = []
        self._unmeasured = 0  # bytes written since the kernel was asked
        self._held: Held | None = None  # while pressed
        self._pressed_at = 0.0

    def say(self, message: Message) -> None:
        if self._held is not None and not self.is_closed:
            self._held.add(message)
        else:
            self._put(message.frame)

    def say_all(self, window: Window) -> None:
        if self._held is None and not self._out:
            self._write(window.frames, len(window.messages))
        else:
            super().say_all(window)

    def relay(self, opcode: int, payload: bytes) -> None:
        if self._held is None:  # the broadcast room promises nothing to who does not listen
            self._put(frames.frame(opcode, payload))

    def _put(self, frame: bytes) -> None:
        if self.is_closed:
            return
        self._out.append(frame)
        if len(self._out) == 1:
            self.hub.cork(self)

    def flush(self) -> int:
        if self._out and not self.is_closed:
            out, self._out = self._out, []
            self._write(b"".join(out), len(out))
        return 0

    def _write(self, data: bytes, count: int) -> None:
        self._said_at = self.hub.uncorked_at
        self.hub.said += count
        taken = self._frames.write(data)
        self._unmeasured += len(data)
        if not taken or self._unmeasured >= MEASURE_EVERY:
            self._unmeasured = 0
            if self._held is None and self._frames.unsent() > PRESSED_ABOVE:
                self._press()

    def _press(self) -> None:
        if self.topics:
            self._frames.write(messages.flow("pressed").frame)
        self._held = Held(encoded=attrgetter("frame"))
        self._pressed_at = self.hub.now
        self.hub.watch(self)

    def relieved(self) -> bool:
        """Look after a pressed client: go on when it has caught up, close it when it will not. Whether it is over."""
        if self._held is None or self.is_closed:
            return True
        unsent = self._frames.unsent()
        if unsent < RELIEVED_BELOW:
            held, self._held = self._held, None
            taken = held.take()
            if self.topics:
                taken.data += messages.flow("ok").frame
            self._write(taken.data, taken.count)
            return True
        if self._held.size > HELD_MOST or unsent > HELD_MOST or self.hub.now - self._pressed_at > PRESSED_MOST_S:
            metrics.SLOW.inc()
            self.goodbye(closing.SLOW)
            return True
        return False

    def goodbye(self, goodbye: Goodbye) -> None:
        if self.is_closed:
            return
        self._out.append(self._bye(goodbye).frame)
        out, self._out = self._out, []
        self._frames.write(b"".join(out))
        self._frames.close(goodbye.code, goodbye.reason)
        self.close()


class SendFollower(Follower):
    """A WebSocket under any other ASGI server: everything works, with more work for each message."""

    __slots__ = ("_out", "_send", "_writer")
    transport = "websocket"

    def __init__(self, hub: "Hub", client: Client, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        super().__init__(hub, client)
        self._send = send
        self._out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._writer = asyncio.get_running_loop().create_task(self._write())

    def say(self, message: Message) -> None:
        self._put({"type": "websocket.send", "text": message.text.decode()})

    def relay(self, opcode: int, payload: bytes) -> None:
        said = {"text": payload.decode()} if opcode == frames.TEXT else {"bytes": payload}
        self._put({"type": "websocket.send"} | said)

    def _put(self, event: dict[str, Any]) -> None:
        if self.is_closed:
            return
        if self._out.qsize() >= WAITING_MOST:
            metrics.SLOW.inc()
            self._out = asyncio.Queue()  # it resumes from its position: what waited is not lost to it
            self.goodbye(closing.SLOW)
            return
        self._said_at = self.hub.now
        self.hub.said += 1
        self._out.put_nowait(event)

    def goodbye(self, goodbye: Goodbye) -> None:
        if self.is_closed:
            return
        self._out.put_nowait({"type": "websocket.send", "text": self._bye(goodbye).text.decode()})
        self._out.put_nowait({"type": "websocket.close", "code": goodbye.code, "reason": goodbye.reason})
        super().close()

    def close(self) -> None:
        super().close()
        self._writer.cancel()

    async def _write(self) -> None:
        """Send in order, until the connection ends."""
        while True:
            event = await self._out.get()
            try:
                await self._send(event)
            except OSError:
                return  # the client is gone; the server says so to the consumer
            if event["type"] == "websocket.close":
                return
