"""What is told in one channel, to whom, and how often: each message is made once for all who hear it.

A topic has a tier for each throttle that somebody asked for. A tier covers everything in order and without holes:
what comes too soon waits and is merged, and the range of numbers of the merged message says so.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from ticker.wire import messages
from ticker.wire.channels import Channel, Mode
from ticker.wire.messages import Message


class Listener(Protocol):
    """Whoever hears messages; never raises, never waits."""

    def say(self, message: Message) -> None: ...


@dataclass(slots=True)
class News:
    """Something that happened in a channel, up to number `seq`."""

    seq: int
    ts: int  # UTC ms: when it happened
    pt: int  # UTC ms: when it was published
    items: list[bytes]  # a log's new items; a state's one newest value
    final: bool = False  # a state that is told even if a newer one is waiting


@dataclass(slots=True)
class Tier:
    """Those who hear at most one message in `every_s`."""

    every_s: float
    sent: int  # everything up to here has been told
    listeners: dict[Listener, None] = field(default_factory=dict)  # a set that keeps its order
    waiting: list[News] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None
    told_at: float = float("-inf")


class Topic:
    """One channel's tiers. Joining and telling happen in one event loop, so neither sees the other half done."""

    def __init__(self, channel: Channel, seq: int) -> None:
        self.channel = channel
        self.seq = seq  # of the newest news
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
            tier = self._tiers[throttle] = Tier(throttle / 1000, self.seq)
        elif tier.waiting:
            self._tell(tier)
        tier.listeners[listener] = None
        self._of[listener] = throttle

    def leave(self, listener: Listener) -> None:
        throttle = self._of.pop(listener, None)
        if throttle is None:
            return
        tier = self._tiers[throttle]
        del tier.listeners[listener]
        if not tier.listeners:
            if tier.timer:
                tier.timer.cancel()
            del self._tiers[throttle]

    def tell_waiting(self, listener: Listener) -> None:
        """Tell now what waits in the listener's tier: afterwards it lacks nothing up to `self.seq`."""
        throttle = self._of.get(listener)
        if throttle is not None and self._tiers[throttle].waiting:
            self._tell(self._tiers[throttle])

    def throttle_of(self, listener: Listener) -> int:
        return self._of[listener]

    def sent_to(self, listener: Listener) -> int:
        """Everything up to this number has been told to the listener."""
        return self._tiers[self._of[listener]].sent

    def news(self, news: News) -> None:
        """Tell every tier, now or when its time comes. Older news than the newest is ignored."""
        if news.seq <= self.seq:
            return
        self.seq = news.seq
        for tier in list(self._tiers.values()):
            self._offer(tier, news)

    def restart(self, seq: int) -> None:
        """The channel begins anew at `seq`: what waits is of the past."""
        self.seq = seq
        for tier in self._tiers.values():
            tier.waiting.clear()
            tier.sent = seq
            if tier.timer:
                tier.timer.cancel()
                tier.timer = None

    def _offer(self, tier: Tier, news: News) -> None:
        if self.channel.mode is Mode.STATE and tier.waiting and not tier.waiting[-1].final:
            tier.waiting.pop()  # only the newest counts
        tier.waiting.append(news)
        if tier.timer is not None:
            return
        loop = asyncio.get_running_loop()
        wait_s = tier.told_at + tier.every_s - loop.time()
        if wait_s <= 0:
            self._tell(tier)
        else:
            tier.timer = loop.call_later(wait_s, self._tell, tier)

    def _tell(self, tier: Tier) -> None:
        if tier.timer is not None:
            tier.timer.cancel()
            tier.timer = None
        tier.told_at = asyncio.get_running_loop().time()
        waiting, tier.waiting = tier.waiting, []
        for message in self._made(tier, waiting):
            for listener in list(tier.listeners):
                listener.say(message)

    def _made(self, tier: Tier, waiting: list[News]) -> list[Message]:
        """What waits, as messages that continue where the tier stands."""
        if self.channel.mode is Mode.LOG:
            newest = waiting[-1]
            items = [item for news in waiting for item in news.items]
            waiting = [News(newest.seq, newest.ts, newest.pt, [messages.items(items)])]
        made: list[Message] = []
        for news in waiting:
            (data,) = news.items
            made.append(
                messages.update(
                    self.channel,
                    from_seq=tier.sent + 1,
                    seq=news.seq,
                    ts=news.ts,
                    pt=news.pt,
                    data=data,
                    final=news.final,
                )
            )
            tier.sent = news.seq
        return made
