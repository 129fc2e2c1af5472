"""The simulated market of one pair, as a feed: seeded, and going on from where its stream stands."""

from decimal import Decimal
from random import Random

from ticker.market.pairs import Pair
from ticker.market.simulation import Conditions, PriceProcess
from ticker.market.trades import Quote, Trade


class SimulatedFeed:
    """Makes the trades of one pair. A restart at the same trade with the same seed goes on in the same way."""

    source = "simulated"

    def __init__(self, pair: Pair, conditions: Conditions, *, seed: int, price: Decimal, seq: int, now_ms: int) -> None:
        self.conditions = conditions
        self._process = PriceProcess(pair, Random(f"{pair.symbol}/{seed}/{seq}"), price=price, seq=seq, time_ms=now_ms)

    @property
    def quote(self) -> Quote:
        return self._process.quote

    def trades(self, now_ms: int) -> list[Trade]:
        """What was traded since the last call."""
        return list(self._process.until(now_ms, self.conditions))

    def halt(self, now_ms: int) -> None:
        """Nothing was traded since the last call, and time has passed."""
        self._process.pause(now_ms)
