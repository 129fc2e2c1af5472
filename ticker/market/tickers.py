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

    It says what the 1,440 one-minute candles say, of which those without a trade carry the last close. `minutes` are
    earlier candles in order.
    """

    def __init__(self, minutes: Iterable[Candle] = ()) -> None:
        self.last: Decimal | None = None  # the newest price; None before the first trade
        self._carried: Decimal | None = None  # the last price before the window
        self._since_ms = 0  # when the window begins
        self._minutes: deque[Candle] = deque()  # those with trades
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
        self.roll(part.open_ms)
        minutes = self._minutes
        if minutes and minutes[-1].open_ms == part.open_ms:
            minutes[-1] = minutes[-1].then(part)
        else:
            minutes.append(part)
        self.last = part.close
        self._volume += part.volume
        self._quote_volume += part.quote_volume
        while self._highs and self._highs[-1][1] <= part.high:
            self._highs.pop()
        self._highs.append((part.open_ms, part.high))
        while self._lows and self._lows[-1][1] >= part.low:
            self._lows.pop()
        self._lows.append((part.open_ms, part.low))

    def roll(self, now_ms: int) -> None:
        """Let time pass: what is older than a day falls out."""
        self._since_ms = max(self._since_ms, open_at(now_ms, "1m") + MINUTE - DAY)
        while self._minutes and self._minutes[0].open_ms < self._since_ms:
            old = self._minutes.popleft()
            self._carried = old.close
            self._volume -= old.volume
            self._quote_volume -= old.quote_volume
        for extremes in (self._highs, self._lows):
            while extremes and extremes[0][0] < self._since_ms:
                extremes.popleft()

    def ticker(self, quote: Quote) -> Ticker | None:
        """What to show now; None before the first trade."""
        if self.last is None:
            return None
        prices = [extremes[0][1] for extremes in (self._highs, self._lows) if extremes]
        opened = self._minutes[0].open if self._minutes else self.last
        if self._carried is not None and (not self._minutes or self._minutes[0].open_ms > self._since_ms):
            # The window begins with minutes in which nothing was traded.
            opened = self._carried
            prices.append(self._carried)
        return Ticker(
            last=self.last,
            bid=quote.bid,
            ask=quote.ask,
            open=opened,
            high=max(prices),
            low=min(prices),
            volume=self._volume,
            quote_volume=self._quote_volume,
        )
