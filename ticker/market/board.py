"""The open candle of every interval of one pair, kept trade by trade: the same on every instance."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ticker.market.candles import INTERVALS, Candle, empty, index_of, of_trade, open_at, open_of
from ticker.market.trades import Trade

MOST_TOLD = 120  # of one interval at once: two minutes of silence in seconds; more would only flood the followers


@dataclass(frozen=True, slots=True)
class Closed:
    """A candle that will never change again."""

    interval: str
    candle: Candle
    number: int  # see Board.number


class Board:
    """The open candles of one pair after trade `seq`.

    Two boards that have seen the same trades hold the same candles, whenever they were told the time: what has
    passed is closed either by `roll` or by the first trade after it, and gets the same number.
    """

    def __init__(self, seq: int = 0, candles: Mapping[str, Candle] | None = None) -> None:
        self.seq = seq
        self.candles: dict[str, Candle] = dict(candles or {})
        self._ends = {name: _end(name, candle) for name, candle in self.candles.items()}
        self._first_end = min(self._ends.values(), default=0)

    def number(self, interval: str) -> int:
        """Counts everything that happens to a candle channel: each trade, and each candle that closes, adds one.

        So numbers rise without holes, and are the same on every instance.
        """
        return self.seq + index_of(self.candles[interval].open_ms, interval)

    def add(self, trades: Iterable[Trade]) -> list[Closed]:
        """Take in further trades, ordered by seq; what they closed, in order."""
        closed: list[Closed] = []
        part: Candle | None = None
        for trade in trades:
            one = of_trade(trade, open_at(trade.time_ms, "1s"))
            if part is not None and part.open_ms == one.open_ms:
                part = part.then(one)
            else:
                if part is not None:
                    self._merge(part)
                closed += self.roll(trade.time_ms)
                part = one
            self.seq = trade.seq
            if len(self.candles) < len(INTERVALS):
                self._begin(trade)
        if part is not None:
            self._merge(part)
        return closed

    def roll(self, now_ms: int) -> list[Closed]:
        """Let time pass: close every candle that ended by `now_ms`, empty ones included, and open the next.

        Of a long silence the first candle is told, and the empty ones that MOST_TOLD leaves out are not.
        """
        if now_ms < self._first_end:
            return []
        closed: list[Closed] = []
        for interval in self.candles:
            told = 0
            while now_ms >= self._ends[interval]:
                candle = self.candles[interval]
                opens_ms = self._ends[interval] if told < MOST_TOLD else open_at(now_ms, interval)
                self._open(interval, empty(opens_ms, candle.close))
                closed.append(Closed(interval, candle, self.number(interval)))
                told += 1
        self._first_end = min(self._ends.values(), default=0)
        return closed

    def _open(self, interval: str, candle: Candle) -> None:
        self.candles[interval] = candle
        self._ends[interval] = _end(interval, candle)

    def _begin(self, trade: Trade) -> None:
        """The first trade of all opens the candles that history has not opened."""
        for interval in INTERVALS:
            if interval not in self.candles:
                self._open(interval, empty(open_at(trade.time_ms, interval), trade.price))
        self._first_end = min(self._ends.values())

    def _merge(self, part: Candle) -> None:
        for interval, candle in self.candles.items():
            self.candles[interval] = candle.then(part)


def _end(interval: str, candle: Candle) -> int:
    return open_of(index_of(candle.open_ms, interval) + 1, interval)
