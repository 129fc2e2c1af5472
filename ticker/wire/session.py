"""One client's side of the conversation, without I/O: what it says goes in, what is to be done comes out."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, cast
from urllib.parse import parse_qs

import msgspec

from ticker.wire import channels, closing, messages
from ticker.wire.channels import Channel
from ticker.wire.closing import Goodbye
from ticker.wire.limits import Bucket, Rate
from ticker.wire.messages import Id, Message

MALFORMED_MOST = 10  # malformed messages, then the client is not worth listening to

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
    channels: list[Any]  # each is judged by itself


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
        "_is_malformed",
        "_known",
        "_limits",
        "_malformed",
        "_now",
        "_publishes",
        "_rate",
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
        self._rate = Rate(Bucket(limits["msgs_per_s"], limits["burst"]))
        self._publishes = Bucket(limits["publishes_per_s"], 1)
        self._malformed = 0
        self._is_malformed = False

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
        self._is_malformed = False
        try:
            effects = list(self._understood(text))
        except _Malformed as error:
            effects = [self._malformed_message(error.code, error.text, error.id, error.channel)]
        yield from effects
        self._malformed += self._is_malformed
        if self._malformed >= MALFORMED_MOST:
            yield Close(closing.PROTOCOL_ERROR)

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
            msgspec.json.decode(text)  # strict where json is not: NaN, lone surrogates, bytes that are no text
            raw = json.loads(text, object_pairs_hook=_unique)
        except (msgspec.DecodeError, RecursionError, ValueError):
            raise _Malformed("bad_json", "expected one JSON object, without repeated names", None) from None
        if not isinstance(raw, dict):
            raise _Malformed("bad_json", "expected one JSON object", None)
        envelope = _converted(raw, _Envelope, None)
        match envelope.op:
            case "subscribe":
                for one in _some(_converted(raw, _Subscribe, envelope.id).channels, envelope.id):
                    yield self._wanted(one, envelope.id)
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

    def _wanted(self, raw: object, id: Id) -> Effect:
        try:
            return self._follow(_converted(raw, _Wanted, id), id)
        except _Malformed as error:
            name = raw.get("ch") if isinstance(raw, dict) else None
            known = name if isinstance(name, str) and channels.NAME.fullmatch(name) else None
            return self._malformed_message(error.code, error.text, id, known)

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
        said = _converted(raw, _PublishData, id, name).data
        if _size(said.text) > self._limits["publish_bytes"]:
            text = f"a text has at most {self._limits['publish_bytes']} bytes"
            return Say(messages.error("payload_too_large", text, id=id, channel=name))
        if wait_s := self._publishes.take(self._now()):
            text, after_ms = f"at most {self._limits['publishes_per_s']} published a second", int(wait_s * 1000) + 1
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

    def _malformed_message(self, code: str, text: str, id: Id, channel: str | None = None) -> Say:
        self._is_malformed = True
        return Say(messages.error(code, text, id=id, channel=channel))

    def _over_rate(self) -> list[Effect]:
        wait_s = self._rate.take(self._now())
        if not wait_s:
            return []
        per_s, after_ms = self._limits["msgs_per_s"], int(wait_s * 1000) + 1
        said = Say(messages.error("rate_limited", f"at most {per_s} messages a second", retry=True, after_ms=after_ms))
        return [said, Close(closing.RATE_LIMITED)] if self._rate.is_enough else [said]


class _Malformed(Exception):
    def __init__(self, code: str, text: str, id: Id, channel: str | None = None) -> None:
        super().__init__(text)
        self.code, self.text, self.id, self.channel = code, text, id, channel


T = TypeVar("T")


def _converted(raw: object, kind: type[T], id: Id, channel: str | None = None) -> T:
    """The parts of a message that its kind needs; what else it carries is ignored."""
    try:
        return msgspec.convert(raw, kind)
    except (msgspec.ValidationError, UnicodeError) as error:
        # msgspec names the place and the types, never the value; except where only some values are allowed.
        text = THROTTLES if "Invalid enum value" in str(error) else str(error)
        raise _Malformed("bad_param", text, id, channel) from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose names differ: of two that do not, every reader takes another."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is repeated")
    return found


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
