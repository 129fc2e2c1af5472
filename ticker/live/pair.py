"""One pair as this process hears it: its trades, its ticker and its candles."""

import asyncio
from collections.abc import Sequence

from ticker.bus import trades as bus
from ticker.bus.latest import Head
from ticker.live import metrics
from ticker.live.ring import Ring
from ticker.live.source import Source
from ticker.live.topics import Cork, News, Topic
from ticker.market.board import Board, Closed
from ticker.market.errors import Unavailable
from ticker.wire import batches, boards, groups, messages
from ticker.wire.channels import Channel
from ticker.wire.session import Follow

AT_FIRST = 1_000  # trades read when the first client follows the pair
KEPT = 20_000  # trades in memory, about 130 bytes each, and the longest replay; older ones are in REST
READ_AT_ONCE = 5_000
LOOK_BACK_EVERY_S = 1.0  # at most: a thousand clients who come back too late cost one look
BOARD_KEPT_S = 30.0  # without followers of candles; then they are not folded any more, which is half of the work


class PairStream(Source):
    """Hears the batches of one pair."""

    def __init__(self, symbol: str, cork: Cork) -> None:
        super().__init__(groups.of_pair(symbol), bus.head_of(symbol), cork)
        self.symbol = symbol
        self._head_ms = 0
        self._ring = Ring(KEPT)
        self._board: Board | None = None  # while somebody follows candles
        self._board_used_at = float("-inf")
        self._ticker: tuple[int, bytes] = (0, b"")
        self._trade = Channel(f"trade.{symbol}", "trade", self.group, symbol)
        self._ticker_channel = Channel(f"ticker.{symbol}", "ticker", self.group, symbol)
        self._stream_first = 0
        self._looked_back_at = float("-inf")

    async def load(self) -> None:
        head, entries = await bus.newest(self.symbol, AT_FIRST)
        if head is None:
            raise Unavailable(f"nothing is known of {self.symbol} yet")
        self._start(head, entries)

    def _start(self, head: Head, entries: list[tuple[int, bytes]]) -> None:
        self.epoch, self.seq, self._head_ms = head.epoch, head.seq, head.time_ms
        consecutive = _up_to(head.seq, entries)
        self._ring.start(head.seq, consecutive)
        self._stream_first, self._looked_back_at = 0, float("-inf")  # of the stream that was
        self._load_board(head)
        self._ticker = (head.ticker_seq, messages.encode(head.ticker) if head.ticker else b"")

    def _load_board(self, head: Head) -> None:
        """Have the candles as they are at `head`, where we are too, if they are wanted."""
        is_followed = any(topic for channel, topic in self._topics.items() if channel.kind == "candle")
        was_used = asyncio.get_running_loop().time() - self._board_used_at <= BOARD_KEPT_S
        self._board = boards.load(head.seq, head.board) if is_followed or was_used else None

    # --- Hearing -------------------------------------------------------------------------------

    def hear(self, text: str) -> None:
        if self.is_reading:
            return
        batch = batches.load(text)
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
        if items:
            self.seq += len(items)
            self._ring.append(items)
            if topic := self._topics.get(self._trade):
                ts = batches.trade(self.symbol, items[-1]).time_ms
                topic.news(News(self.seq, ts, pt, list(items)))
        if self._board is not None:
            self._fold(self._board, items, time_ms, pt)

    def _fold(self, board: Board, items: Sequence[bytes], time_ms: int, pt: int) -> None:
        """Keep the candles, and tell of them."""
        followed = [(channel, topic) for channel, topic in self._topics.items() if channel.kind == "candle" and topic]
        now = asyncio.get_running_loop().time()
        if followed:
            self._board_used_at = now
        elif now - self._board_used_at > BOARD_KEPT_S:
            self._board = None
            return
        closed = board.add(batches.trades(self.symbol, items)) if items else []
        closed += board.roll(time_ms)
        for channel, topic in followed:
            self._tell_candle(topic, board, channel.interval, closed, pt)

    def _tell_candle(self, topic: Topic, board: Board, interval: str, closed: Sequence[Closed], pt: int) -> None:
        for old in closed:
            if old.interval == interval:
                data = messages.candle(old.candle, closed=True)
                topic.news(News(old.number, self._head_ms, pt, [data], final=True))
        number = board.number(interval)
        if number > topic.seq:
            data = messages.candle(board.candles[interval], closed=False)
            topic.news(News(number, self._head_ms, pt, [data]))

    def _tell_ticker(self, number: int, data: bytes, ts: int, pt: int) -> None:
        self._ticker = (number, data)
        if topic := self._topics.get(self._ticker_channel):
            topic.news(News(number, ts, pt, [data]))

    # --- Reading what was missed ---------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            head, entries = await bus.after(self.symbol, self.seq, READ_AT_ONCE)
            if head is None:
                return  # emptied; its feed will begin it anew
            if head.epoch != self.epoch or (entries and entries[0][0] != self.seq + 1):
                await self._restart()
                return
            if entries:
                metrics.FILLED.inc(len(entries))
                self.filled += len(entries)
                self._advance([item for _, item in entries], self._head_ms, head.time_ms)
            if len(entries) < READ_AT_ONCE:
                if self._board is None:
                    self._load_board(head)
                self._advance([], head.time_ms, head.time_ms)
                if head.ticker is not None and head.ticker_seq > self._ticker[0]:
                    self._tell_ticker(head.ticker_seq, messages.encode(head.ticker), head.time_ms, head.time_ms)
                return

    async def _restart(self) -> None:
        head, entries = await bus.newest(self.symbol, AT_FIRST)
        if head is None:
            return
        why = "epoch" if head.epoch != self.epoch else "window"
        self._start(head, entries)
        self._began_anew(why)

    async def prepare(self, wanted: Follow) -> None:
        if wanted.channel.kind == "candle":
            self._board_used_at = asyncio.get_running_loop().time()
            if self._board is None:
                await self.catch_up()
        if wanted.channel.kind != "trade":
            return
        await super().prepare(wanted)
        position = wanted.position
        if position and position.epoch == self.epoch and not self.holds(position.seq):
            await self._reach_back(position.seq)
        if position and self.why_not(wanted.channel, position):
            await self._look_back()

    async def _reach_back(self, seq: int) -> None:
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

    async def _look_back(self) -> None:
        """Know the oldest trade that can be replayed, to tell those who ask for more. Raises Unavailable."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_back_at > LOOK_BACK_EVERY_S:
            self._looked_back_at = now
            self._stream_first = await bus.first(self.symbol)

    # --- What followers are told ---------------------------------------------------------------

    @property
    def first(self) -> int:
        """The oldest trade that can be replayed: in the stream, and not too many to replay."""
        if not self._stream_first:
            return self._ring.first
        return min(self._ring.first, max(self._stream_first, self.seq - KEPT + 1))

    def holds(self, seq: int) -> bool:
        return seq + 1 >= self._ring.first

    def after(self, seq: int) -> list[bytes]:
        return self._ring.after(seq)

    @property
    def head_ms(self) -> int:
        return self._head_ms

    def number(self, channel: Channel) -> int:
        match channel.kind:
            case "trade":
                return self.seq
            case "ticker":
                return self._ticker[0]
            case _:
                return self._board.number(channel.interval) if self._board and self._board.candles else 0

    def state(self, channel: Channel) -> bytes:
        if channel.kind == "ticker":
            return self._ticker[1]
        candle = self._board.candles.get(channel.interval) if self._board else None
        return messages.candle(candle, closed=False) if candle else b""


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
