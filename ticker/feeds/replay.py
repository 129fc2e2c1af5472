"""A recording as the feed of one pair: the same trades in the same order, at the pace of then times the speed."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from queue import Empty, Queue
from threading import Thread

from ticker.market.pairs import Pair
from ticker.market.simulation import Conditions
from ticker.market.trades import Quote, Side, Trade

AT_ONCE = 2_000  # trades of one call; what is more than that comes late rather than all together
READ_AHEAD = 20  # parts
PART = 1_000  # trades
CATCH_UP_MS = 2_000  # of the market's time


class Tape:
    """A recording that a thread reads ahead of who plays it, so that no event loop ever waits for a disk."""

    def __init__(self, trades: Iterable[Trade]) -> None:
        self.error: Exception | None = None  # what ended the reading before the end of the recording
        self.is_over = False  # every trade has been taken
        self.taken = 0
        self._parts: Queue[list[Trade]] = Queue(maxsize=READ_AHEAD)
        self._next: deque[Trade] = deque()
        self.reader = Thread(target=self._read, args=[trades], daemon=True, name="tape")
        self.reader.start()

    def _read(self, trades: Iterable[Trade]) -> None:
        part: list[Trade] = []
        try:
            for trade in trades:
                part.append(trade)
                if len(part) == PART:
                    self._parts.put(part)
                    part = []
        except Exception as error:  # a thread's errors reach nobody: whoever plays the tape looks here
            self.error = error
        if part:
            self._parts.put(part)
        self._parts.put([])

    def until(self, moment_ms: int) -> list[Trade]:
        """What happened up to this moment and was not taken yet, at most AT_ONCE; never waits for the disk."""
        found: list[Trade] = []
        while len(found) < AT_ONCE and self._has_next() and self._next[0].time_ms <= moment_ms:
            found.append(self._next.popleft())
        self.taken += len(found)
        return found

    def _has_next(self) -> bool:
        if not self._next and not self.is_over:
            try:
                part = self._parts.get_nowait()
            except Empty:
                return False
            self.is_over = not part
            self._next.extend(part)
        return bool(self._next)


class ReplayFeed:
    """Plays a tape. Prices, quantities and sides are the tape's, in its order; numbers and times are the market's."""

    source = "replay"

    def __init__(self, pair: Pair, tape: Tape, *, first_ms: int, speed: float, conditions: Conditions) -> None:
        self.conditions = conditions  # of a simulation; what has happened once does not heed them
        self.quote = Quote(pair.start_price - pair.price_tick, pair.start_price)
        self._tick = pair.price_tick
        self._tape, self._speed = tape, speed
        self._at_ms = float(first_ms)  # how far it is played, in the time of the tape
        self._now_ms = self._seq = 0

    def go_on(self, *, seq: int, price: Decimal, now_ms: int) -> None:
        """Play on behind trade `seq` of the market, from where the tape stands."""
        self._seq, self._now_ms = seq, now_ms
        self.quote = self._quote(price, Side.BUY)

    def trades(self, now_ms: int) -> list[Trade]:
        """What happened since the last call."""
        before_ms, self._now_ms = self._now_ms, now_ms
        # What a longer pause (a laptop that slept) would have brought is played after it.
        self._at_ms += min(now_ms - before_ms, CATCH_UP_MS) * self._speed
        found = [self._retold(trade, before_ms) for trade in self._tape.until(int(self._at_ms))]
        if found:
            self.quote = self._quote(found[-1].price, found[-1].side)
        return found

    def halt(self, now_ms: int) -> None:
        """Nothing was traded since the last call: the tape stands still."""
        self._now_ms = now_ms

    def _retold(self, trade: Trade, before_ms: int) -> Trade:
        self._seq += 1
        # As long ago as it is on the tape, but never before what the market has said already.
        time_ms = max(before_ms, self._now_ms - int((self._at_ms - trade.time_ms) / self._speed))
        return Trade(trade.pair, self._seq, trade.price, trade.qty, trade.side, time_ms)

    def _quote(self, price: Decimal, side: Side) -> Quote:
        """A tick apart around the last price, which the taker met on the other side: a tape has no quotes."""
        return Quote(price - self._tick, price) if side == Side.BUY else Quote(price, price + self._tick)
