"""How each server is spoken to: where it is followed, how one sees that it is, and what a trade looks like there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a client must know of a server's bytes, and no more: it counts, it does not parse."""

    path: str
    follows: bytes  # in the stream as soon as the client is told of trades
    trade: bytes  # in each trade's message, once
    introduce: bytes = b""  # a text the client says first


OURS = Dialect("/live/v1/ws?ch=trade.SOLUSDT", b'"type":"subscribed"', b'"type":"update"')
OURS_RESUMING = Dialect("/live/v1/ws", b'"type":"hello"', b'"type":"update"')
TEXTBOOK = Dialect("/ws", b"\r\n\r\n", b'"type": "update"')  # it is in the group before it is accepted
WS = Dialect("/", b"Hello! Message From Server!!", b'"type":"update"')
SOCKET_IO = Dialect("/socket.io/?EIO=4&transport=websocket", b'40{"sid"', b'42["trade"', introduce=b"40")
