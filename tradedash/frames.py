"""Our server's ASGI extensions: what a client has not taken yet, and WebSocket frames straight to the socket."""

import fcntl
import socket
import struct
import termios
from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import tcp

SEND_BUFFER = 131_072  # bytes; the kernel doubles it for its own book-keeping


def is_plain(transport: Any) -> bool:
    """Whether what is written to its socket is what the client gets; not so where Twisted encrypts on the way."""
    return isinstance(transport, tcp.Connection)


class Outgoing:
    """A stream's scope extension: what waits for its client."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: Any) -> None:
        """`protocol` is whatever has the transport."""
        self._protocol = protocol

    def bound(self) -> None:
        """Have the kernel keep little: left to itself it takes megabytes, and prices in it grow old unseen."""
        self._protocol.transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def unsent(self) -> int:
        """Bytes that the client has not taken: Twisted's and the kernel's."""
        transport = self._protocol.transport
        if not transport.connected:
            return 0
        waiting = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
        queued = fcntl.ioctl(transport.socket.fileno(), getattr(termios, "TIOCOUTQ", 0x5411), b"\0\0\0\0")
        return int(waiting) + int(struct.unpack("i", queued)[0])

    def abort(self) -> None:
        """Cut the connection."""
        self._protocol.transport.abortConnection()


class Frames(Outgoing):
    """A WebSocket's scope extension: bytes that are frames already, straight to its socket."""

    __slots__ = ()

    def write(self, data: bytes) -> bool:
        """Write frames after whatever was written before. Never waits; what the socket does not take is kept.

        Whether the socket took it all.
        """
        protocol = self._protocol
        transport = protocol.transport
        if protocol.state != WebSocketProtocol.STATE_OPEN or not transport.connected or transport.disconnecting:
            return True
        if not self._is_idle(transport):
            transport.write(data)
            return False
        # Twisted's own way takes three system calls for each write: it always goes through the poller.
        try:
            sent = transport.socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            return True  # the poller hears of it too, and closes the connection
        if sent < len(data):
            transport.write(data[sent:])
        return bool(sent == len(data))

    @staticmethod
    def _is_idle(transport: Any) -> bool:
        """Whether nothing waits in Twisted's buffers, so that a direct write overtakes nothing."""
        return not transport.dataBuffer and not transport._tempDataBuffer

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake; the client sees this code and reason."""
        self._protocol.serverClose(code, reason)
