"""Follow TradeDash markets live from a bot or a notebook: no trade is missed and none comes twice, whatever breaks.

    async with connect("ws://127.0.0.1:8000") as market:
        async for trade in market.follow("trade.SOLUSDT"):
            print(trade["id"], trade["p"], trade["q"])

One file to copy or import. It needs Python 3.11 and `pip install websockets` (14 or newer). What it takes care of:

- Connections end, for ever and for many reasons. It comes back by itself, when the server asks it to, and goes on
  where it was: `market.positions` is its place in each log, and `connect(positions=…)` goes on from a saved one.
- Logs (`trade.…`, `lobby`, `system`, `me.…`) give every item once, in order. Trades that the live server no longer
  holds are read over REST; what nobody holds any more is told to `missing`, between the two items where it would have
  been.
- States (`ticker.…`, `candle.…`) give the newest value. A reader who is slow misses the values in between, never the
  newest, and never a closed candle. `ticker.all` gives all pairs first, and then those that changed.
- `await market.publish("lobby", {"text": "gm"})` is said to everybody and gives its number, or raises NotPublished:
  nothing is said later, and nothing is said twice.
- A log that is read slowly fills up to `most` items; then nothing more is read from the connection, for no channel,
  and the server treats it as it treats every slow client: it merges, then closes, and we resume. So read each channel
  in a task of its own, and leave the loop over a log that you no longer want.

Prices and quantities are decimal strings: give them to `Decimal`, not to `float`. Times are UTC milliseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import random
import re
import time
import urllib.error
import urllib.request
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

import websockets

__all__ = ["Closed", "Following", "Market", "Missing", "NotPublished", "Position", "Refused", "connect"]

log = logging.getLogger("tradedash")

Item = dict[str, Any]  # what a channel carries: docs/clients.md lists the fields
State = Literal["connecting", "live", "stale", "closed"]
Why = Literal["unrecorded", "unreachable", "withdrawn"]
T = TypeVar("T")

HELLO_S = 10.0  # a server that has not said hello by then never will
GRACE_S = 10.0  # on top of the heartbeat's interval: silence for longer is a dead connection, whatever the socket says
STEADY_S = 5.0  # a connection that lived so long was good: the next attempt counts as the first
THROTTLED_S = 2.0  # a throttled update comes up to a second after the heartbeat that speaks of it
ANSWER_S = 5.0  # a request that met a limit is refused without naming its channels: ask again
PUBLISHED_S = 10.0  # the server answers at once: an answer that has not come by then has got lost
RECORDED_S, TRIES = 0.5, 20  # the record is moments behind the market; what it lacks after so many, nobody has
NAMES_AT_ONCE = 50  # channels in one request, well within the 16 KiB that a message may have
FRAME_MOST = 4 << 20  # bytes; a server holds 1 MiB for a client at most


class Position(NamedTuple):
    """Where a reader stands in a log: everything up to `seq` has been read, in the numbering called `epoch`."""

    epoch: str | None
    seq: int


@dataclass(frozen=True, slots=True)
class Missing:
    """Items of a log, both numbers included, that could not be had.

    `unrecorded`: nobody holds them; `unreachable`: REST did not answer; `withdrawn`: they were read, but the market has
    lost them since, and gives their numbers to others.
    """

    channel: str
    first: int
    last: int
    why: Why

    def __str__(self) -> str:
        return f"{self.channel}: {self.first} to {self.last} are {self.why}"


class Refused(Exception):
    """The server will not tell this channel; `code` is for programs."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class NotPublished(Exception):
    """Something was not published; `code` "unknown" where it may have been, or not: nobody knows.

    "not_connected": nothing was sent; any other code is the server's. With `retry` the same may be said again as it is,
    `after_s` later.
    """

    def __init__(self, code: str, sentence: str, *, retry: bool = False, after_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.code, self.retry, self.after_s = code, retry, after_s


class Closed(Exception):
    """The server does not want us back: its `code` is 4500 or more, or HTTP's 401 or 403."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason} ({code})")
        self.code, self.reason = code, reason


@contextlib.asynccontextmanager
async def connect(
    url: str,
    *,
    positions: Mapping[str, Sequence[Any]] | None = None,
    missing: Callable[[Missing], None] | None = None,
    token: str | None = None,
) -> AsyncIterator[Market]:
    """Be connected to a TradeDash (`ws://host:port`, `wss://…`) while the block runs.

    `positions` as an earlier `market.positions`, also after a way through JSON; `missing` is told what could not be
    had, and logs it unless given; `token` is for channels that need a user, and for a name in the lobby: it goes into a
    header of the handshake, never into an address.
    """
    market = Market(url, positions or {}, missing or (lambda found: log.warning("%s", found)), token)
    living = asyncio.create_task(market._live(), name=f"connection to {url}")
    try:
        yield market
    finally:
        living.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await living


class Market:
    """One connection for all that is followed. It is made by `connect`."""

    def __init__(
        self, url: str, positions: Mapping[str, Sequence[Any]], missing: Callable[[Missing], None], token: str | None
    ) -> None:
        scheme, host, *_ = urlsplit(url)
        if scheme not in ("ws", "wss", "http", "https") or not host:
            raise ValueError(f"{url!r}: expected an address such as ws://127.0.0.1:8000")
        secure = "s" if scheme in ("wss", "https") else ""
        self.state: State = "connecting"  # "stale": connected, but the server itself does not hear the market
        self.user: str | None = None  # whose token it is, as the server knows them; None for nobody in particular
        self.limits: dict[str, float] = {}  # as the server has told them
        self.positions = {channel: Position(*position) for channel, position in positions.items()}
        self._live_url, self._rest_url = f"ws{secure}://{host}/live/v1/ws", f"http{secure}://{host}/api/v1"
        self._missing = missing
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._places: dict[str, _Place] = {}
        self._left: list[str] = []
        self._wished = asyncio.Event()  # something of `_places` or `_left` has to be said
        self._ids = itertools.count(1)
        self._socket: websockets.ClientConnection | None = None  # once it has said hello
        self._opened = asyncio.Event()  # there is one, or there will be none
        self._said: dict[int, asyncio.Future[int]] = {}  # what was published and not yet answered
        self._end: Exception | None = None

    def follow(
        self,
        channel: str,
        *,
        throttle: Literal[0, 100, 250, 1000] | None = None,
        after: int | None = None,
        last: int = 0,
        most: int = 10_000,
    ) -> Following:
        """Hear a channel, from now on. A log goes on after its place in `positions` if it has one, else after `after`,
        else it begins `last` items before its newest.

        `throttle` is the least time between two updates, in ms. The channel is left when the loop over it ends.
        """
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", channel):
            raise ValueError(f"{channel!r} is no channel: expected a name such as trade.SOLUSDT")
        if channel in self._places:
            raise ValueError(f"{channel} is followed already: a channel has one reader here")
        if after is not None:
            self.positions.setdefault(channel, Position(None, after))
        place = self._places[channel] = _Place(channel, throttle, self.positions.get(channel), last, most)
        if self.state == "closed":
            place.end(self._end)
        self._wished.set()
        return Following(self, place)

    async def connected(self) -> None:
        """Wait for a connection over which something can be said. Raises Closed where there will be none."""
        await self._opened.wait()
        if self.state == "closed":
            raise self._end or Closed(1000, "closed here")

    async def publish(self, channel: str, data: Mapping[str, Any]) -> int:
        """Say something in a channel that takes it, such as `lobby`; the number that it got. Raises NotPublished.

        Cancelled while it waits for the answer, it may have been said, or not.
        """
        id_ = next(self._ids)
        text = json.dumps({"op": "publish", "id": id_, "ch": channel, "data": data})
        if len(text) > (most := self.limits.get("msg_bytes", FRAME_MOST)):  # dumps has made all of it ASCII
            raise NotPublished("payload_too_large", f"a message has at most {most} bytes")
        if self._socket is None:
            raise NotPublished("not_connected", "there is no connection now", retry=True)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._said[id_] = answer
        try:
            async with asyncio.timeout(PUBLISHED_S):
                await self._socket.send(text)
                return await answer
        except (TimeoutError, websockets.ConnectionClosed):
            raise NotPublished("unknown", "no answer came: it may have been published, or not") from None
        finally:
            del self._said[id_]

    def _leave(self, place: _Place) -> None:
        if self._places.get(place.channel) is place:
            del self._places[place.channel]
            self._left.append(place.channel)
            self._wished.set()
        place.end(None)

    # --- One connection after the other ----------------------------------------------------------

    async def _live(self) -> None:
        """Be connected for ever; ends when the server says so, and then the readers do."""
        try:
            await self._reconnect()
        except Exception as error:
            self._end = error
            if not isinstance(error, Closed):
                log.exception("the connection has failed")
        finally:
            self.state = "closed"
            self._opened.set()
            for place in self._places.values():
                place.end(self._end)

    async def _reconnect(self) -> None:
        attempt = 0
        while True:
            began = time.monotonic()
            ending = await self._converse()
            self.state = "connecting"
            if time.monotonic() - began >= STEADY_S:
                attempt = 0
            wait_s = wait_after(ending, attempt)
            if wait_s is None:
                raise Closed(ending.code, ending.reason)
            log.warning("%s: %s (%d), again in %.1f s", self._live_url, ending.reason, ending.code, wait_s)
            await asyncio.sleep(wait_s)
            attempt += 1

    async def _converse(self) -> _Ending:
        """One connection, from its beginning to its end."""
        try:
            async with websockets.connect(
                self._live_url,
                additional_headers=self._headers,
                compression=None,
                max_size=FRAME_MOST,
                ping_interval=None,  # heartbeats tell more, and a reader who is slow is not dead
                close_timeout=1,
            ) as socket:
                asking = asyncio.create_task(self._ask(socket))
                try:
                    return await self._listen(socket)
                finally:
                    asking.cancel()
                    self._unsaid()
        except websockets.ConnectionClosed as closed:
            code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
            return _Ending(code, reason or "connection lost")
        except websockets.InvalidStatus as refused:
            return _Ending(refused.response.status_code, "refused")
        except TimeoutError:
            return _Ending(1006, "nothing heard")
        except (OSError, websockets.WebSocketException, ValueError) as error:
            return _Ending(1006, str(error))

    async def _listen(self, socket: websockets.ClientConnection) -> _Ending:
        silence_s = HELLO_S
        while True:
            async with asyncio.timeout(silence_s):  # only while we listen: a slow reader of ours is no silence
                message = json.loads(await socket.recv())
            match message:
                case {"type": "hello", "hb_ms": hb_ms}:
                    silence_s = hb_ms / 1000 + GRACE_S
                    self.user, self.limits = message.get("user"), message.get("limits", {})
                    self.state, self._socket = "live", socket
                    self._opened.set()
                    self._begin()
                case {"type": "subscribed" | "snapshot" | "update", "ch": channel} if channel in self._places:
                    await self._tell(self._places[channel], message)
                case {"type": "hb"}:
                    self._look(message.get("top", {}))
                case {"type": "status", "feed": feed}:
                    self.state = "stale" if feed == "stale" else "live"
                case {"type": "ok", "id": id_, "seq": seq}:
                    self._answered(id_, seq)
                case {"type": "error", "id": id_, "code": code} if id_ in self._said:
                    after_s, retry = message.get("after_ms", 0) / 1000, message.get("retry", False)
                    self._answered(id_, NotPublished(code, message.get("msg", code), retry=retry, after_s=after_s))
                case {"type": "error", "code": code}:
                    self._complained(code, message)
                case {"type": "bye", "code": code}:
                    after_ms = message.get("after_ms") or (0, 0)
                    return _Ending(code, message.get("reason", ""), after_ms, message.get("reconnect", True))

    # --- What is said ----------------------------------------------------------------------------

    def _begin(self) -> None:
        """A new server knows nothing of us."""
        self._left.clear()
        for place in self._places.values():
            place.wish()
        self._wished.set()

    async def _ask(self, socket: websockets.ClientConnection) -> None:
        """Say what is wished for, all of it at once; nothing before hello, which wishes for everything."""
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await self._wished.wait()
                self._wished.clear()
                if self.state == "connecting":
                    continue
                left, self._left = self._left, []
                for names in _parts(left):
                    await socket.send(json.dumps({"op": "unsubscribe", "id": next(self._ids), "channels": names}))
                for places in _parts([place for place in self._places.values() if place.is_wished]):
                    id_ = next(self._ids)
                    wanted = [place.asked(id_) for place in places]
                    await socket.send(json.dumps({"op": "subscribe", "id": id_, "channels": wanted}))

    def _answered(self, id_: int, answer: int | NotPublished) -> None:
        said = self._said.get(id_)
        if said is None or said.done():
            return
        if isinstance(answer, NotPublished):
            said.set_exception(answer)
        else:
            said.set_result(answer)

    def _unsaid(self) -> None:
        """The connection has ended: what waits for an answer gets none."""
        self._socket = None
        self._opened.clear()
        for id_ in self._said:
            self._answered(id_, NotPublished("unknown", "the connection was lost: it may have been published, or not"))

    def _again(self, place: _Place) -> None:
        place.wish()
        self._wished.set()

    # --- What is heard ---------------------------------------------------------------------------

    async def _tell(self, place: _Place, message: Item) -> None:
        await place.room()
        if not place.take(message):
            self._again(place)
        elif place.is_log and place.position is not None:
            self.positions.setdefault(place.channel, place.position)  # nothing was read yet, but this is where we began

    def _look(self, tops: Mapping[str, int]) -> None:
        """A heartbeat names the newest numbers: the loss of the last message is seen in no other way."""
        for channel, top in tops.items():
            if place := self._places.get(channel):
                asyncio.get_running_loop().call_later(THROTTLED_S, self._compare, place, top)
        for place in self._places.values():
            if place.is_unanswered:
                self._again(place)

    def _compare(self, place: _Place, top: int) -> None:
        if place.is_open and place.heard is not None and place.heard < top:
            self._again(place)

    def _complained(self, code: str, message: Item) -> None:
        sentence, place = message.get("msg", code), self._places.get(message.get("ch", ""))
        if place is None:
            log.warning("%s", sentence)
        elif message.get("retry"):
            asyncio.get_running_loop().call_later(message.get("after_ms", 1000) / 1000, self._again, place)
        else:
            del self._places[place.channel]
            place.end(Refused(code, sentence))

    # --- What was missed -------------------------------------------------------------------------

    async def _recorded(self, symbol: str, after: int) -> list[Item]:
        """A page of trades after this number, as a `trade.` channel has them. Raises OSError or ValueError."""
        address = f"{self._rest_url}/pairs/{symbol}/trades/?after={after}&limit=1000"
        request = urllib.request.Request(address, headers=self._headers)  # noqa: S310 (http or https: see __init__)

        def read() -> Any:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return json.load(answer)

        rows = (await asyncio.to_thread(read))["results"]
        return [
            {"id": row["id"], "p": row["price"], "q": row["qty"], "s": row["side"], "ts": row["time_ms"]}
            for row in rows
        ]


class Following(AsyncIterator[Item]):
    """What comes in one channel: the items of a log, or the newest of a state, for one reader."""

    def __init__(self, market: Market, place: _Place) -> None:
        self._market, self._place = market, place
        # A loop that is left with `break` drops us: nobody would read on, and the channel would fill up.
        self._left = weakref.finalize(self, market._leave, place)
        self._left.atexit = False

    def close(self) -> None:
        """Leave the channel; what waits can still be read."""
        self._left()

    async def __anext__(self) -> Item:
        while True:
            match await self._place.first():
                case None:
                    raise StopAsyncIteration
                case _Hole() as hole:
                    await self._fill(hole)
                case _Heard(item=item) as heard:
                    self._place.pop()
                    self._reached(heard.epoch, heard.seq)
                    return item

    def _reached(self, epoch: str | None, seq: int) -> None:
        if self._place.is_log:
            self._market.positions[self._place.channel] = Position(epoch, seq)

    async def _fill(self, hole: _Hole) -> None:
        """Put a page of what is missing before what came after it. Cancelled at any moment, nothing is lost."""
        kind, _, symbol = self._place.channel.partition(".")
        if hole.upto < hole.after:
            self._without(hole, hole.upto + 1, hole.after, "withdrawn")
        elif kind != "trade":
            self._without(hole, hole.after + 1, hole.upto, "unrecorded")
        elif found := await self._page(symbol, hole):
            first: int = found[0]["id"]
            if first > hole.upto:  # the record grows in order: what is not before it never will be
                self._without(hole, hole.after + 1, hole.upto, "unrecorded")
            elif first > hole.after + 1:
                self._place.put_back(hole._replace(after=first - 1, tries=0))
                self._market._missing(Missing(self._place.channel, hole.after + 1, first - 1, "unrecorded"))
            else:
                known = enumerate(found[: hole.upto - hole.after], start=first)
                self._place.fill(hole, [item for number, item in known if item["id"] == number])

    async def _page(self, symbol: str, hole: _Hole) -> list[Item]:
        """What REST has next; nothing, after a moment, where it has nothing yet."""
        why: Why = "unrecorded"
        found: list[Item] = []
        try:
            found = await self._market._recorded(symbol, hole.after)
        except (OSError, ValueError) as error:
            log.warning("%s: cannot be read over REST: %s", self._place.channel, error)
            why = "unreachable"
        if not found and hole.tries >= TRIES:
            self._without(hole, hole.after + 1, hole.upto, why)
        elif not found:
            self._place.put_back(hole._replace(tries=hole.tries + 1))
            await asyncio.sleep(RECORDED_S)
        return found

    def _without(self, hole: _Hole, first: int, last: int, why: Why) -> None:
        """Go on behind a hole that stays, and say so."""
        self._place.pop()
        self._reached(hole.epoch, hole.upto)
        if first <= last:
            self._market._missing(Missing(self._place.channel, first, last, why))


# --- What a connection and a channel remember ------------------------------------------------------


def _parts(found: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many as one request may name, at a time."""
    return (found[first : first + NAMES_AT_ONCE] for first in range(0, len(found), NAMES_AT_ONCE))


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a connection ended, and what the server asked for when it said goodbye."""

    code: int
    reason: str
    after_ms: Sequence[float] = (0, 0)
    reconnect: bool = True


def wait_after(ending: _Ending, attempt: int, chance: Callable[[], float] = random.random) -> float | None:
    """Seconds until the next attempt, 0 being the first; None for never.

    What the server asked for, then full jitter: anything up to a ceiling that doubles from 0.5 s to 20 s, so that a
    thousand clients do not come back in the same moment. Codes 4100–4499 ask for 5 s at least.
    """
    if not ending.reconnect or 4500 <= ending.code <= 4999 or ending.code in (401, 403):
        return None
    least_ms, most_ms = ending.after_ms
    asked_s = (least_ms + chance() * (most_ms - least_ms)) / 1000
    own_s = chance() * min(20.0, 0.5 * 2.0 ** min(attempt, 10))
    return asked_s + max(own_s, 5.0 if 4100 <= ending.code <= 4499 else 0.25)


class _Heard(NamedTuple):
    """An item on its way to the reader, and the place in the channel that it leads to."""

    epoch: str | None
    seq: int
    item: Item


class _Hole(NamedTuple):
    """What the connection has skipped in a log, `after` and up to a number: to be read over REST when its turn comes."""

    epoch: str | None
    after: int
    upto: int
    tries: int = 0


class _Place:
    """One reader's place in one channel. What is said of it is made contiguous here, and waits here to be read."""

    def __init__(self, channel: str, throttle: int | None, position: Position | None, last: int, most: int) -> None:
        self.channel, self.is_log = channel, True
        self.heard: int | None = None  # the last number; None where any beginning will do
        self.is_open = False  # the server tells it, on the present connection
        self.is_wished = True  # it has to be asked for
        self._throttle, self._last, self._most = throttle, last, most
        self._epoch = None if position is None else position.epoch
        if position is not None:
            self.heard = position.seq
        self._asked_id, self._asked_at = 0, 0.0
        self._stuck_at: int | None = None
        self._waiting: deque[_Heard | _Hole] = deque()
        self._changed = asyncio.Event()
        self._is_ended = False
        self._end: Exception | None = None

    @property
    def position(self) -> Position | None:
        """What has been heard, which is not yet what has been read."""
        return None if self.heard is None else Position(self._epoch, self.heard)

    # --- Asking ----------------------------------------------------------------------------------

    def wish(self) -> None:
        """Be asked for, from our position on; what is told until the answer comes is of no use."""
        self.is_wished, self.is_open = True, False

    def asked(self, id_: int) -> Item:
        """How the channel is asked for."""
        self.is_wished, self._asked_id, self._asked_at = False, id_, time.monotonic()
        wanted: Item = {"ch": self.channel}
        if self._throttle is not None:
            wanted["throttle"] = self._throttle
        if self.heard is not None and self._epoch is not None:  # a number says nothing without its epoch
            wanted |= {"epoch": self._epoch, "seq": self.heard}
        return wanted

    @property
    def is_unanswered(self) -> bool:
        return not (self.is_open or self.is_wished) and time.monotonic() - self._asked_at > ANSWER_S

    # --- Hearing ---------------------------------------------------------------------------------

    def take(self, message: Item) -> bool:
        """Take in what the server says of the channel. False: something is missing before it, ask again."""
        match message["type"]:
            case "subscribed":
                # Left and followed again in one moment, a channel may still hear the answer to an older question.
                if self.is_open or message.get("id") in (None, self._asked_id):
                    return self._subscribed(message["mode"], message["epoch"], message["seq"], message.get("resume"))
            case "snapshot" if self.is_open and (self.heard is None or message["seq"] > self.heard):
                self._renew(message["seq"], message["data"])
            case "update" if self.is_open and (self.heard is None or message["seq"] > self.heard):
                seq: int = message["seq"]
                return self._update(message.get("from", seq), seq, message["data"])
        return True

    def _subscribed(self, mode: str, epoch: str, seq: int, resume: str | None) -> bool:
        """False: what was there before is wanted too."""
        self.is_open, self.is_log = True, mode == "log"
        if mode == "delta":
            self.end(
                Refused("bad_mode", f"{self.channel} is a book of deltas, which this client does not put together")
            )
        goes_on = epoch == self._epoch and resume != "reset"
        self._epoch = epoch
        if not self.is_log:
            self.heard = self.heard if goes_on else None  # the snapshot that follows is the new beginning
        elif self.heard is None:
            self.heard = max(0, seq - self._last)
            return self.heard == seq
        elif not goes_on:
            self._skip(seq)
        return True

    def _update(self, first: int, seq: int, data: Any) -> bool:
        """Apply what is new of the range `first`…`seq`, unless something before it or of it is missing."""
        last = first - 1 if self.heard is None else self.heard
        is_whole = not self.is_log or len(data) == seq - first + 1
        if first > last + 1 or not is_whole:
            if self._stuck_at != last:
                self._stuck_at = last
                return False
            # Asking again did not help: a log goes on over REST, a state heals by itself.
            if self.is_log:
                self._skip(first - 1 if is_whole else seq)
        if not self.is_log:
            self._renew(seq, data)
        elif is_whole:
            for number in range(max(first, last + 1), seq + 1):
                self._waiting.append(_Heard(self._epoch, number, data[number - first]))
        self.heard = seq
        self._changed.set()
        return True

    def _skip(self, upto: int) -> None:
        """Go on at another number than the next; what lies between is left to the reader."""
        assert self.heard is not None
        if upto != self.heard:
            self._waiting.append(_Hole(self._epoch, self.heard, upto))
            self._changed.set()
        self.heard = upto

    def _renew(self, seq: int, data: Item) -> None:
        """A newer value takes the place of one that waits, unless that is the last word on a candle."""
        if older := self._replaceable:
            self._waiting.pop()
            data = older.item | data  # an update of all tickers has only those that changed
        self._waiting.append(_Heard(self._epoch, seq, data))
        self.heard = seq
        self._changed.set()

    @property
    def _replaceable(self) -> _Heard | None:
        if self.is_log or not self._waiting:
            return None
        newest = self._waiting[-1]
        return newest if isinstance(newest, _Heard) and not newest.item.get("closed") else None

    # --- Waiting to be read ----------------------------------------------------------------------

    async def room(self) -> None:
        """Wait until what waits is less than the bound, or can be replaced."""
        while len(self._waiting) >= self._most and not self._replaceable and not self._is_ended:
            self._changed.clear()
            await self._changed.wait()

    async def first(self) -> _Heard | _Hole | None:
        """Wait for what is to be read next; None at the end. Raises what has ended the channel."""
        while not self._waiting and not self._is_ended:
            self._changed.clear()
            await self._changed.wait()
        if self._waiting:
            return self._waiting[0]
        if self._end is not None:
            raise self._end
        return None

    def pop(self) -> None:
        """The first has been read."""
        self._waiting.popleft()
        self._changed.set()

    def fill(self, hole: _Hole, found: Sequence[Item]) -> None:
        """Put items of a hole, which is the first that waits, before the rest of it."""
        self._waiting.popleft()
        last: int = found[-1]["id"]
        if last < hole.upto:
            self._waiting.appendleft(hole._replace(after=last, tries=0))
        self._waiting.extendleft(_Heard(hole.epoch, item["id"], item) for item in reversed(found))

    def put_back(self, hole: _Hole) -> None:
        """The first that waits is this hole."""
        self._waiting[0] = hole

    def end(self, error: Exception | None) -> None:
        """Nothing more comes. What waits is still read, then the error is raised."""
        self._is_ended, self._end = True, error
        self._changed.set()
