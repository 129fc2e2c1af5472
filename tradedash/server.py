"""Our Daphne: frames straight to the socket, goodbyes with code and reason, bounded messages, and an end that is told.

In force under `manage.py serve` and under plain `daphne tradedash.asgi:application`. What stock Daphne does instead is
measured in docs/topics/daphne.md.
"""

import asyncio
import logging
import time
from functools import partial
from http import HTTPStatus
from typing import Any

from daphne.cli import CommandLineInterface
from daphne.server import Server as DaphneServer
from daphne.ws_protocol import ConnectionDeny
from django.conf import settings
from twisted.internet import defer

from ticker.live import hub
from ticker.live.followers import FRAMES, OUTGOING
from ticker.services import instance
from ticker.wire import closing, messages
from tradedash.frames import Frames, Outgoing, is_plain
from tradedash.inbox import Inbox
from tradedash.lean import LeanProtocol, calm_collector, with_options_of
from tradedash.requests import Channel, bare

log = logging.getLogger(__name__)

PING_EVERY_S = 20  # home routers forget a connection that is silent for about a minute
HTTP_FINISH_S = 8  # how long requests in flight may take once we are told to stop
READ_AT_ONCE = (
    8_192  # bytes: Twisted's 65,536 may be ten thousand messages, and nobody else's turn before all are parsed
)
ASGI = {"version": "3.0"}
BACKLOG = 2048  # Daphne's 50 makes a thousand clients who come back at once wait for SYN retries


class Protocol(LeanProtocol):
    """One WebSocket connection."""

    def onConnect(self, request: Any) -> Any:
        if not all(value.isascii() for value in request.headers.values()):
            # Daphne would answer 500, with a traceback in the log.
            self.server = self.factory.server_class
            self.server.protocol_connected(self)
            self.request, self.client_addr = request, None
            raise ConnectionDeny(400, "headers are ASCII")
        self._pinged_at = time.monotonic()
        if is_plain(self.transport):
            Outgoing(self).bound()
        self.transport.bufferSize = READ_AT_ONCE
        return super().onConnect(request)

    def sendHttpErrorResponse(self, code: int, reason: str, headers: Any = None) -> None:
        """Refuse a handshake. Not with autobahn's reason: that one repeats what the client sent."""
        self.sendData(bare(HTTPStatus(code), *(f"{name}: {value}" for name, value in headers or ())))

    def onClose(self, *how: Any) -> None:
        if hasattr(self, "server"):  # else the handshake failed before Daphne heard of it
            super().onClose(*how)

    # Whoever breaks the rules is told how with a close frame, has a second to read it, and is not listened to any more.
    # Autobahn would parse on, find more wrong with what follows, and cut the connection before the frame has left.

    def _protocol_violation(self, reason: str) -> bool:
        super()._protocol_violation(reason)
        return True

    def _invalid_payload(self, reason: str) -> bool:
        super()._invalid_payload(reason)
        return True

    def _max_message_size_exceeded(self, *sizes: Any) -> None:
        """End the connection before the message is read. Autobahn's 1009 would make clients come back with it."""
        self.failedByMe = True
        text = f"a message has at most {settings.LIVE_LIMITS['msg_bytes']} bytes"
        goodbye = closing.TOO_BIG
        self.sendMessage(messages.error("payload_too_large", text).text)
        self.sendMessage(messages.bye(goodbye.code, goodbye.reason, reconnect=goodbye.reconnect).text)
        self.serverClose(goodbye.code, goodbye.reason)

    def onCloseFrame(self, code: int | None, reason: bytes | None) -> bool:
        return self.failedByMe or bool(super().onCloseFrame(code, reason))

    def dataReceived(self, data: bytes) -> None:
        if not self.failedByMe:
            super().dataReceived(data)

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message.get("type") == "websocket.close" and self.state == self.STATE_OPEN:
            self.serverClose(message.get("code"), message.get("reason") or "")
        else:
            super().handle_reply(message)

    def serverClose(self, code: int | None = None, reason: str = "") -> None:
        if self.state == self.STATE_OPEN:
            # Not sendClose: that one refuses codes which the law allows a server, and Daphne drops the reason.
            self.sendCloseFrame(code=code or 1000, reasonUtf8=reason.encode()[:120] or None, isReply=False)

    def check_timeouts(self) -> None:
        """Ping by the monotonic clock: by the wall clock, Daphne ends every connection when a clock jumps."""
        now = time.monotonic()
        if self.state == self.STATE_OPEN and now - self._pinged_at > PING_EVERY_S:
            self._sendAutoPing()
            self._pinged_at = now


