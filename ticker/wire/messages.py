"""Everything that the server says, each message encoded once however many clients hear it."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ticker.market.candles import Candle
from ticker.wire import frames, sse
from ticker.wire.boards import row
from ticker.wire.channels import Channel

encode = msgspec.json.Encoder().encode

Id = int | str | None  # what a client has called its request


class Message:
    """One JSON object on its way to clients, in each encoding that somebody needs.

    `channel` and `seq` are set where it moves a client's position in a channel.
    """

    __slots__ = ("_event", "_frame", "channel", "kind", "seq", "text")

    def __init__(self, kind: str, text: bytes, channel: Channel | None = None, seq: int = 0) -> None:
        self.kind = kind
        self.text = text
        self.channel = channel
        self.seq = seq
        self._frame = b""
        self._event = b""

    @property
    def frame(self) -> bytes:
        """As a WebSocket frame."""
        if not self._frame:
            self._frame = frames.frame(frames.TEXT, self.text)
        return self._frame

    @property
    def event(self) -> bytes:
        """As a server-sent event."""
        if not self._event:
            self._event = sse.event(self.kind, self.text)
        return self._event


class Update(Message):
    """News of a channel: what a message that is merged into a later one needs to be remembered by.

    `data` is JSON already: it is passed on, not encoded again. A `final` one is never merged into a later one.
    """

    __slots__ = ("data", "final", "from_seq", "parts", "pt", "ts")
    channel: Channel

    def __init__(
        self,
        channel: Channel,
        *,
        from_seq: int,
        seq: int,
        ts: int,
        pt: int,
        data: bytes,
        final: bool = False,
        parts: Mapping[str, bytes] | None = None,
    ) -> None:
        covered = b'"from":%d,' % from_seq if from_seq != seq else b""
        text = b'{"type":"update","ch":"%b",%b"seq":%d,"ts":%d,"pt":%d,"data":%b}' % (
            channel.name.encode(),
            covered,
            seq,
            ts,
            pt,
            data,
        )
        super().__init__("update", text, channel, seq)
        self.from_seq, self.ts, self.pt, self.data, self.final = from_seq, ts, pt, data, final
        self.parts = parts or {}

    def over(self, older: "Update") -> "Update":
        """The update when an older one of the same state is not sent: it covers that one's numbers and parts."""
        merged = {**older.parts, **self.parts}
        return Update(
            self.channel,
            from_seq=older.from_seq,
            seq=self.seq,
            ts=self.ts,
            pt=self.pt,
            data=parts(merged) if merged else self.data,
            final=self.final,
            parts=merged,
        )


def message(kind: str, fields: Mapping[str, Any], channel: Channel | None = None, seq: int = 0) -> Message:
    """Fields that are None are left out."""
    said = {name: value for name, value in fields.items() if value is not None}
    return Message(kind, encode({"type": kind} | said), channel, seq)


def hello(
    *, conn: str, server: str, time_ms: int, hb_ms: int, user: str | None, limits: Mapping[str, float]
) -> Message:
    text = {"type": "hello", "v": 1, "conn": conn, "server": server, "time": time_ms, "hb_ms": hb_ms, "user": user}
    return Message("hello", encode(text | {"limits": limits}))


def subscribed(
    channel: Channel,
    *,
    id: Id = None,
    throttle: int,
    epoch: str,
    seq: int,
    resume: str | None = None,
    why: str | None = None,
    first: int | None = None,
    replay: int | None = None,
) -> Message:
    fields = {
        "id": id,
        "ch": channel.name,
        "mode": channel.mode.value,
        "throttle": throttle,
        "epoch": epoch,
        "resume": resume,
        "why": why,
        "first": first,
        "seq": seq,
        "replay": replay,
    }
    # A reset moves the client's position; any other introduction leaves that to what follows it.
    return message("subscribed", fields, channel if why else None, seq)


def snapshot(channel: Channel, *, seq: int, ts: int, data: bytes) -> Message:
    text = b'{"type":"snapshot","ch":"%b","seq":%d,"ts":%d,"data":%b}' % (channel.name.encode(), seq, ts, data)
    return Message("snapshot", text, channel, seq)


def parts(found: Mapping[str, bytes]) -> bytes:
    """A JSON object of what is JSON already; the names need no escaping."""
    return b"{%b}" % b",".join([b'"%b":%b' % (name.encode(), value) for name, value in found.items()])


def items(texts: Iterable[bytes]) -> bytes:
    """A JSON array of what is JSON already."""
    return b"[%b]" % b",".join(texts)


def candle(value: Candle, *, closed: bool) -> bytes:
    """The data of a candle channel."""
    open_ms, open_, high, low, close, volume, quote_volume, trades = row(value)
    return encode(
        {
            "open_ms": open_ms,
            "open": open_,
            "high": high,
            "low": low,
            "close": close,
            "volume": volume,
            "quote_volume": quote_volume,
            "trades": trades,
            "closed": closed,
        }
    )


def unsubscribed(channel: str, id: Id) -> Message:
    return message("unsubscribed", {"id": id, "ch": channel})


def listed(channels: Iterable[str], id: Id) -> Message:
    return message("list", {"id": id, "channels": list(channels)})


def ok(seq: int, id: Id) -> Message:
    """What a client has published has this number in its channel."""
    return message("ok", {"id": id, "seq": seq})


def pong(time_ms: int, id: Id) -> Message:
    return message("pong", {"id": id, "time": time_ms})


def heartbeat(time_ms: int, top: Mapping[str, int]) -> Message:
    return message("hb", {"time": time_ms, "top": top})


def status(*, feed: str, since: int | None = None, filled: int | None = None) -> Message:
    return message("status", {"feed": feed, "since": since, "filled": filled})


def flow(state: str) -> Message:
    """Whether updates are merged because the client does not keep up: "pressed", or "ok" again."""
    return message("flow", {"state": state})


def bye(code: int, reason: str, *, reconnect: bool, after_ms: tuple[int, int] | None = None) -> Message:
    return message("bye", {"code": code, "reason": reason, "reconnect": reconnect, "after_ms": after_ms})


def error(
    code: str, text: str, *, id: Id = None, channel: str | None = None, retry: bool = False, after_ms: int | None = None
) -> Message:
    fields = {"id": id, "ch": channel, "code": code, "retry": retry, "after_ms": after_ms, "msg": text}
    return message("error", fields)
