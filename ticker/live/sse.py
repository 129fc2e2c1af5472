"""`/live/v1/sse`: the same messages as server-sent events, resumable on any instance by a cursor."""

import asyncio
import random
from collections import deque

from django.conf import settings

from ticker.live import hub as hubs
from ticker.live import metrics
from ticker.live.clients import Client
from ticker.live.followers import HELD_MOST, Follower, wall_ms
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
from ticker.services import instance
from ticker.wire import closing, messages, sse
from ticker.wire.closing import Goodbye
from ticker.wire.messages import Message

CURSOR_EVERY_S = 1.0
RETRY_MS = (1_500, 5_000)  # at random, so that a thousand browsers do not come back in the same second


class EventFollower(Follower):
    """Gathers messages; the request's own task writes them."""

    __slots__ = ("_out", "_waiting", "is_leaving", "wanted", "woken")
    transport = "sse"

    def __init__(self, hub: Hub, client: Client, wanted: Wanted) -> None:
        super().__init__(hub, client)
        self.wanted = wanted
        self.woken = asyncio.Event()
        self.is_leaving = False
        self._out: deque[bytes] = deque()
        self._waiting = 0

    @staticmethod
    def lives() -> tuple[float, float]:
        return settings.SSE_MAX_AGE_S, 0.2

    def say(self, message: Message) -> None:
        if self.is_leaving:
            return
        if message.channel is not None:
            self.wanted.seqs[message.channel] = message.seq
        self._said_at = self.hub.now
        self._out.append(message.event)
        self._waiting += len(message.event)
        if self._waiting > HELD_MOST:
            metrics.SLOW.inc()
            self.goodbye(closing.SLOW)
        self.woken.set()

    def goodbye(self, goodbye: Goodbye) -> None:
        if self.is_leaving:
            return
        self._out.append(sse.position(self.wanted.cursor()))
        self._out.append(self._bye(goodbye).event)
        self.is_leaving = True
        self.woken.set()

    def take(self) -> bytes:
        """What was said since the last time."""
        self.woken.clear()
        taken = b"".join(self._out)
        metrics.SAID.inc(len(self._out))
        self._out.clear()
        self._waiting = 0
        return taken


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
                await _stream(follower, leaving, send)
            finally:
                leaving.cancel()
                follower.close()
    except TickerError as error:
        await refuse(send, error)


async def _stream(follower: EventFollower, client: asyncio.Task[None], send: Send) -> None:
    headers = [(b"content-type", b"text/event-stream"), *COMMON]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": sse.retry(random.randint(*RETRY_MS)), "more_body": True})
    follower.say(
        messages.hello(
            conn=follower.client.conn,
            server=instance.name,
            time_ms=wall_ms(),
            hb_ms=settings.HEARTBEAT_MS,
            user=follower.client.user,
            limits=settings.LIVE_LIMITS,
        )
    )
    hub = follower.hub
    await hub.open(follower)
    try:
        for follow in follower.wanted.follows:
            await hub.follow(follower, follow)
    except TickerError:
        follower.goodbye(closing.INTERNAL)
    told, cursor_at = "", hub.now
    while not client.done():
        if follower.woken.is_set():
            await send({"type": "http.response.body", "body": follower.take(), "more_body": True})
        if follower.is_leaving:
            break
        if hub.now >= cursor_at:
            cursor_at = hub.now + CURSOR_EVERY_S
            if (cursor := follower.wanted.cursor()) != told:
                told = cursor
                await send({"type": "http.response.body", "body": sse.position(cursor), "more_body": True})
        await until_either(client, follower.woken, cursor_at - hub.now)
    if not client.done():
        await send({"type": "http.response.body", "body": b""})