class Server(DaphneServer):
    """Daphne with our protocol, and with an orderly end."""

    def __init__(self, application: Any, **options: Any) -> None:
        # Lifetimes are not Daphne's to judge: it would read the wall clock.
        options |= {
            "websocket_timeout": -1,
            "websocket_max_message_size": settings.LIVE_LIMITS["msg_bytes"],
            "websocket_max_frame_size": settings.LIVE_LIMITS["msg_bytes"],
            "websocket_handshake_timeout": 10,
            "server_name": "",
            "action_logger": None,  # Daphne's access log would hold what stands in the addresses of live connections
        }
        options["endpoints"] = [
            f"{one}:backlog={BACKLOG}" if one.startswith("tcp:") and "backlog" not in one else one
            for one in options.get("endpoints") or []
        ]
        super().__init__(application, **options)

    def run(self) -> None:
        from twisted.internet import reactor

        # Twisted counts all its timeouts by the wall clock, autobahn's among them: one that jumps would end every connection.
        reactor.seconds = time.monotonic
        reactor.callWhenRunning(self._running)
        # An instance is among the others as soon as it serves, not only when its first client comes.
        reactor.callLater(0, lambda: hub.current().start())
        super().run()

    def _running(self) -> None:
        # Without it autobahn cuts the connection where the law asks for 1002, 1007 or 1009.
        self.ws_factory.setProtocolOptions(failByDrop=False, allowNullOrigin=True)
        self.ws_factory.protocol = with_options_of(self.ws_factory, Protocol)
        self.http_factory.protocol = Channel
        calm_collector()

    def listen_success(self, port: Any) -> Any:
        """Pass the port on: Daphne drops it, and then nobody can stop listening."""
        super().listen_success(port)
        return port

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Run the application for a connection; the inbox for what its client says. As Daphne does, but with our inbox."""
        scope["root_path"] = self.root_path  # Daphne lets any client choose it, by a header
        scope["asgi"] = ASGI
        inbox, extensions = Inbox(), scope.setdefault("extensions", {})
        if scope["type"] == "websocket":
            inbox = Inbox(protocol.transport)
            if is_plain(protocol.transport):
                extensions[FRAMES] = Frames(protocol)
        elif is_plain(protocol.channel.transport):
            extensions[OUTGOING] = Outgoing(protocol.channel)
        application = self.application(scope, inbox.get, partial(self.handle_reply, protocol))
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(application)
        return inbox

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Say it, and if more of an answer follows, wait for a client that cannot follow."""
        await super().handle_reply(protocol, message)
        if message["type"] == "http.response.body" and message.get("more_body"):
            await protocol.taken()

    def kill_all_applications(self) -> Any:
        """Twisted waits for what this returns before it stops."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        """Take nobody new, say goodbye, let requests finish, then end what is left."""
        instance.draining = True
        for listening in self.listeners:
            port: Any = listening.result if listening.called else None
            if hasattr(port, "stopListening"):
                await defer.maybeDeferred(port.stopListening).asFuture(asyncio.get_running_loop())
        await hub.current().drain(settings.DRAIN_S)
        await self._finished(HTTP_FINISH_S)
        await hub.current().stop()
        left = [one for one in self._applications() if not one.done()]
        for application in left:
            application.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if left:
            log.warning("ended %d connections that did not end by themselves", len(left))

    def _applications(self) -> list[asyncio.Future[Any]]:
        # A half-sent request has no application yet; Daphne's own loop raises KeyError there.
        found = [details.get("application_instance") for details in self.connections.values()]
        return [application for application in found if application is not None]

    async def _finished(self, seconds: float) -> None:
        """Wait until every application has returned, at most so long."""
        pending = [application for application in self._applications() if not application.done()]
        if pending:
            await asyncio.wait(pending, timeout=seconds)


def install() -> None:
    """Make every Daphne of this Python process ours."""
    CommandLineInterface.server_class = Server
