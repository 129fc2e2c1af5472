"""`/live/v1/sse`: the same messages as server-sent events, resumable on any instance by a cursor."""

import asyncio
import random
from operator import attrgetter

from django.conf import settings

from ticker.live import hub as hubs
from ticker.live import metrics
from ticker.live.clients import Client
from ticker.live.followers import (
    HELD_MOST,
    OUTGOING,
    PRESSED_ABOVE,
    PRESSED_MOST_S,
    RELIEVED_BELOW,
    Follower,
    Outgoing,
)
from ticker.live.held import Held
from ticker.live.http import (
    COMMON,
    Receive,
    Request,
    Scope,
    Send,
    Wanted,
    admitted,
    gone,
    only_get,
    refuse,
    until_either,
    wanted,
)
from ticker.live.hub import Hub
from ticker.market.errors import TickerError
from ticker.wire import closing, messages, sse
from ticker.wire.closing import Goodbye
from ticker.wire.messages import Message

CURSOR_EVERY_S = 1.0
RELIEVE_EVERY_S = 0.1  # looked at whether a slow client has caught up
RETRY_MS = (1_500, 5_000)  # at random, so that a thousand browsers do not come back in the same second


class EventFollower(Follower):
    """Holds what is said until the request's own task writes it, as fast as the client takes it.

    While it does not, of a state only the newest is held, a log in order, and a client that takes nothing is ended.
    """

    __slots__ = ("_goodbye", "_held", "wanted", "woken")
    transport = "sse"

    def __init__(self, hub: Hub, client: Client, wanted: Wanted) -> None:
        super().__init__(hub, client)
        self.wanted = wanted
        self.woken = asyncio.Event()
        self._goodbye = b""
        self._held = Held(encoded=attrgetter("event"))

    @staticmethod
    def lives() -> tuple[float, float]:
        return settings.SSE_MAX_AGE_S, 0.2

    def say(self, message: Message) -> None:
        if self.is_leaving:
            return
        self._said_at = self.hub.now
        self._held.add(message)
        if self._held.size > HELD_MOST:
            self.too_slow()
        self.woken.set()

    def too_slow(self) -> None:
        """End it: what is held is not sent, and the client resumes from where it stands."""
        metrics.SLOW.inc()
        self._held.take()
        self.goodbye(closing.SLOW)

    def goodbye(self, goodbye: Goodbye) -> None:
        if not self.is_leaving:
            self._goodbye = self._bye(goodbye).event
            self.woken.set()

    @property
    def is_leaving(self) -> bool:
        return bool(self._goodbye)

    def take(self) -> bytes:
        """What was said since the last time; at the end also where the client then stands, and goodbye."""
        self.woken.clear()
        taken = self._held.take()
        self.hub.said += taken.count
        self.wanted.seqs |= taken.seqs
        return taken.data + sse.position(self.wanted.cursor()) + self._goodbye if self.is_leaving else taken.data


async def events(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request for a stream of events."""
    if not await only_get(scope, send):
        return
    hub = hubs.current()
    try:
        async with admitted(scope, counts_as_connect=True) as client:
            request = Request(scope, ("ch", "throttle", "cursor"))
            cursor = request.header(b"last-event-id") or request.value("cursor")
            follower = EventFollower(hub, client, await wanted(hub, request, client, cursor))
            leaving = asyncio.ensure_future(gone(receive))
            try:
                await _stream(follower, leaving, Stream(scope, send))
            except TimeoutError:
                metrics.SLOW.inc()  # it takes nothing, not even a goodbye
            finally:
                leaving.cancel()
                follower.close()
    except TickerError as error:
        await refuse(send, error)


class Stream:
    """An answer that does not end, and how well its client takes it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._outgoing: Outgoing | None = scope.get("extensions", {}).get(OUTGOING)
        self._send = send
        self._pressed_at = 0.0  # monotonic seconds; 0 while the client takes what it is sent

    async def begin(self) -> None:
        if self._outgoing is not None:
            self._outgoing.bound()
        headers = [(b"content-type", b"text/event-stream"), *COMMON]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(self, data: bytes, *, is_last: bool = False) -> None:
        """Raises TimeoutError when the client does not take it, and cuts the connection where that can be done."""
        try:
            async with asyncio.timeout(PRESSED_MOST_S):
                await self._send({"type": "http.response.body", "body": data, "more_body": not is_last})
        except TimeoutError:
            if self._outgoing is not None:
                self._outgoing.abort()
            raise

    @property
    def is_pressed(self) -> bool:
        return bool(self._pressed_at)

    async def may_write(self, now: float) -> bool:
        """Whether the client has taken what it was sent; tells it of every change. Raises TimeoutError if for too long not."""
        if self._outgoing is None:
            return True  # `write` waits for the client, as far as the server does
        unsent = self._outgoing.unsent()
        if self.is_pressed and unsent < RELIEVED_BELOW:
            self._pressed_at = 0.0
            await self.write(messages.flow("ok").event)
        elif not self.is_pressed and unsent > PRESSED_ABOVE:
            self._pressed_at = now
            await self.write(messages.flow("pressed").event)
        elif self.is_pressed and now - self._pressed_at > PRESSED_MOST_S:
            self._outgoing.abort()
            raise TimeoutError
        return not self.is_pressed


async def _stream(follower: EventFollower, leaving: asyncio.Task[None], stream: Stream) -> None:
    await stream.begin()
    await stream.write(sse.retry(random.randint(*RETRY_MS)))
    follower.hello()
    hub = follower.hub
    await hub.open(follower)
    try:
        for follow in follower.wanted.follows:
            await hub.follow(follower, follow)
    except TickerError:
        follower.goodbye(closing.INTERNAL)
    told, cursor_at = "", hub.now
    while not leaving.done():
        if not await stream.may_write(hub.now):
            await asyncio.wait({leaving}, timeout=RELIEVE_EVERY_S)
            continue
        if follower.is_leaving:
            break
        if follower.woken.is_set():
            await stream.write(follower.take())
        if hub.now >= cursor_at:
            cursor_at = hub.now + CURSOR_EVERY_S
            if (cursor := follower.wanted.cursor()) != told:
                told = cursor
                await stream.write(sse.position(cursor))
        await until_either(leaving, follower.woken, cursor_at - hub.now)
    if not leaving.done():
        await stream.write(follower.take(), is_last=True)
