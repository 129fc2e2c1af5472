"""One client's side of the conversation, without I/O: what it says goes in, what is to be done comes out."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar, cast
from urllib.parse import parse_qs

import msgspec

from ticker.wire import channels, closing, messages
from ticker.wire.channels import Channel
from ticker.wire.closing import Goodbye
from ticker.wire.limits import Bucket
from ticker.wire.messages import Id, Message

MALFORMED_MOST = 10  # malformed messages, then the client is not worth listening to
OVER_RATE_FOR_S = 60.0  # over the rate for so long ends the connection …
OVER_RATE_MOST = 1_000  # … and so do this many refused messages sooner
CALM_AFTER_S = 5.0  # without a refusal for so long, the rate counts as kept

Seq = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Throttle = Literal[0, 100, 250, 1000]
THROTTLES = "throttle is one of 0, 100, 250, 1000"
RequestId = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)] | Annotated[str, msgspec.Meta(max_length=64)] | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a client stands in a channel."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Say:
    """Send this to the client."""

    message: Message


@dataclass(frozen=True, slots=True)
class Follow:
    """Let the client follow a channel, or follow it otherwise than before."""

    channel: Channel
    throttle: int
    position: Position | None
    id: Id


@dataclass(frozen=True, slots=True)
class Unfollow:
    channel: Channel


@dataclass(frozen=True, slots=True)
class Publish:
    """Add what the client says to a channel, and answer with its number."""

    channel: Channel
    text: str
    id: Id


@dataclass(frozen=True, slots=True)
class Close:
    goodbye: Goodbye


Effect = Say | Follow | Unfollow | Publish | Close


class _Wanted(msgspec.Struct):
    ch: str
    throttle: Throttle | None = None
    epoch: str | None = None
    seq: Seq | None = None


class _Envelope(msgspec.Struct):
    op: str
    id: RequestId = None


class _Subscribe(msgspec.Struct):
    channels: list[_Wanted]


class _Unsubscribe(msgspec.Struct):
    channels: list[str]


class _Said(msgspec.Struct):
    text: Annotated[str, msgspec.Meta(min_length=1)]


class _Publish(msgspec.Struct):
    ch: str


class _PublishData(msgspec.Struct):
    data: _Said


class Session:
    """What one client has asked for, and what it may ask for.

    `known` tells whether a pair exists. `now` is a monotonic clock in seconds, `time_ms` the wall clock.
    `user_id` is of whom the client is signed in as.
    """

    __slots__ = (
        "_bucket",
        "_known",
        "_limits",
        "_malformed",
        "_now",
        "_over_since",
        "_publishes",
        "_refused",
        "_refused_at",
        "_time_ms",
        "followed",
        "user_id",
    )

    def __init__(
        self,
        known: Callable[[str], bool],
        limits: Mapping[str, float],
        *,
        now: Callable[[], float],
        time_ms: Callable[[], int],
        user_id: int | None = None,
    ) -> None:
        self.user_id = user_id
        self.followed: dict[str, Channel] = {}
        self._known = known
        self._limits = limits
        self._now = now
        self._time_ms = time_ms
        self._bucket = Bucket(limits["msgs_per_s"], limits["burst"])
        self._publishes = Bucket(limits["publishes_per_s"], 1)
        self._malformed = 0
        self._refused = 0
        self._refused_at = self._over_since = float("-inf")

    def opened(self, query_string: bytes) -> Iterator[Effect]:
        """What the address asks for: `?ch=trade.SOLUSDT,ticker.SOLUSDT&throttle=250`."""
        try:
            names, throttle = parse_query(query_string)
        except ValueError as error:
            yield self._malformed_message("bad_param", str(error), None)
            return
        for name in names:
            yield self._follow(_Wanted(name, throttle), None)

    def received(self, text: str | bytes | None) -> Iterator[Effect]:
        """What to do about one message of the client; None stands for one that was not text."""
        if refused := self._over_rate():
            yield from refused
            return
        try:
            effects = list(self._understood(text))
        except _Malformed as error:
            yield self._malformed_message(error.code, error.text, error.id)
            if self._malformed >= MALFORMED_MOST:
                yield Close(closing.PROTOCOL_ERROR)
            return
        yield from effects

    def forget(self, channel: Channel) -> None:
        """A Follow could not be carried out."""
        self.followed.pop(channel.name, None)

    def _understood(self, text: str | bytes | None) -> Iterator[Effect]:
        if text is None:
            raise _Malformed("bad_json", "expected a text frame with one JSON object", None)
        if _size(text) > self._limits["msg_bytes"]:
            yield Say(messages.error("payload_too_large", f"a message has at most {self._limits['msg_bytes']} bytes"))
            yield Close(closing.TOO_BIG)
            return
        try:
            raw = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            raise _Malformed("bad_json", "expected one JSON object", None) from None
        if not isinstance(raw, dict):
            raise _Malformed("bad_json", "expected one JSON object", None)
        envelope = _converted(raw, _Envelope, None)
        match envelope.op:
            case "subscribe":
                wanted = _converted(raw, _Subscribe, envelope.id).channels
                for one in _some(wanted, envelope.id):
                    yield self._follow(one, envelope.id)
            case "unsubscribe":
                for name in _some(_converted(raw, _Unsubscribe, envelope.id).channels, envelope.id):
                    yield from self._unfollow(name, envelope.id)
            case "list":
                yield Say(messages.listed(self.followed, envelope.id))
            case "ping":
                yield Say(messages.pong(self._time_ms(), envelope.id))
            case "publish":
                yield self._publish(raw, envelope.id)
            case _:
                raise _Malformed("bad_op", "expected one of subscribe, unsubscribe, list, ping, publish", envelope.id)

    def _follow(self, wanted: _Wanted, id: Id) -> Effect:
        channel = channels.parse(wanted.ch, self.user_id)
        if channel is None or (channel.symbol and not self._known(channel.symbol)):
            return _unknown(wanted.ch, id)
        if not channel.source:
            text = "sign in to follow what is your own"
            return Say(messages.error("auth_required", text, id=id, channel=channel.name))
        if wanted.seq is not None and wanted.epoch is None:
            return Say(messages.error("bad_param", "seq needs its epoch", id=id, channel=channel.name))
        if channel.name not in self.followed and len(self.followed) >= self._limits["channels"]:
            text = f"a connection follows at most {self._limits['channels']} channels"
            return Say(messages.error("too_many_channels", text, id=id, channel=channel.name))
        self.followed[channel.name] = channel
        throttle = channel.throttle if wanted.throttle is None else wanted.throttle
        position = None
        if wanted.seq is not None and wanted.epoch is not None:
            position = Position(wanted.epoch, wanted.seq)
        return Follow(channel, throttle, position, id)

    def _publish(self, raw: dict[str, object], id: Id) -> Effect:
        name = _converted(raw, _Publish, id).ch
        channel = channels.parse(name, self.user_id)
        if channel is None:
            return _unknown(name, id)
        if not channel.is_publishable:
            text = "clients cannot publish in this channel"
            return Say(messages.error("not_publishable", text, id=id, channel=name))
        said = _converted(raw, _PublishData, id).data
        if _size(said.text) > self._limits["publish_bytes"]:
            text = f"a text has at most {self._limits['publish_bytes']} bytes"
            return Say(messages.error("payload_too_large", text, id=id, channel=name))
        if wait_s := self._publishes.take(self._now()):
            text, after_ms = f"at most {self._limits['publishes_per_s']} a second", int(wait_s * 1000) + 1
            return Say(messages.error("rate_limited", text, id=id, channel=name, retry=True, after_ms=after_ms))
        return Publish(channel, said.text, id)

    def _unfollow(self, name: str, id: Id) -> Iterator[Effect]:
        channel = self.followed.pop(name, None)
        if channel is not None:
            yield Unfollow(channel)
        if channels.NAME.fullmatch(name):
            yield Say(messages.unsubscribed(name, id))
        else:
            yield Say(messages.error("unknown_channel", "no channel of this name", id=id))

    def _malformed_message(self, code: str, text: str, id: Id) -> Say:
        self._malformed += 1
        return Say(messages.error(code, text, id=id))

    def _over_rate(self) -> list[Effect]:
        now = self._now()
        wait_s = self._bucket.take(now)
        if not wait_s:
            return []
        if now - self._refused_at > CALM_AFTER_S:
            self._over_since, self._refused = now, 0
        self._refused_at = now
        self._refused += 1
        per_s, after_ms = self._limits["msgs_per_s"], int(wait_s * 1000) + 1
        said = Say(messages.error("rate_limited", f"at most {per_s} messages a second", retry=True, after_ms=after_ms))
        if now - self._over_since > OVER_RATE_FOR_S or self._refused > OVER_RATE_MOST:
            return [said, Close(closing.RATE_LIMITED)]
        return [said]


class _Malformed(Exception):
    def __init__(self, code: str, text: str, id: Id) -> None:
        super().__init__(text)
        self.code, self.text, self.id = code, text, id


T = TypeVar("T")


def _converted(raw: object, kind: type[T], id: Id) -> T:
    """The parts of a message that its kind needs; what else it carries is ignored."""
    try:
        return msgspec.convert(raw, kind)
    except (msgspec.ValidationError, UnicodeError) as error:
        # msgspec names the place and the types, never the value; except where only some values are allowed.
        text = THROTTLES if "Invalid enum value" in str(error) else str(error)
        raise _Malformed("bad_param", text, id) from None


def _unknown(name: str, id: Id) -> Say:
    # A name that can be a channel's is repeated so that the client knows which; anything else is not.
    known = name if channels.NAME.fullmatch(name) else None
    return Say(messages.error("unknown_channel", f"no channel {known or 'of this name'}", id=id, channel=known))


def _size(text: str | bytes) -> int:
    """In bytes, as the limit is told; a character may have four."""
    return len(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))


def _some(found: list[T], id: Id) -> list[T]:
    if not found:
        raise _Malformed("bad_param", "expected at least one channel", id)
    return found


def parse_query(query_string: bytes) -> tuple[list[str], Throttle | None]:
    """The channels and the throttle in an address. Raises ValueError with a sentence."""
    found = parse_qs(query_string.decode("ascii", "replace"), max_num_fields=20)
    names = [name for given in found.get("ch", []) for name in given.split(",") if name]
    match found.get("throttle", []):
        case []:
            return names, None
        case ["0" | "100" | "250" | "1000" as ms]:
            return names, cast(Throttle, int(ms))
    raise ValueError(THROTTLES)
