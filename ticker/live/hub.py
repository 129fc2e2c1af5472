"""The one place of a process where the market is heard: joins each followed source's group once, and tells all followers.

A group has one member for each process, never one for each client.
"""

import asyncio
import logging
import weakref
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from django.conf import settings

from ticker.bus import latest
from ticker.bus.groups import Ear
from ticker.live import metrics
from ticker.live.feed import Feed
from ticker.live.fleet import Fleet
from ticker.live.followers import Follower, FrameFollower
from ticker.live.guard import Guard
from ticker.live.log import LogStream
from ticker.live.pair import PairStream
from ticker.live.source import Source
from ticker.live.tickers import TickersStream
from ticker.live.topics import Corked
from ticker.market.errors import NotFound, Unavailable
from ticker.wire import closing, frames, groups, messages
from ticker.wire.channels import Channel
from ticker.wire.session import Follow

log = logging.getLogger(__name__)

Hear = Callable[[dict[str, Any]], None]

LOOK_EVERY_S = 1.0  # at where the streams end: the loss of the last message is seen in no other way
GRACE_S = 0.2  # what is on its way needs no reading
RELIEVE_EVERY_S = 0.1
BUSY = 8  # messages of one channel in one window: the next one is longer, as calls to the kernel are what costs
DRAIN_TURN_S = 0.05
LEAVE_AFTER_S = 30.0  # without followers: most who leave a page open another of the same pair


