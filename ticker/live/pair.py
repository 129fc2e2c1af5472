"""One pair as this process hears it: in order, without holes, and ready for whoever begins to follow."""

import asyncio
import logging
from collections.abc import Sequence

from ticker.bus import trades as bus
from ticker.bus.latest import Head
from ticker.live import metrics
from ticker.live.ring import Ring
from ticker.live.topics import Listener, News, Topic
from ticker.market.board import Board, Closed
from ticker.market.errors import Unavailable
from ticker.wire import batches, boards, messages
from ticker.wire.batches import Batch
from ticker.wire.channels import Channel, Mode
from ticker.wire.session import Follow, Position

log = logging.getLogger(__name__)

AT_FIRST = 1_000  # trades read when the first client follows the pair
KEPT = 20_000  # trades in memory, about 130 bytes each, and the longest replay; older ones are in REST
READ_AT_ONCE = 5_000
LOOK_BACK_EVERY_S = 1.0  # at most: a thousand clients who come back too late cost one look
REPLAY_AT_ONCE = 500  # trades in one message of a replay


class PairStream:
    """Hears the batches of one pair and tells its channels. What it missed it reads from the stream."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.epoch = ""
        self.seq = 0
        self._head_ms = 0
        self._ring = Ring(KEPT)
        self._board = Board()
        self._ticker: tuple[int, bytes] = (0, b"")
        self._topics: dict[Channel, Topic] = {}
        self._trade = Channel(f"trade.{symbol}", "trade", symbol)
        self._ticker_channel = Channel(f"ticker.{symbol}", "ticker", symbol)
        self._stream_first = 0
        self._looked_back_at = float("-inf")
        self._reading = asyncio.Lock()  # whoever needs something from Redis waits for who already reads it
        self._filling: asyncio.Task[None] | None = None

    @property
    def is_followed(self) -> bool:
        return any(self._topics.values())

    async def load(self) -> None:
        """Begin at the stream's end. Raises Unavailable."""
        head, entries = await bus.newest(self.symbol, AT_FIRST)
        if head is None:
            raise Unavailable(f"nothing is known of {self.symbol} yet")
        self._start(head, entries)

    def _start(self, head: Head, entries: list[tuple[int, bytes]]) -> None:
        self.epoch, self.seq, self._head_ms = head.epoch, head.seq, head.time_ms
        consecutive = _up_to(head.seq, entries)
        self._ring.start(head.seq, consecutive)
        self._stream_first, self._looked_back_at = 0, float("-inf")  # of the stream that was
        self._board = boards.load(head.seq, head.board)
        self._ticker = (head.ticker_seq, messages.encode(head.ticker) if head.ticker else b"")

    # --- Hearing -------------------------------------------------------------------------------

    def hear(self, batch: Batch) -> None:
        """A batch from the group: maybe a repeat, maybe after a hole."""
        if not self.epoch or self._filling:
            return  # what is being read has it
        if batch.epoch != self.epoch or batch.from_ > self.seq + 1:
            self.fill()
            return
        new = batch.trades[self.seq + 1 - batch.from_ :]
        if new or batch.seq == self.seq:
            self._advance([bytes(item) for item in new], batch.t, batch.pt)
            if batch.ticker_seq > self._ticker[0] and batch.ticker != b"null":
                self._tell_ticker(batch.ticker_seq, bytes(batch.ticker), batch.t, batch.pt)

    def _advance(self, items: Sequence[bytes], time_ms: int, pt: int) -> None:
        """Take in the next trades and the time, and tell whoever follows."""
        self._head_ms = max(self._head_ms, time_ms)
        closed: list[Closed] = []
        if items:
            trades = batches.trades(self.symbol, items)
            self.seq = trades[-1].seq
            self._ring.append(items)
            if topic := self._topics.get(self._trade):
                topic.news(News(self.seq, trades[-1].time_ms, pt, list(items)))
            closed += self._board.add(trades)
        closed += self._board.roll(time_ms)
        self._tell_candles(closed, pt)

    def _tell_candles(self, closed: Sequence[Closed], pt: int) -> None:
        for channel, topic in self._topics.items():
            if channel.kind != "candle" or not topic:
                continue
            for old in closed:
                if old.interval == channel.interval:
                    data = messages.candle(old.candle, closed=True)
                    topic.news(News(old.number, self._head_ms, pt, [data], final=True))
            number = self._board.number(channel.interval)
            if number > topic.seq:
                data = messages.candle(self._board.candles[channel.interval], closed=False)
                topic.news(News(number, self._head_ms, pt, [data]))

    def _tell_ticker(self, number: int, data: bytes, ts: int, pt: int) -> None:
        self._ticker = (number, data)
        if topic := self._topics.get(self._ticker_channel):
            topic.news(News(number, ts, pt, [data]))

    def _take_ticker(self, head: Head) -> None:
        if head.ticker is not None and head.ticker_seq > self._ticker[0]:
            self._tell_ticker(head.ticker_seq, messages.encode(head.ticker), head.time_ms, head.time_ms)

    # --- Reading what was missed ---------------------------------------------------------------

    def fill(self) -> None:
        """Read what the group has not told, in the background, unless somebody already does."""
        if self._filling is None:
            self._filling = asyncio.get_running_loop().create_task(self._fill())
            self._filling.add_done_callback(self._filled)

    def _filled(self, task: asyncio.Task[None]) -> None:
        self._filling = None
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, Unavailable):
            log.error("%s: could not be filled", self.symbol, exc_info=error)

    async def catch_up(self) -> None:
        """Return when everything that the stream holds now has been told. Raises Unavailable."""
        self.fill()
        assert self._filling is not None
        await asyncio.shield(self._filling)

    async def _fill(self) -> None:
        async with self._reading:
            while True:
                head, entries = await bus.after(self.symbol, self.seq, READ_AT_ONCE)
                if head is None:
                    return  # emptied; its feed will begin it anew
                if head.epoch != self.epoch or (entries and entries[0][0] != self.seq + 1):
                    await self._restart()
                    return
                if entries:
                    metrics.FILLED.inc(len(entries))
                    self._advance([item for _, item in entries], self._head_ms, head.time_ms)
                if len(entries) < READ_AT_ONCE:
                    self._advance([], head.time_ms, head.time_ms)
                    self._take_ticker(head)
                    return

    async def _restart(self) -> None:
        """The stream is not what it was: begin at its end, and tell every follower that there may be a hole."""
        head, entries = await bus.newest(self.symbol, AT_FIRST)
        if head is None:
            return
        why = "epoch" if head.epoch != self.epoch else "window"
        log.warning("%s: the stream begins anew at %d (%s)", self.symbol, head.seq, why)
        self._start(head, entries)
        for channel, topic in self._topics.items():
            topic.restart(self.number(channel))
            for listener in list(topic):
                self._introduce(listener, channel, topic.throttle_of(listener), why=why)

    async def reach_back(self, seq: int) -> None:
        """Have the trades after `seq` in memory, as far as the stream holds them. Raises Unavailable.

        A thousand clients who come back at once cost one read: the others find it done.
        """
        async with self._reading:
            missing = self._ring.first - 1 - seq
            if missing <= 0 or self.seq - seq > KEPT:
                return
            entries: list[tuple[int, bytes]] = []
            position = seq
            while position < seq + missing:
                _, found = await bus.after(self.symbol, position, min(READ_AT_ONCE, seq + missing - position))
                if not found:
                    break
                entries += found
                position = found[-1][0]
            self._ring.prepend(_up_to(self._ring.first - 1, entries))

    async def look_back(self) -> None:
        """Know the oldest trade that can be replayed, to tell those who ask for more. Raises Unavailable."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_back_at > LOOK_BACK_EVERY_S:
            self._looked_back_at = now
            self._stream_first = await bus.first(self.symbol)

    @property
    def first(self) -> int:
        """The oldest trade that can be replayed: in the stream, and not too many to replay."""
        if not self._stream_first:
            return self._ring.first
        return min(self._ring.first, max(self._stream_first, self.seq - KEPT + 1))

    # --- Following -----------------------------------------------------------------------------

    def holds(self, seq: int) -> bool:
        """Whether the trades after `seq` are in memory."""
        return seq + 1 >= self._ring.first

    def why_not(self, channel: Channel, position: Position) -> str | None:
        """Why a channel cannot be resumed from here; None where it can."""
        is_log = channel.mode is Mode.LOG
        if position.epoch != self.epoch or (is_log and position.seq > self.seq):
            return "epoch"
        return "window" if is_log and not self.holds(position.seq) else None

    def follow(self, listener: Listener, wanted: Follow) -> Topic:
        """Introduce the channel, replay what is asked for and held, then let the listener hear what comes."""
        topic = self._topic(wanted.channel)
        topic.tell_waiting(listener)  # who only changes the throttle misses nothing
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
        replay = self._ring.after(after) if is_log and after is not None else []
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
                seq = from_seq + len(part) - 1
                ts, data = self._head_ms, messages.items(part)
                listener.say(messages.update(channel, from_seq=from_seq, seq=seq, ts=ts, pt=ts, data=data))
        elif data := self._state(channel):
            listener.say(messages.snapshot(channel, seq=self.number(channel), ts=self._head_ms, data=data))

    def _topic(self, channel: Channel) -> Topic:
        topic = self._topics.get(channel)
        if not topic:  # unknown, or nobody listened and so it was told nothing
            topic = self._topics[channel] = Topic(channel, self.number(channel))
        return topic

    def number(self, channel: Channel) -> int:
        """The number of the newest news in a channel."""
        match channel.kind:
            case "trade":
                return self.seq
            case "ticker":
                return self._ticker[0]
            case _:
                return self._board.number(channel.interval) if self._board.candles else 0

    def _state(self, channel: Channel) -> bytes:
        """The newest value of a state channel; empty before the first trade."""
        if channel.kind == "ticker":
            return self._ticker[1]
        candle = self._board.candles.get(channel.interval)
        return messages.candle(candle, closed=False) if candle else b""

    async def close(self) -> None:
        if self._filling is not None:
            self._filling.cancel()


def _up_to(last: int, entries: Sequence[tuple[int, bytes]]) -> list[bytes]:
    """The items of the longest run of consecutive numbers that ends at `last`."""
    items: list[bytes] = []
    for seq, item in reversed(entries):
        if seq > last:
            continue
        if seq != last - len(items):
            break
        items.append(item)
    return items[::-1]
