"""WebSockets: what a client says goes to its session, what it follows comes from the hub."""

import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from ticker.bus import groups as bus
from ticker.bus import logs
from ticker.live import admission, hub
from ticker.live.clients import Client, ForeignOrigin, client_of, identify
from ticker.live.followers import Follower, wall_ms, websocket
from ticker.market.errors import NotSignedIn, TickerError, Unavailable
from ticker.services import instance
from ticker.wire import closing, frames, groups, messages
from ticker.wire.closing import Goodbye
from ticker.wire.limits import Bucket, Rate
from ticker.wire.session import Close, Effect, Follow, Publish, Say, Session, Unfollow

log = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class LiveConsumer(AsyncWebsocketConsumer):
    """A WebSocket whose messages to the client all come through its follower, in order."""

    follower: Follower

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        # Not Channels' own: that one has a task for each of several sources of messages. Here only the client speaks: the
        # hub is this process's only member of any group, and connecting costs Redis nothing.
        self.scope, self.base_send = scope, send
        with suppress(StopConsumer):
            while True:
                await self.dispatch(await receive())

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Not Channels' own: that one tidies database connections before every message, in a thread, for 90 to 145 µs.
        # Whoever uses the database here tidies up after itself.
        await getattr(self, message["type"].replace(".", "_"))(message)

    async def connect(self) -> None:
        try:
            client = client_of(self.scope)
        except ForeignOrigin:
            await self.close()
            return
        await self.accept()
        self.opened_at = time.monotonic()
        the_hub = hub.current()
        self.follower = websocket(the_hub, client, self.scope, self.base_send)
        # A browser sees a refused handshake as 1006 only, so whoever is refused is told so afterwards.
        if the_hub.connections >= settings.LIVE_MAX_CONNECTIONS:
            self.turn_away("unavailable", closing.OVERLOADED)
        elif instance.draining:
            self.turn_away("unavailable", closing.RESTART)
        elif refused := await admission.admit(client.address, client.conn, counts_as_connect=True):
            self.turn_away("rate_limited", refused)
        else:
            await self.let_in(client)
        self.scope["headers"] = []  # a browser's are kilobytes, and nobody asks for them again

    async def let_in(self, client: Client) -> None:
        try:
            await identify(client, self.scope)
        except NotSignedIn as error:
            self.turn_away(error.code, closing.FORBIDDEN, error.detail)
        else:
            await self.greet()

    def turn_away(self, code: str, goodbye: Goodbye, text: str = "") -> None:
        """Say what is wrong, and why the connection ends."""
        after_ms = goodbye.after_ms[0] if goodbye.after_ms else None
        retry = goodbye.reconnect
        self.follower.say(messages.error(code, text or goodbye.reason, retry=retry, after_ms=after_ms))
        self.follower.goodbye(goodbye)

    async def greet(self) -> None:
        """The first that the client hears."""

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "follower"):
            client = self.follower.client
            self.follower.close()
            log.debug("%s closed with %s after %.0f s", client.conn, code, time.monotonic() - self.opened_at)
            await admission.release(client.address, client.conn)


class MarketConsumer(LiveConsumer):
    """`/live/v1/ws`: follow trades, tickers and candles."""

    async def greet(self) -> None:
        the_hub, client = self.follower.hub, self.follower.client
        self.session = Session(
            the_hub.knows, settings.LIVE_LIMITS, now=time.monotonic, time_ms=wall_ms, user_id=client.user_id
        )
        self.follower.hello()
        await the_hub.open(self.follower)
        for effect in self.session.opened(self.scope["query_string"]):
            await self.carry_out(effect)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.follower.is_closed:
            return
        self.session.user_id = self.follower.client.user_id  # who signs out meanwhile is nobody
        for effect in self.session.received(text_data):
            await self.carry_out(effect)

    async def carry_out(self, effect: Effect) -> None:
        match effect:
            case Say(message):
                self.follower.say(message)
            case Follow():
                await self.follow(effect)
            case Unfollow(channel):
                self.follower.unfollow(channel)
            case Publish():
                await self.publish(effect)
            case Close(goodbye):
                self.follower.goodbye(goodbye)

    async def follow(self, wanted: Follow) -> None:
        try:
            await self.follower.hub.follow(self.follower, wanted)
        except TickerError as error:
            self.session.forget(wanted.channel)
            away = isinstance(error, Unavailable)
            self.follower.say(
                messages.error(
                    error.code if away else "unknown_channel",
                    error.detail if not away else "the market data source does not answer",
                    id=wanted.id,
                    channel=wanted.channel.name,
                    retry=away,
                    after_ms=1000 if away else None,
                )
            )

    async def publish(self, said: Publish) -> None:
        try:
            seq = await logs.aappend(said.channel.source, {"user": self.follower.client.user, "text": said.text})
        except Unavailable:
            text = "it is not known whether this was published"
            self.follower.say(messages.error("unavailable", text, id=said.id, channel=said.channel.name, retry=True))
        else:
            self.follower.say(messages.ok(seq or 0, said.id))


class BroadcastConsumer(LiveConsumer):
    """`/live/v1/broadcast`: greets, then relays every frame to every client of every instance."""

    GREETING = b"Hello! Message From Server!!"

    async def greet(self) -> None:
        limits = settings.LIVE_LIMITS
        self.rate = Rate(Bucket(limits["msgs_per_s"], limits["burst"]))
        self.follower.relay(frames.TEXT, self.GREETING)
        try:
            await hub.current().open_broadcast(self.follower)
        except Unavailable:
            self.end(closing.OVERLOADED)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.follower.is_closed:
            return
        said = text_data.encode() if text_data is not None else bytes_data or b""
        if len(said) > settings.LIVE_LIMITS["msg_bytes"]:
            self.end(closing.TOO_BIG)
        elif wait_s := self.rate.take(time.monotonic()):
            self.refuse("rate_limited", after_ms=int(wait_s * 1000) + 1)
        else:
            try:
                await bus.send(groups.BROADCAST, text=text_data, data=bytes_data)
            except Unavailable:
                self.refuse("unavailable", after_ms=1000)

    def refuse(self, code: str, *, after_ms: int) -> None:
        """Say that a frame was not relayed."""
        self.follower.say(messages.error(code, "this frame was not relayed", retry=True, after_ms=after_ms))
        if self.rate.is_enough:
            self.end(closing.RATE_LIMITED)

    def end(self, goodbye: Goodbye) -> None:
        self.follower.goodbye(goodbye)
