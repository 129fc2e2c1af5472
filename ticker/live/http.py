"""What server-sent events and long poll share: raw ASGI, so that a client that goes is noticed at once.

A loop inside Channels' AsyncHttpConsumer.handle notices it after 11 s, and a Django view that streams holds a thread.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import msgspec
from django.conf import settings

from ticker.live import admission
from ticker.live.clients import Client, ForeignOrigin, client_of, identify
from ticker.live.hub import Hub
from ticker.live.source import Source
from ticker.market.errors import BadRequest, NotSignedIn, TickerError, Unavailable
from ticker.services import instance
from ticker.wire import channels, closing, cursors
from ticker.wire.channels import Channel
from ticker.wire.session import Follow, Position, parse_query

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

COMMON: Headers = [
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx passes on what it gets, when it gets it
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]

SOCKETS = ("/live/v1/ws", "/live/v1/broadcast")
NOWHERE = Position("", 0)  # what a cursor that does not fit any more stands for: whoever has it is told of the reset


class Request:
    """What an address asks for. Raises BadRequest for what makes no sense."""

    def __init__(self, scope: Scope, allowed: Sequence[str]) -> None:
        query = scope["query_string"]
        try:
            self._found = parse_qs(query.decode("ascii"), max_num_fields=20, keep_blank_values=True)
            names, throttle = parse_query(query)
        except ValueError as error:
            raise BadRequest(str(error)) from None
        for name, values in self._found.items():
            if name not in allowed:
                raise BadRequest(f"unknown parameter; expected {', '.join(allowed)}")
            if len(values) > 1 and name != "ch":
                raise BadRequest(f"{name} is given twice")
        if not names:
            raise BadRequest("ch names the channels to follow, separated by commas")
        if len(set(names)) > settings.LIVE_LIMITS["channels"]:
            raise BadRequest(f"at most {settings.LIVE_LIMITS['channels']} channels", code="too_many_channels")
        self.names = list(dict.fromkeys(names))
        self.throttle = throttle
        self._headers = {name.lower(): value for name, value in scope["headers"]}

    def value(self, name: str) -> str:
        return self._found.get(name, [""])[0]

    def integer(self, name: str, default: int, most: int) -> int:
        """A whole number from 0; what is above `most` counts as `most`."""
        text = self.value(name)
        if not text:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
            raise BadRequest(f"{name} is a whole number")
        return min(int(text), most)

    def header(self, name: bytes) -> str:
        return str(self._headers.get(name, b"").decode("latin-1"))


class TooMany(TickerError):
    """More than one address may have, at once or in a minute."""

    code = "too_many_connections"


@dataclass(slots=True)
class Wanted:
    """The channels of a request, and where its client stands in each."""

    channels: list[Channel]
    sources: list[Source]  # of each channel
    follows: list[Follow]
    seqs: dict[Channel, int]
    resumed: bool  # a cursor was given and fits
    is_reset: bool  # a cursor was given and does not fit any more

    def cursor(self) -> str:
        epochs = [source.epoch for source in self.sources]  # as they are now: one may begin anew
        return cursors.dump(self.channels, epochs, [self.seqs[channel] for channel in self.channels])


@asynccontextmanager
async def admitted(scope: Scope, *, counts_as_connect: bool) -> AsyncIterator[Client]:
    """Who makes this request, counted as long as it lasts. Raises ForeignOrigin, NotSignedIn or TooMany."""
    client = client_of(scope)
    try:
        if refused := await admission.admit(client.address, client.conn, counts_as_connect=counts_as_connect):
            code = TooMany.code if refused is closing.TOO_MANY else "rate_limited"
            raise TooMany(refused.reason, code)
        await identify(client, scope)
        yield client
    finally:
        await admission.release(client.address, client.conn)


async def wanted(hub: Hub, request: Request, client: Client, cursor: str) -> Wanted:
    """What to follow, from the cursor on if it fits. Raises BadRequest, NotSignedIn or Unavailable."""
    if instance.draining or hub.connections >= settings.LIVE_MAX_CONNECTIONS:
        raise Unavailable("this instance takes no more clients", code="overloaded")
    await hub.ready()
    named = [_channel(hub, name, client) for name in request.names]
    sources = [await hub.source(channel) for channel in named]
    seqs = _load(cursor, named, sources)
    if cursor and seqs is None:
        # Another instance may have noticed a moment ago that a source begins anew.
        await asyncio.gather(*(source.catch_up() for source in sources))
        seqs = _load(cursor, named, sources)
    epochs = [source.epoch for source in sources]
    positions: list[Position | None] = [NOWHERE if cursor else None] * len(named)
    if seqs:
        positions = [Position(epoch, seq) for epoch, seq in zip(epochs, seqs, strict=True)]
    follows = [
        Follow(channel, channel.throttle if request.throttle is None else request.throttle, position, None)
        for channel, position in zip(named, positions, strict=True)
    ]
    at = {channel: source.number(channel) for channel, source in zip(named, sources, strict=True)}
    if seqs:
        at = dict(zip(named, seqs, strict=True))
    return Wanted(named, sources, follows, at, resumed=seqs is not None, is_reset=bool(cursor) and seqs is None)


def _load(cursor: str, named: list[Channel], sources: list[Source]) -> list[int] | None:
    """The positions in a cursor; None without one, or where it does not fit."""
    try:
        return cursors.load(cursor, named, [source.epoch for source in sources]) if cursor else None
    except ValueError as error:
        raise BadRequest(str(error)) from None


def _channel(hub: Hub, name: str, client: Client) -> Channel:
    channel = channels.parse(name, client.user_id)
    if channel is None or (channel.symbol and not hub.knows(channel.symbol)):
        shown = name if channels.NAME.fullmatch(name) else "of this name"
        raise BadRequest(f"no channel {shown}", code="unknown_channel")
    if not channel.source:
        raise NotSignedIn(f"sign in to follow {channel.name}")
    return channel


async def respond(send: Send, status: int, body: bytes, content_type: bytes, headers: Headers | None = None) -> None:
    sent = [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), *COMMON, *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, error: TickerError) -> None:
    """Say no in the shape that all of HTTP here has."""
    detail, headers = error.detail, list[tuple[bytes, bytes]]()
    match error:
        case Unavailable():
            status, headers = 503, [(b"retry-after", b"2")]
            if error.code != "overloaded":
                detail = "the market data source does not answer"
        case TooMany():
            status, headers = 429, [(b"retry-after", b"%d" % admission.RETRY_AFTER_S)]
        case NotSignedIn():
            status, headers = 401, [(b"www-authenticate", b"Bearer")]
        case ForeignOrigin():
            status = 403
        case _:
            status = 400
    body = msgspec.json.encode({"error": error.code, "detail": detail})
    await respond(send, status, body, b"application/json", headers)


async def nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """An address below /live/ that answers no HTTP request."""
    if scope["path"] in SOCKETS:
        body = msgspec.json.encode({"error": "upgrade_required", "detail": "this address is a WebSocket's"})
        await respond(send, 426, body, b"application/json", [(b"upgrade", b"websocket"), (b"connection", b"upgrade")])
    else:
        body = msgspec.json.encode({"error": "not_found", "detail": "there is nothing here"})
        await respond(send, 404, body, b"application/json")


async def gone(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def only_get(scope: Scope, send: Send) -> bool:
    """Whether the method is one that we answer; if not, it has been refused."""
    if scope["method"] == "GET":
        return True
    body = msgspec.json.encode({"error": "method_not_allowed", "detail": "only GET"})
    await respond(send, 405, body, b"application/json", [(b"allow", b"GET")])
    return False


async def until_either(client: asyncio.Task[None], event: asyncio.Event, seconds: float) -> None:
    """Wait for the client to leave, for the event, or for so long."""
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({client, waiting}, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
