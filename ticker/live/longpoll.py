"""`/live/v1/poll`: the same messages, a request at a time; the cursor is all that remains between two requests."""

import asyncio

import msgspec

from ticker.live import hub as hubs
from ticker.live import metrics
from ticker.live.clients import Client
from ticker.live.followers import Follower, wall_ms
from ticker.live.http import (
    Receive,
    Request,
    Scope,
    Send,
    Wanted,
    admitted,
    gone,
    only_get,
    refuse,
    respond,
    until_either,
    wanted,
)
from ticker.live.hub import Hub
from ticker.market.errors import TickerError
from ticker.wire.closing import Goodbye
from ticker.wire.messages import Message

WAIT_MOST_S = 25
GATHER_S = 0.05  # after the first message: the next ones are near
MESSAGES_MOST = 500
BYTES_MOST = 262_144


class PollFollower(Follower):
    """Gathers the messages of one answer; what does not fit is left for the next request."""

    __slots__ = ("_has", "_size", "is_full", "is_open", "texts", "wanted", "woken")
    transport = "longpoll"

    def __init__(self, hub: Hub, client: Client, wanted: Wanted) -> None:
        super().__init__(hub, client)
        self.wanted = wanted
        self.woken = asyncio.Event()
        self.texts: list[bytes] = []
        self.is_full = False
        self.is_open = False  # what is said before is how things stand: no news to end a wait for
        self._size = 0
        self._has = dict(wanted.seqs) if wanted.resumed else {}  # what the client has told us that it knows

    def say(self, message: Message) -> None:
        if message.kind in ("hb", "subscribed") and message.channel is None:
            return  # an answer is a sign of life, and its cursor says where the client stands
        if self.is_full or len(self.texts) >= MESSAGES_MOST or self._size + len(message.text) > BYTES_MOST:
            # From the first one left out on, everything is: positions must not run ahead of what is told.
            self.is_full = bool(self.texts)
            if self.is_full:
                return
        if message.channel is not None:
            if message.kind == "subscribed":
                self.wanted.is_reset = True
                self._has.pop(message.channel, None)  # a reset: numbers of the past mean nothing any more
            if message.kind == "snapshot" and message.seq <= self._has.get(message.channel, -1):
                return
            self.wanted.seqs[message.channel] = message.seq
        self.texts.append(message.text)
        self._size += len(message.text)
        if message.channel is not None or self.is_open:
            self.woken.set()

    def goodbye(self, goodbye: Goodbye) -> None:
        self.woken.set()


async def poll(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request: at once without a cursor, else with the first news."""
    if not await only_get(scope, send):
        return
    hub = hubs.current()
    try:
        # Not a connect: who is answered soon asks again soon.
        async with admitted(scope, counts_as_connect=False) as client:
            request = Request(scope, ("ch", "throttle", "cursor", "wait"))
            wait_s = request.integer("wait", 20, WAIT_MOST_S)
            found = await wanted(hub, request, client, request.value("cursor"))
            follower = PollFollower(hub, client, found)
            leaving = asyncio.ensure_future(gone(receive))
            try:
                await _gather(follower, leaving, wait_s, max(GATHER_S, (request.throttle or 0) / 1000))
            finally:
                leaving.cancel()
                follower.close()
    except TickerError as error:
        await refuse(send, error)
        return
    metrics.SAID.inc(len(follower.texts))
    answer = {
        "cursor": found.cursor(),
        "reset": found.is_reset,
        "time": wall_ms(),
        "next_ms": 0,
        "messages": [msgspec.Raw(text) for text in follower.texts],
    }
    await respond(send, 200, msgspec.json.encode(answer), b"application/json")


async def _gather(follower: PollFollower, leaving: asyncio.Task[None], wait_s: float, gather_s: float) -> None:
    """Hear how things stand, or else the first news within `wait_s` and what comes within `gather_s` after it.

    So whoever asks for a throttle is answered no more often, though nothing is remembered between two requests.
    """
    hub, found = follower.hub, follower.wanted
    await hub.open(follower)
    for follow in found.follows:
        await hub.follow(follower, follow)
    follower.is_open = True
    if found.resumed:
        await until_either(leaving, follower.woken, wait_s)
        if follower.woken.is_set() and not follower.is_full:
            await asyncio.wait({leaving}, timeout=gather_s)
