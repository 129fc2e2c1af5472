"""What every source of channels has in common: it is heard in order, fills its holes, and introduces who follows it.

A source is one group of the channel layer with its head in Redis: a pair, the tickers of all pairs, a log.
"""

import asyncio
import logging

from ticker.live.topics import Cork, Listener, Topic
from ticker.market.errors import Unavailable
from ticker.wire import messages
from ticker.wire.channels import Channel, Mode
from ticker.wire.session import Follow, Position

log = logging.getLogger(__name__)

REPLAY_AT_ONCE = 500  # items in one message of a replay


class Source:
    """Hears one group and tells its channels. What it missed it reads from Redis, once for all who need it."""

    def __init__(self, group: str, head: str, cork: Cork) -> None:
        self.group = group
        self.head = head  # the key of the hash that says where it ends
        self.epoch = ""
        self.seq = 0
        self.filled = 0  # items that the group did not tell
        self._cork = cork
        self._topics: dict[Channel, Topic] = {}
        self._reading = asyncio.Lock()  # whoever needs something from Redis waits for who already reads it
        self._filling: asyncio.Task[None] | None = None

    # --- What each kind of source does its own way ---------------------------------------------

    async def load(self) -> None:
        """Begin where it ends now. Raises Unavailable."""
        raise NotImplementedError

    def hear(self, text: str) -> None:
        """A message of the group: maybe a repeat, maybe after a hole."""
        raise NotImplementedError

    async def _read(self) -> None:
        """Take in everything that Redis has and we have not. Raises Unavailable."""
        raise NotImplementedError

    def number(self, channel: Channel) -> int:
        """The number of the newest news in a channel."""
        return self.seq

    def state(self, channel: Channel) -> bytes:
        """The newest value of a state channel; empty before the first."""
        return b""

    def after(self, seq: int) -> list[bytes]:
        """The items of the log after `seq`, which must be held."""
        return []

    @property
    def first(self) -> int:
        """The oldest item of the log that can be replayed."""
        return self.seq + 1

    def holds(self, seq: int) -> bool:
        """Whether the items of the log after `seq` are in memory."""
        return seq + 1 >= self.first

    @property
    def head_ms(self) -> int:
        """UTC ms: the time of the newest that was heard."""
        return 0

    async def prepare(self, wanted: Follow) -> None:
        """Have at hand what `follow` will tell. Raises Unavailable."""
        position = wanted.position
        if position and position.epoch == self.epoch and position.seq > self.number(wanted.channel):
            await self.catch_up()  # another instance was a moment ahead of this one

    # --- Reading what was missed ---------------------------------------------------------------

    def fill(self) -> None:
        """Read what the group has not told, in the background, unless somebody already does."""
        if self._filling is None:
            self._filling = asyncio.get_running_loop().create_task(self._fill())
            self._filling.add_done_callback(self._has_filled)

    async def _fill(self) -> None:
        async with self._reading:
            await self._read()

    def _has_filled(self, task: asyncio.Task[None]) -> None:
        self._filling = None
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, Unavailable):
            log.error("%s: could not be filled", self.group, exc_info=error)

    async def catch_up(self) -> None:
        """Return when everything that Redis holds now has been told. Raises Unavailable."""
        self.fill()
        assert self._filling is not None
        await asyncio.shield(self._filling)

    @property
    def is_reading(self) -> bool:
        """Whether what the group tells now will be found in Redis anyway."""
        return not self.epoch or self._filling is not None

    def _began_anew(self, why: str) -> None:
        """Tell every follower that there may be a hole: the source is not the continuation of what it was."""
        log.warning("%s begins anew at %d (%s)", self.group, self.seq, why)
        for channel, topic in self._topics.items():
            topic.restart(self.number(channel))
            for listener in list(topic):
                self._introduce(listener, channel, topic.throttle_of(listener), why=why)

    def close(self) -> None:
        if self._filling is not None:
            self._filling.cancel()

    # --- Following -----------------------------------------------------------------------------

    @property
    def is_followed(self) -> bool:
        return any(self._topics.values())

    def why_not(self, channel: Channel, position: Position) -> str | None:
        """Why a channel cannot be resumed from here; None where it can."""
        is_log = channel.mode is Mode.LOG
        if position.epoch != self.epoch or (is_log and position.seq > self.seq):
            return "epoch"
        return "window" if is_log and not self.holds(position.seq) else None

    def follow(self, listener: Listener, wanted: Follow) -> Topic:
        """Introduce the channel, replay what is asked for and held, then let the listener hear what comes."""
        topic = self._topic(wanted.channel)
        topic.complete(listener)  # who only changes the throttle misses nothing
        topic.leave(listener)
        position = wanted.position
        why = self.why_not(wanted.channel, position) if position else None
        after = position.seq if position and not why else None
        self._introduce(listener, wanted.channel, wanted.throttle, id=wanted.id, why=why, after=after)
        topic.join(listener, wanted.throttle)
        return topic

    def _introduce(
        self,
        listener: Listener,
        channel: Channel,
        throttle: int,
        *,
        id: messages.Id = None,
        why: str | None = None,
        after: int | None = None,
    ) -> None:
        """Say where the channel stands: with `why` it is a reset, with `after` a resumption."""
        is_log = channel.mode is Mode.LOG
        replay = self.after(after) if is_log and after is not None else []
        listener.say(
            messages.subscribed(
                channel,
                id=id,
                throttle=throttle,
                epoch=self.epoch,
                seq=self.number(channel),
                resume="reset" if why else "ok" if after is not None else None,
                why=why,
                first=self.first if why and is_log else None,
                replay=len(replay) if is_log and after is not None else None,
            )
        )
        if is_log:
            for number in range(0, len(replay), REPLAY_AT_ONCE):
                part = replay[number : number + REPLAY_AT_ONCE]
                from_seq = self.seq - len(replay) + number + 1
                seq, ts, data = from_seq + len(part) - 1, self.head_ms, messages.items(part)
                listener.say(messages.Update(channel, from_seq=from_seq, seq=seq, ts=ts, pt=ts, data=data))
        elif data := self.state(channel):
            listener.say(messages.snapshot(channel, seq=self.number(channel), ts=self.head_ms, data=data))

    def _topic(self, channel: Channel) -> Topic:
        topic = self._topics.get(channel)
        if not topic:  # unknown, or nobody listened and so it was told nothing
            topic = self._topics[channel] = Topic(channel, self.number(channel), self._cork)
        return topic
