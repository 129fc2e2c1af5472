"""What is told in one channel, to whom, and how often: each message is made once for all who hear it.

A topic has a tier for each throttle that somebody asked for. A tier covers everything in order and without holes:
what comes too soon waits and is merged, and the range of numbers of the merged message says so. What a tier says
within one window is joined once, and all its listeners are given the same bytes.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ticker.wire import messages
from ticker.wire.channels import Channel, Mode
from ticker.wire.messages import Message


class Window:
    """Messages that are given to many at once."""

    __slots__ = ("_frames", "messages")

    def __init__(self, said: Sequence[Message]) -> None:
        self.messages = said
        self._frames = b""

    @property
    def frames(self) -> bytes:
        """All of them as WebSocket frames, one after the other."""
        if not self._frames:
            self._frames = b"".join([message.frame for message in self.messages])
        return self._frames


class Listener(Protocol):
    """Whoever hears messages; never raises, never waits."""

    def say(self, message: Message) -> None: ...
    def say_all(self, window: Window) -> None: ...


class Corked(Protocol):
    """Whatever holds something back until the window ends."""

    def flush(self) -> int: ...  # how many messages each of many was given


Cork = Callable[[Corked], None]


@dataclass(slots=True)
class News:
    """Something that happened in a channel, up to number `seq`."""

    seq: int
    ts: int  # UTC ms: when it happened
    pt: int  # UTC ms: when it was published
    items: list[bytes]  # a log's new items; a state's one newest value
    final: bool = False  # a state that is told even if a newer one is waiting
    parts: dict[str, bytes] = field(default_factory=dict)  # of a state of many parts: those that changed

    def over(self, older: "News") -> "News":
        """The news when an older one of the same state is not told."""
        return replace(self, parts=older.parts | self.parts) if self.parts else self


@dataclass(slots=True, eq=False)
class Tier:
    """Those who hear at most one message in `every_s`."""

    every_s: float
    sent: int  # everything up to here has been said …
    written: int  # … and up to here the listeners have been given it
    listeners: dict[Listener, None] = field(default_factory=dict)  # a set that keeps its order
    waiting: list[News] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None
    told_at: float = float("-inf")
    window: list[Message] = field(default_factory=list)
    has: dict[Listener, int] = field(default_factory=dict)  # who has so many of the window's messages, or needs not

    def flush(self) -> int:
        """Give what was said to all who lack it; how many messages that were."""
        if not self.window:
            return 0
        said, self.window = self.window, []
        has, self.has = self.has, {}
        self.written = self.sent
        window = Window(said)
        for listener in tuple(self.listeners):
            if has and (count := has.get(listener)):
                if count < len(said):
                    listener.say_all(Window(said[count:]))
            else:
                listener.say_all(window)
        return len(said)


class Topic:
    """One channel's tiers. Joining and telling happen in one event loop, so neither sees the other half done."""

    def __init__(self, channel: Channel, seq: int, cork: Cork) -> None:
        self.channel = channel
        self.seq = seq  # of the newest news
        self._cork = cork
        self._tiers: dict[int, Tier] = {}
        self._of: dict[Listener, int] = {}

    def __len__(self) -> int:
        return len(self._of)

    def __iter__(self) -> Iterator[Listener]:
        return iter(self._of)

    def join(self, listener: Listener, throttle: int) -> None:
        """Hear everything after `self.seq`; what waits in the tier is told first, to those who lack it."""
        self.leave(listener)
        tier = self._tiers.get(throttle)
        if tier is None:
            tier = self._tiers[throttle] = Tier(throttle / 1000, self.seq, self.seq)
        elif tier.waiting:
            self._tell(tier)
        tier.listeners[listener] = None
        if tier.window:
            tier.has[listener] = len(tier.window)
        self._of[listener] = throttle

    def leave(self, listener: Listener) -> None:
        """Hear nothing more, not even what was said and not given yet."""
        throttle = self._of.pop(listener, None)
        if throttle is None:
            return
        tier = self._tiers[throttle]
        del tier.listeners[listener]
        tier.has.pop(listener, None)
        if not tier.listeners:
            if tier.timer:
                tier.timer.cancel()
            del self._tiers[throttle]

    def complete(self, listener: Listener) -> None:
        """Give the listener now what waits for it: afterwards it lacks nothing up to `self.seq`."""
        throttle = self._of.get(listener)
        if throttle is None:
            return
        tier = self._tiers[throttle]
        if tier.waiting:
            self._tell(tier)
        for message in tier.window[tier.has.get(listener, 0) :]:
            listener.say(message)
        tier.has[listener] = len(tier.window)

    def throttle_of(self, listener: Listener) -> int:
        return self._of[listener]

    def given_to(self, listener: Listener) -> int:
        """Everything up to this number has been given to the listener."""
        return self._tiers[self._of[listener]].written

    def news(self, news: News) -> None:
        """Tell every tier, now or when its time comes. Older news than the newest is ignored."""
        if news.seq <= self.seq:
            return
        self.seq = news.seq
        for tier in self._tiers.values():
            self._offer(tier, news)

    def restart(self, seq: int) -> None:
        """The channel begins anew at `seq`: what waits is of the past."""
        self.seq = seq
        for tier in self._tiers.values():
            tier.flush()
            tier.waiting.clear()
            tier.sent = tier.written = seq
            if tier.timer:
                tier.timer.cancel()
                tier.timer = None

    def _offer(self, tier: Tier, news: News) -> None:
        if self.channel.mode is Mode.STATE and tier.waiting and not tier.waiting[-1].final:
            news = news.over(tier.waiting.pop())  # only the newest counts
        tier.waiting.append(news)
        if tier.timer is not None:
            return
        if not tier.every_s:
            self._tell(tier)
            return
        loop = asyncio.get_running_loop()
        wait_s = tier.told_at + tier.every_s - loop.time()
        if wait_s <= 0:
            self._tell(tier)
        else:
            tier.timer = loop.call_later(wait_s, self._tell, tier)

    def _tell(self, tier: Tier) -> None:
        """Say what waits; the listeners are given it when the window ends."""
        if tier.timer is not None:
            tier.timer.cancel()
            tier.timer = None
        if tier.every_s:
            tier.told_at = asyncio.get_running_loop().time()
        waiting, tier.waiting = tier.waiting, []
        if not tier.window:
            self._cork(tier)
        tier.window += self._made(tier, waiting)

    def _made(self, tier: Tier, waiting: list[News]) -> list[Message]:
        """What waits, as messages that continue where the tier stands."""
        if self.channel.mode is Mode.LOG and len(waiting) > 1:
            waiting = [replace(waiting[-1], items=[item for news in waiting for item in news.items])]
        made: list[Message] = []
        for news in waiting:
            if self.channel.mode is Mode.LOG:
                data = messages.items(news.items)
            else:
                data = news.items[0] if news.items else messages.parts(news.parts)
            made.append(
                messages.Update(
                    self.channel,
                    from_seq=tier.sent + 1,
                    seq=news.seq,
                    ts=news.ts,
                    pt=news.pt,
                    data=data,
                    final=news.final,
                    parts=news.parts,
                )
            )
            tier.sent = news.seq
        return made
