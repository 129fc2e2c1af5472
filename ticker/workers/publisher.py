"""Publishes one pair's trades: keeps what follows from them, writes the stream, then tells the group.

Whatever happens to Redis in between, each trade is in the stream once and in order.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from ticker.bus import trades as bus
from ticker.bus.latest import Head
from ticker.bus.locks import Lease
from ticker.market.board import Board
from ticker.market.errors import Unavailable
from ticker.market.tickers import LastDay
from ticker.market.trades import Quote, Trade
from ticker.services.recording import Recorded
from ticker.wire import batches, boards
from ticker.wire.batches import Batch

log = logging.getLogger(__name__)

REMEMBERED = 20_000  # newest trades, to write again what a Redis without its data has forgotten


class Publisher:
    """The only writer of one pair's stream, as long as its lease holds."""

    def __init__(self, symbol: str, lease: Lease, *, longest: int, wall_ms: Callable[[], int]) -> None:
        self.symbol = symbol
        self.seq = 0  # of the newest trade, written or not
        self.ticker = b""  # the newest that was written, as JSON; empty before the first trade
        self._lease = lease
        self._longest = longest
        self._wall_ms = wall_ms
        self._epoch = ""
        self._written = 0  # of the newest trade in the stream, as far as we know
        self._board = Board()
        self._day = LastDay()
        self._newest: deque[bytes] = deque(maxlen=REMEMBERED)  # the trades up to `seq`, as items
        self._trade_ms = 0
        self._sure = False  # whether `_written` is where the stream stands

    async def open(self, recorded: Recorded) -> Head:
        """Go on from where the stream stands, or from the record where Redis has lost the stream.

        Raises bus.Fenced; Unavailable when Redis is away.
        """
        head = await self._look(recorded.seq)
        self.seq = head.seq
        self._day = LastDay(recorded.minutes)
        unrecorded: list[Trade] = []
        position = recorded.seq
        while position < head.seq:
            _, entries = await bus.after(self.symbol, position, 5_000)
            unrecorded += batches.trades(self.symbol, (item for _, item in entries))
            if not entries:
                break
            position = entries[-1][0]
        for trade in unrecorded:
            self._day.add_trade(trade)
        if head.board:
            self._board = boards.load(head.seq, head.board)
        else:
            self._board = recorded.board
            self._board.add(unrecorded)
        self._trade_ms = head.trade_ms
        return head

    async def reopen(self, recorded_seq: int) -> None:
        """Look where the stream stands after something went wrong; what it lacks is written by the next `publish`.

        Raises bus.Fenced; Unavailable when Redis is still away.
        """
        oldest_known = self.seq - len(self._newest)
        head = await self._look(max(recorded_seq, min(oldest_known, self.seq)))
        if head.seq > self.seq:
            raise bus.Moved(f"{self.symbol}: the stream stands at {head.seq}, not at {self.seq}")

    async def _look(self, least_seq: int) -> Head:
        head = await bus.open_stream(
            self.symbol, recorded_seq=least_seq, fence=self._lease.fence, token=self._lease.token
        )
        self._epoch, self._written, self._sure = head.epoch, head.seq, True
        return head

    @property
    def last_price(self) -> Decimal | None:
        return self._day.last

    def doubt(self) -> None:
        """Somebody else may have written meanwhile: `reopen` before the next `publish`."""
        self._sure = False

    @property
    def is_behind(self) -> bool:
        """Whether trades wait to be written, or it is unknown whether they were: `reopen`, then `publish` again."""
        return not self._sure or self._written < self.seq

    @property
    def is_sure(self) -> bool:
        return self._sure

    async def publish(self, trades: Sequence[Trade], quote: Quote, now_ms: int) -> None:
        """Append these trades, and what waits from before, in one step; then tell the group.

        Raises bus.Fenced, bus.Moved, bus.Full or Unavailable; the trades are kept and wait.
        """
        if trades:
            self._day_and_board(trades)
        self._board.roll(now_ms)
        self._day.roll(now_ms)
        items = self._unwritten()
        ticker = self._day.ticker(quote)
        encoded = batches.ticker(ticker) if ticker else b""
        from_seq = self._written + 1
        self._sure = False
        try:
            number = await bus.append(
                self.symbol,
                items,
                epoch=self._epoch,
                from_seq=from_seq,
                time_ms=now_ms,
                trade_ms=self._trade_ms,
                ticker=encoded,
                board=boards.dump(self._board),
                longest=self._longest,
                fence=self._lease.fence,
                token=self._lease.token,
            )
        except bus.Full:
            self._sure = True  # refused as a whole
            raise
        self._written, self._sure, self.ticker = self.seq, True, encoded
        await self._tell(
            Batch(
                pair=self.symbol,
                epoch=self._epoch,
                from_=from_seq,
                seq=self.seq,
                t=now_ms,
                pt=self._wall_ms(),
                trades=[msgspec.Raw(item) for item in items],
                ticker_seq=number,
                ticker=msgspec.Raw(encoded or b"null"),
            )
        )

    def _day_and_board(self, trades: Sequence[Trade]) -> None:
        for trade in trades:
            self._day.add_trade(trade)
            self._newest.append(batches.item(trade))
        self._board.add(trades)
        self.seq, self._trade_ms = trades[-1].seq, trades[-1].time_ms

    def _unwritten(self) -> list[bytes]:
        count = self.seq - self._written
        return list(self._newest)[-count:] if count else []

    async def _tell(self, batch: Batch) -> None:
        try:
            await bus.announce(batch)
        except Unavailable as error:
            # The stream has it: every hub finds it there within its next look at the tail.
            log.warning("%s: the group was not told of trade %d: %s", self.symbol, batch.seq, error)