class Hub:
    """Hears what somebody here follows. Lives in one event loop."""

    def __init__(self) -> None:
        self.followers: set[Follower] = set()  # of the markets
        self.listeners: set[Follower] = set()  # of the broadcast room
        self.feed = Feed()
        self.fleet = Fleet()
        self.uncorked_at = float("-inf")  # when the newest window ended
        self._window_s = 0.0
        self.said = 0  # messages given to clients and not yet counted
        self._guard = Guard(self)
        self._sources: dict[str, Source] = {}  # by group
        self._opening: dict[str, asyncio.Task[Source]] = {}
        self._idle_since: dict[str, float] = {}
        self._ear = Ear()
        self._joined: dict[str, Hear] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._corked: list[Corked] = []
        self._pressed: list[FrameFollower] = []

    @property
    def now(self) -> float:
        """Monotonic seconds."""
        return asyncio.get_running_loop().time()

    # --- Followers -----------------------------------------------------------------------------

    async def open(self, follower: Follower) -> None:
        """A client has come; it is told if prices are not live. Waits, at most seconds, for the first look at Redis."""
        self.followers.add(follower)
        with suppress(Unavailable):
            await self.ready()
        if not self.feed.is_live:
            follower.say(self.feed.status)

    async def open_broadcast(self, follower: Follower) -> None:
        """A client of the broadcast room has come. Raises Unavailable."""
        if groups.BROADCAST not in self._joined:
            await self.join(groups.BROADCAST, self._relay)
        self.listeners.add(follower)

    def _relay(self, message: dict[str, Any]) -> None:
        """Give a frame of any client of any instance to all of ours."""
        text, data = message["text"], message["bytes"]
        opcode, payload = (frames.TEXT, text.encode()) if text is not None else (frames.BINARY, data)
        for follower in list(self.listeners):
            follower.relay(opcode, payload)

    def close(self, follower: Follower) -> None:
        self.followers.discard(follower)
        self.listeners.discard(follower)

    @property
    def connections(self) -> int:
        return len(self.followers) + len(self.listeners)

    async def ready(self) -> None:
        """Know which pairs there are. Raises Unavailable when that cannot be found out."""
        self.start()
        if not self.feed.symbols:
            await self.feed.look()

    def knows(self, symbol: str) -> bool:
        """Whether the feed trades this pair; as long as no feed has been heard, any may be."""
        return not self.feed.symbols or symbol in self.feed.symbols

    async def follow(self, follower: Follower, wanted: Follow) -> None:
        """Let a follower hear a channel, from its position on if it has one. Raises Unavailable or NotFound."""
        source = await self.source(wanted.channel)
        await source.prepare(wanted)
        if follower in self.followers:  # it may have gone while we read
            follower.topics[wanted.channel] = source.follow(follower, wanted)

    async def source(self, channel: Channel) -> Source:
        """What tells of the channel, heard from now on. Many who ask at once cost one read.

        Raises Unavailable or NotFound.
        """
        group = channel.source
        self._idle_since.pop(group, None)
        if group in self._sources:
            return self._sources[group]
        if channel.symbol and not self.feed.symbols:
            raise Unavailable("no feed has been heard yet")
        if channel.symbol and not self.knows(channel.symbol):
            raise NotFound(f"no pair {channel.symbol}")
        if group not in self._opening:
            task = self._opening[group] = asyncio.get_running_loop().create_task(self._open_source(channel))
            task.add_done_callback(lambda _: self._opening.pop(group, None))
        return await asyncio.shield(self._opening[group])

    async def _open_source(self, channel: Channel) -> Source:
        source = self._made(channel)
        # First the group, then what Redis has: what comes between is heard twice rather than not at all.
        await self.join(source.group, lambda message: source.hear(message["text"]))
        await source.load()
        self._sources[source.group] = source
        return source

    def _made(self, channel: Channel) -> Source:
        match channel.kind:
            case "log":
                return LogStream(channel, self.cork)
            case "tickers":
                return TickersStream(channel, self.cork)
        return PairStream(channel.symbol, self.cork)

    # --- Groups --------------------------------------------------------------------------------

    async def join(self, group: str, hear: Hear) -> None:
        """Have every message of a group given to `hear`. Raises Unavailable."""
        await self._ear.join(group)
        self._joined[group] = hear
        self.start()

    async def _leave(self, group: str) -> None:
        self._joined.pop(group, None)
        await self._ear.leave(group)

    async def _hear(self) -> None:
        """Give each message of the channel layer to whom it is for."""
        await self._ear.opened.wait()
        while True:
            message = await self._ear.hear()
            group = message["group"]
            hear = self._joined.get(group)
            if hear is not None:
                if group.startswith("pair."):
                    self.feed.heard()
                hear(message)

    # --- Writing together ----------------------------------------------------------------------

    def cork(self, corked: Corked) -> None:
        """Have something written: at once when it was quiet, else with the rest of the window."""
        self._corked.append(corked)
        if len(self._corked) == 1:
            loop = asyncio.get_running_loop()
            due = self.uncorked_at + self._window_s - loop.time()
            if due <= 0:
                loop.call_soon(self._uncork)
            else:
                loop.call_later(due, self._uncork)

    def _uncork(self) -> None:
        corked, self._corked = self._corked, []
        self.uncorked_at = self.now
        most = 0
        for one in corked:
            most = max(most, one.flush())
        self._window_s = (settings.CORK_BUSY_MS if most >= BUSY else settings.CORK_MS) / 1000
        metrics.SAID.inc(self.said)
        self.said = 0

    def watch(self, follower: FrameFollower) -> None:
        """Look after a client that does not keep up, until that is over."""
        self._pressed.append(follower)
        if len(self._pressed) == 1:
            asyncio.get_running_loop().call_later(RELIEVE_EVERY_S, self._relieve)

    def _relieve(self) -> None:
        self._pressed = [follower for follower in self._pressed if not follower.relieved()]
        if self._pressed:
            asyncio.get_running_loop().call_later(RELIEVE_EVERY_S, self._relieve)

    # --- What happens by the clock -------------------------------------------------------------

    def start(self) -> None:
        """Begin what runs in the background: when the server starts, else at the first client."""
        if self._tasks:
            return
        self.feed.start()
        loop = asyncio.get_running_loop()
        works = (self._hear, self._look, self._judge, self._beat, self._guard.watch, self._guard.count, self.fleet.beat)
        for work in works:
            self._tasks.append(loop.create_task(_for_ever(work)))

    async def _look(self) -> None:
        """Compare what was heard with where the streams end, once a second."""
        while True:
            try:
                await self.feed.look()
                await self._look_at_tails()
                await self._leave_idle()
            except Unavailable as error:
                log.debug("Redis is away: %s", error)
            await asyncio.sleep(LOOK_EVERY_S - GRACE_S)

    async def _look_at_tails(self) -> None:
        heard = {source: source.seq for source in self._sources.values()}
        tails = await latest.tails([source.head for source in heard])
        await asyncio.sleep(GRACE_S)
        for source, before in heard.items():
            tail = tails.get(source.head)
            # Without a tail Redis was emptied: a log begins anew by being read, and its followers are told so.
            if tail is None or tail.epoch != source.epoch or tail.seq > source.seq or tail.seq < before:
                source.fill()

    async def _leave_idle(self) -> None:
        now = self.now
        for group, source in list(self._sources.items()):
            if source.is_followed:
                self._idle_since.pop(group, None)
            elif now - self._idle_since.setdefault(group, now) > LEAVE_AFTER_S:
                del self._sources[group], self._idle_since[group]
                source.close()
                await self._leave(group)

    async def _judge(self) -> None:
        """Tell everybody when prices stop being live, and when they are live again and what was missed is told."""
        at_stale: dict[str, int] = {}
        async for is_live in self.feed.changes():
            if is_live:
                await self._catch_up()
                filled = {group: one.filled - at_stale.get(group, one.filled) for group, one in self._sources.items()}
                for follower in list(self.followers):
                    of_it = sum(filled.get(group, 0) for group in {channel.source for channel in follower.topics})
                    follower.say(messages.status(feed="live", filled=of_it))
            else:
                at_stale = {group: one.filled for group, one in self._sources.items()}
                for follower in list(self.followers):
                    follower.say(self.feed.status)

    async def _catch_up(self) -> None:
        """Have every source tell what it missed, as far as Redis answers."""
        found = await asyncio.gather(*(source.catch_up() for source in self._sources.values()), return_exceptions=True)
        for error in found:
            if isinstance(error, BaseException) and not isinstance(error, Unavailable):
                log.error("a source could not catch up", exc_info=error)

    async def _beat(self) -> None:
        """Let no client be without a sign of life."""
        while True:
            await asyncio.sleep(1)
            now = self.now
            for follower in (*self.followers, *self.listeners):
                follower.age(now)
            for follower in list(self.followers):
                follower.beat(now, settings.HEARTBEAT_MS / 1000)

    # --- The end -------------------------------------------------------------------------------

    async def drain(self, window_s: float) -> None:
        """Say goodbye to every follower, spread over the window so that they do not all come back at once."""
        leaving = [*self.followers, *self.listeners]
        turns = max(1, min(len(leaving), int(window_s / DRAIN_TURN_S)))
        for turn in range(turns):
            for follower in leaving[turn::turns]:
                follower.goodbye(closing.RESTART)
            if turn < turns - 1:
                await asyncio.sleep(window_s / turns)

    async def stop(self) -> None:
        """End what runs in the background, and say that this instance has left."""
        # Again if need be: in Python 3.11 asyncio.wait_for, through which redis-py sends, swallows some cancellations.
        while pending := {task for task in self._tasks if not task.done()}:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=0.1)
        self._tasks.clear()
        await self.fleet.leave()


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
    """Begin again after whatever ended it: without it, clients would sit before frozen prices."""
    while True:
        try:
            await work()
        except Exception:  # the top of a loop that must never end
            log.exception("the hub goes on after an error")
            await asyncio.sleep(1)


_hubs: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = weakref.WeakKeyDictionary()


def current() -> Hub:
    """The hub of the running event loop: of the process, as a server has one loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
