"""The one place of a process where the market is heard: joins each followed pair's group once, and tells all followers.

A group has one member for each process, never one for each client.
"""

import asyncio
import logging
import time
import weakref
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from django.conf import settings

from ticker.bus import latest
from ticker.bus import trades as bus
from ticker.bus.groups import Ear
from ticker.live import metrics
from ticker.live.followers import Follower, FrameFollower
from ticker.live.pair import PairStream
from ticker.market.errors import NotFound, Unavailable
from ticker.wire import batches, closing, frames, groups, messages
from ticker.wire.session import Follow

log = logging.getLogger(__name__)

Hear = Callable[[dict[str, Any]], None]

JUDGE_EVERY_S = 0.25
LOOK_EVERY_S = 1.0  # at where the streams end: the loss of the last message is seen in no other way
GRACE_S = 0.2  # what is on its way needs no reading
RELIEVE_EVERY_S = 0.1
DRAIN_TURN_S = 0.05
LEAVE_AFTER_S = 30.0  # without followers: most who leave a page open another of the same pair


class Hub:
    """Hears the pairs that somebody here follows. Lives in one event loop."""

    def __init__(self) -> None:
        self.followers: set[Follower] = set()  # of the markets
        self.listeners: set[Follower] = set()  # of the broadcast room
        self.feed_is_live = True
        self._stale_since_ms = 0
        self._known: frozenset[str] = frozenset()
        self._pairs: dict[str, PairStream] = {}
        self._opening: dict[str, asyncio.Task[PairStream]] = {}
        self._idle_since: dict[str, float] = {}
        self._ear = Ear()
        self._joined: dict[str, Hear] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._corked: list[Follower] = []
        self._pressed: list[FrameFollower] = []
        self._uncorked_at = float("-inf")
        self._feed_ms = 0
        self._feed_heard_at = float("-inf")

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
        if not self.feed_is_live:
            follower.say(messages.status(feed="stale", since=self._stale_since_ms))

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
        self._start()
        if not self._known:
            await self._look_at_feed()

    def knows(self, symbol: str) -> bool:
        """Whether the feed trades this pair; as long as no feed has been heard, any may be."""
        return not self._known or symbol in self._known

    async def follow(self, follower: Follower, wanted: Follow) -> None:
        """Let a follower hear a channel, from its position on if it has one. Raises Unavailable."""
        pair = await self.pair(wanted.channel.symbol)
        position = wanted.position
        if position and wanted.channel.kind == "trade" and position.epoch == pair.epoch:
            if position.seq > pair.seq:
                await pair.catch_up()  # another instance was a moment ahead of this one
            if not pair.holds(position.seq):
                await pair.reach_back(position.seq)
        if position and wanted.channel.kind == "trade" and pair.why_not(wanted.channel, position):
            await pair.look_back()
        if follower in self.followers:  # it may have gone while we read
            follower.topics[wanted.channel] = pair.follow(follower, wanted)

    async def pair(self, symbol: str) -> PairStream:
        """The pair, heard from now on. Many who ask at once cost one read. Raises Unavailable or NotFound."""
        self._idle_since.pop(symbol, None)
        if symbol in self._pairs:
            return self._pairs[symbol]
        if not self._known:
            raise Unavailable("no feed has been heard yet")
        if not self.knows(symbol):
            raise NotFound(f"no pair {symbol}")
        if symbol not in self._opening:
            task = self._opening[symbol] = asyncio.get_running_loop().create_task(self._open_pair(symbol))
            task.add_done_callback(lambda _: self._opening.pop(symbol, None))
        return await asyncio.shield(self._opening[symbol])

    async def _open_pair(self, symbol: str) -> PairStream:
        pair = PairStream(symbol)
        # First the group, then the stream: what comes between is heard twice rather than not at all.
        await self.join(groups.of_pair(symbol), partial(self._hear_batch, pair))
        await pair.load()
        self._pairs[symbol] = pair
        return pair

    def _hear_batch(self, pair: PairStream, message: dict[str, Any]) -> None:
        self._feed_heard_at = self.now
        pair.hear(batches.load(message["text"]))

    # --- Groups --------------------------------------------------------------------------------

    async def join(self, group: str, hear: Hear) -> None:
        """Have every message of a group given to `hear`. Raises Unavailable."""
        await self._ear.join(group)
        self._joined[group] = hear
        self._start()

    async def _leave(self, group: str) -> None:
        self._joined.pop(group, None)
        await self._ear.leave(group)

    async def _hear(self) -> None:
        """Give each message of the channel layer to whom it is for."""
        while not self._ear.is_open:
            await asyncio.sleep(0.05)
        while True:
            message = await self._ear.hear()
            hear = self._joined.get(message["group"])
            if hear is not None:
                hear(message)

    # --- Writing together ----------------------------------------------------------------------

    def cork(self, follower: Follower) -> None:
        """Have a follower write what it has been given: at once when it was quiet, else with the rest of the window."""
        self._corked.append(follower)
        if len(self._corked) == 1:
            loop = asyncio.get_running_loop()
            due = self._uncorked_at + settings.CORK_MS / 1000 - loop.time()
            if due <= 0:
                loop.call_soon(self._uncork)
            else:
                loop.call_later(due, self._uncork)

    def _uncork(self) -> None:
        corked, self._corked = self._corked, []
        self._uncorked_at = asyncio.get_running_loop().time()
        metrics.SAID.inc(sum(follower.flush() for follower in corked))

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

    def _start(self) -> None:
        """Begin what runs in the background, at the first client."""
        if self._tasks:
            return
        self._feed_heard_at = self.now  # silence counts from here
        loop = asyncio.get_running_loop()
        for work in (self._hear, self._look, self._judge, self._beat):
            self._tasks.append(loop.create_task(_for_ever(work)))

    async def _look(self) -> None:
        """Compare what was heard with where the streams end, once a second."""
        while True:
            try:
                await self._look_at_feed()
                await self._look_at_tails()
                await self._leave_idle()
            except Unavailable as error:
                log.debug("Redis is away: %s", error)
            await asyncio.sleep(LOOK_EVERY_S - GRACE_S)

    async def _look_at_feed(self) -> None:
        state = await latest.afeed_state()
        if state is None:
            return
        self._known = frozenset(state.symbols)
        if state.time_ms != self._feed_ms:
            # Its age is judged by our own clock from here on: two machines' clocks need not agree.
            first = not self._feed_ms
            age_s = max(0.0, time.time() - state.time_ms / 1000) if first else 0.0
            self._feed_ms = state.time_ms
            self._feed_heard_at = asyncio.get_running_loop().time() - age_s

    async def _look_at_tails(self) -> None:
        tails = await bus.tails(list(self._pairs))
        await asyncio.sleep(GRACE_S)
        for symbol, tail in tails.items():
            pair = self._pairs.get(symbol)
            if pair is not None and (tail.epoch != pair.epoch or tail.seq > pair.seq):
                pair.fill()

    async def _leave_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        for symbol, pair in list(self._pairs.items()):
            if pair.is_followed:
                self._idle_since.pop(symbol, None)
            elif now - self._idle_since.setdefault(symbol, now) > LEAVE_AFTER_S:
                del self._pairs[symbol], self._idle_since[symbol]
                await pair.close()
                await self._leave(groups.of_pair(symbol))

    async def _judge(self) -> None:
        """Notice soon that prices are not live; looking at Redis may itself take seconds."""
        while True:
            self._judge_feed()
            await asyncio.sleep(JUDGE_EVERY_S)

    def _judge_feed(self) -> None:
        """Tell everybody when prices stop being live, and when they are live again."""
        silent_s = asyncio.get_running_loop().time() - self._feed_heard_at
        is_live = silent_s * 1000 < settings.STALE_AFTER_MS
        if is_live == self.feed_is_live:
            return
        self.feed_is_live = is_live
        if is_live:
            said = messages.status(feed="live")
        else:
            self._stale_since_ms = int((time.time() - min(silent_s, 86_400)) * 1000)
            said = messages.status(feed="stale", since=self._stale_since_ms)
        log.warning("the feed is %s", "live" if is_live else "stale")
        for follower in list(self.followers):
            follower.say(said)

    async def _beat(self) -> None:
        """Let no client be without a sign of life."""
        while True:
            await asyncio.sleep(1)
            now = self.now
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
        # Again if need be: in Python 3.11 asyncio.wait_for, through which redis-py sends, swallows some cancellations.
        while pending := {task for task in self._tasks if not task.done()}:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=0.1)
        self._tasks.clear()


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
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
