"""Where simulated prices come from: a seeded process for one pair, told what time it is and never asking."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from ticker.market.pairs import Pair
from ticker.market.trades import Quote, Side, Trade

YEAR_S = 365 * 24 * 3600  # this market never sleeps
USUAL_QUOTE_QTY = 400.0  # the median trade, in quote currency
CATCH_UP_MS = 2_000  # what a longer pause (a laptop that slept) would have brought is not made up for


@dataclass(slots=True)
class Conditions:
    """What staff may change while the market runs."""

    rate: float  # trades per second
    volatility: float  # of the price, a year, as a fraction


class PriceProcess:
    """A hidden fair price that wanders, and trades that hit the best bid or lift the best ask around it.

    Log returns are normal with a volatility that itself wanders around its mean (so that calm and busy minutes
    cluster), arrivals are a Poisson process, sizes are log-normal. The same random generator, start and times
    give the same trades.
    """

    def __init__(self, pair: Pair, random: Random, *, price: Decimal, seq: int, time_ms: int) -> None:
        self.pair = pair
        self.random = random
        self.seq = seq  # of the last trade
        self.time_ms = time_ms  # nothing will happen before
        self._fair = float(price)
        self._heat = 0.0  # log of today's volatility over the usual
        self._next_ms = float(time_ms)
        self._rate = 1.0  # at which `_next_ms` was drawn
        self.quote = self._quote()

    def until(self, now_ms: int, conditions: Conditions) -> Iterator[Trade]:
        """The trades that happen up to `now_ms`, in order; time never goes back."""
        self._keep_to(conditions.rate)
        self._next_ms = max(self._next_ms, float(now_ms - CATCH_UP_MS))
        while self._next_ms <= now_ms:
            yield self._trade(conditions)
            # Waiting times between independent arrivals are exponential.
            self._next_ms += 1000 * self.random.expovariate(conditions.rate)
        self.time_ms = max(self.time_ms, now_ms)

    def _keep_to(self, rate: float) -> None:
        """Shorten or stretch what is left of the wait: a rare market that is made busy is busy at once."""
        if rate != self._rate:
            left_ms = max(0.0, self._next_ms - self.time_ms)
            self._next_ms = self.time_ms + left_ms * self._rate / rate
            self._rate = rate

    def pause(self, now_ms: int) -> None:
        """Let time pass without trades: the market is halted."""
        self.time_ms = max(self.time_ms, now_ms)
        self._next_ms = max(self._next_ms, float(now_ms))

    def _trade(self, conditions: Conditions) -> Trade:
        random = self.random
        self._heat += -0.002 * self._heat + 0.03 * random.gauss(0, 1)
        sigma = conditions.volatility * math.sqrt(1 / (conditions.rate * YEAR_S)) * math.exp(self._heat - 0.11)
        self._fair *= math.exp(sigma * random.gauss(0, 1))
        self.quote = self._quote()
        side = Side.BUY if random.random() < 0.5 else Side.SELL
        price = self.quote.ask if side is Side.BUY else self.quote.bid
        qty = self.pair.to_step(USUAL_QUOTE_QTY / float(price) * random.lognormvariate(0, 1.1))
        self.seq += 1
        self.time_ms = max(self.time_ms, int(self._next_ms))
        return Trade(self.pair.symbol, self.seq, price, qty, side, self.time_ms)

    def _quote(self) -> Quote:
        """A bid and an ask on ticks with the fair price between them, about one basis point apart."""
        tick = self.pair.price_tick
        half = max(self._fair * 0.00005, float(tick) / 2)
        bid = self.pair.to_tick(self._fair - half)
        return Quote(bid, max(self.pair.to_tick(self._fair + half), bid + tick))
