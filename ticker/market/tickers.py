"""What one glance at a pair wants to know: the last price and the last 24 hours."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from ticker.market.candles import DAY, MINUTE, Candle, of_trade, open_at
from ticker.market.trades import Quote, Trade


@dataclass(frozen=True, slots=True)
class Ticker:
    """The newest price and the 24 hours up to it, in whole minutes."""

    last: Decimal
    bid: Decimal
    ask: Decimal
    open: Decimal  # 24 h ago
    high: Decimal
    low: Decimal
    volume: Decimal  # base currency
    quote_volume: Decimal  # quote currency

    @property
    def change_percent(self) -> Decimal:
        return ((self.last - self.open) / self.open * 100).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


class LastDay:
    """The last 24 hours of one pair, kept minute by minute: the open minute and the 1,439 before it.

    `minutes` are earlier 1-minute candles in order; what is older than a day falls out by itself.
    """

    def __init__(self, minutes: Iterable[Candle] = ()) -> None:
        self._minutes: deque[Candle] = deque()
        self._volume = self._quote_volume = Decimal(0)
        # Candidates for the extremes, best first (monotonic queues): the best of a sliding window in constant time.
        self._highs: deque[tuple[int, Decimal]] = deque()
        self._lows: deque[tuple[int, Decimal]] = deque()
        for minute in minutes:
            self.add(minute)

    def add_trade(self, trade: Trade) -> None:
        self.add(of_trade(trade, open_at(trade.time_ms, "1m")))

    def add(self, part: Candle) -> None:
        """Take in a candle of the newest minute, or a part of it; parts come in order."""
        if not part.trades:
            return
        minutes = self._minutes
        if minutes and minutes[-1].open_ms == part.open_ms:
            minutes[-1] = minutes[-1].then(part)
        else:
            minutes.append(part)
        self._volume += part.volume
        self._quote_volume += part.quote_volume
        while self._highs and self._highs[-1][1] <= part.high:
            self._highs.pop()
        self._highs.append((part.open_ms, part.high))
        while self._lows and self._lows[-1][1] >= part.low:
            self._lows.pop()
        self._lows.append((part.open_ms, part.low))
        self._forget(part.open_ms + MINUTE - DAY)

    def _forget(self, before_ms: int) -> None:
        while self._minutes[0].open_ms < before_ms:
            old = self._minutes.popleft()
            self._volume -= old.volume
            self._quote_volume -= old.quote_volume
        while self._highs[0][0] < before_ms:
            self._highs.popleft()
        while self._lows[0][0] < before_ms:
            self._lows.popleft()

    @property
    def last(self) -> Decimal | None:
        """The newest price; None before the first trade."""
        return self._minutes[-1].close if self._minutes else None

    def ticker(self, quote: Quote) -> Ticker | None:
        """What to show now; None before the first trade."""
        if not self._minutes:
            return None
        return Ticker(
            last=self._minutes[-1].close,
            bid=quote.bid,
            ask=quote.ask,
            open=self._minutes[0].open,
            high=self._highs[0][1],
            low=self._lows[0][1],
            volume=self._volume,
            quote_volume=self._quote_volume,
        )
