"""HTTP requests as our Daphne takes them: complete within a time, of a bounded size, and with only one meaning."""

import asyncio
from http import HTTPStatus
from typing import Any

from daphne.http_protocol import WebRequest
from django.conf import settings
from twisted.web.http import HTTPChannel

from tradedash.frames import Outgoing

METHODS = {b"GET", b"HEAD", b"OPTIONS", b"POST", b"PUT", b"PATCH", b"DELETE"}
IDLE_S = 60  # between two requests of one connection; what proxies keep open for us, they keep about as long
STUCK_S = 60  # a program may work on what it has read; one that takes nothing for so long is gone

# Headers that can mean one thing only: who sends two hopes that a proxy believes the other one. A cookie too: HTTP/2 may
# split it, but whoever hands it on to us has to join it (RFC 9113, 8.2.3).
ONCE = {
    b"authorization",
    b"content-length",
    b"content-type",
    b"cookie",
    b"host",
    b"origin",
    b"sec-websocket-key",
    b"sec-websocket-version",
    b"transfer-encoding",
}
CONTROL = bytes({*range(32), 127} - {ord("\t")})
DIGITS_MOST = 18  # of a length; Python refuses to read thousands of them, with a traceback


def bare(status: HTTPStatus, *headers: str) -> bytes:
    """An answer without a body, after which the connection ends."""
    lines = (f"HTTP/1.1 {status.value} {status.phrase}", *headers, "Connection: close", "Content-Length: 0", "", "")
    return "\r\n".join(lines).encode("ascii")


BAD = bare(HTTPStatus.BAD_REQUEST)
NOT_ALLOWED = bare(HTTPStatus.METHOD_NOT_ALLOWED, "Allow: GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE")
TOO_SLOW = bare(HTTPStatus.REQUEST_TIMEOUT)
TOO_LARGE = bare(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


class Channel(HTTPChannel):
    """One connection, until it ends or becomes a WebSocket.

    From the first moment on, and later from the first byte of a request on, its client has `TICKER_SHED_S` to send all
    of the request. Answers may take as long as they need.
    """

    _is_idle = False  # a request has been answered, and no other has begun
    _left = 0  # bytes of answers that the client had not read when we looked

    def connectionMade(self) -> None:
        self.flowing = asyncio.Event()  # the client takes what is written, or is gone
        self.flowing.set()
        self.requestFactory = Request
        self.timeOut = settings.SHED_S
        super().connectionMade()

    def resetTimeout(self) -> None:
        """Start the time when a request begins: Twisted would start it anew with every byte."""
        if self._is_idle:
            self._is_idle = False
            self.setTimeout(settings.SHED_S)

    def requestDone(self, request: Any) -> None:
        self._is_idle = True
        self._savedTimeOut = None  # else Twisted sets its own
        self.setTimeout(IDLE_S)
        super().requestDone(request)

    def timeoutConnection(self) -> None:
        if not self._is_idle:
            if self.requests:
                self.refuse(TOO_SLOW)
        elif (left := Outgoing(self).unsent()) and left != self._left:
            self._left = left  # an answer is still being read, however slowly
            self.setTimeout(IDLE_S)
            return
        super().timeoutConnection()

    def pauseProducing(self) -> None:
        """Twisted holds 64 KiB that the kernel does not take."""
        self.flowing.clear()
        super().pauseProducing()

    def resumeProducing(self) -> None:
        super().resumeProducing()
        self.flowing.set()

    def connectionLost(self, reason: Any) -> None:
        self.flowing.set()
        super().connectionLost(reason)

    def lineReceived(self, line: bytes) -> None:
        # A folded header: one line for us, perhaps another one for a proxy (RFC 9112, 5.2)
        if line[:1] in (b" ", b"\t"):
            self.refuse(BAD)
        else:
            super().lineReceived(line)

    def headerReceived(self, line: bytes) -> bool:
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip(b" \t")
        if (
            (name in ONCE and self.requests[-1].requestHeaders.hasHeader(name))
            or len(value.translate(None, CONTROL)) < len(value)
            or (name == b"content-length" and len(value) > DIGITS_MOST)
            # Nothing else has a length that everybody reads alike.
            or (name == b"transfer-encoding" and (value.lower() != b"chunked" or self._version != b"HTTP/1.1"))
        ):
            self.refuse(BAD)
            return False
        return bool(super().headerReceived(line))

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(BAD)

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(BAD)

    def _send100Continue(self) -> None:
        if not self.transport.disconnecting:
            super()._send100Continue()

    def refuse(self, answer: bytes) -> None:
        """Answer, and end the connection: what still comes of the request is not read."""
        if not self.transport.disconnecting:
            self.transport.write(answer)
            self.loseConnection()


class Request(WebRequest):
    """One request, whose body may not be longer than Django would take anyway."""

    _received = 0

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        self._refuse_above(length or 0)

    def handleContentChunk(self, data: bytes) -> None:
        self._received += len(data)
        if not self._refuse_above(self._received):
            super().handleContentChunk(data)

    def _refuse_above(self, size: int) -> bool:
        """Refuse the body while it is still coming: Daphne would keep all of it first."""
        if size <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return False
        self.channel.refuse(TOO_LARGE)
        return True

    def process(self) -> Any:
        if self.method not in METHODS:
            return self.channel.refuse(NOT_ALLOWED)
        has = self.requestHeaders.hasHeader
        # What follows a handshake are frames: a body would be taken for some.
        if (self.clientproto == b"HTTP/1.1" and not has(b"Host")) or (self._received and has(b"Upgrade")):
            return self.channel.refuse(BAD)
        return super().process()

    async def taken(self) -> None:
        """Wait until the client has taken what was written: Daphne alone would keep all of an answer of any length."""
        channel = self.channel
        if channel is None or channel.flowing.is_set():
            return
        try:
            async with asyncio.timeout(STUCK_S):
                await channel.flowing.wait()
        except TimeoutError:
            channel.transport.abortConnection()

    def handle_exception(self, exception: Exception) -> None:
        """Answer 500, or cut an answer that has begun, so that nobody takes its part for the whole: Daphne would leave it open."""
        if not self._response_started:
            super().handle_exception(exception)
        elif self.channel is not None:
            self.channel.transport.abortConnection()
