"""A recording as the market of one pair: the simulated exchange with one feed exchanged, as long as the tape lasts."""

import asyncio
import logging
import time

from ticker.feeds.replay import ReplayFeed, Tape
from ticker.models import Pair
from ticker.workers.simulate import Market, Simulator, wall_ms

log = logging.getLogger(__name__)

REPLAY = "replay/"  # how the owners begin from whom no other replay takes the feed


class Replayer(Simulator):
    """Takes the feed from whoever simulates, plays one pair from a tape, simulates the others, and gives it back."""

    source = ReplayFeed.source

    def __init__(self, symbol: str, tape: Tape, *, first_ms: int, speed: float, rate: float) -> None:
        super().__init__(rate=rate)
        self.lease.owner, self.lease.ousts_all_but = f"{REPLAY}{self.lease.owner}", REPLAY
        self.symbol, self.tape = symbol, tape
        self._first_ms, self._speed = first_ms, speed
        self._feed: ReplayFeed | None = None
        self._stop = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Play until the tape is over or until stopped. What we need is waited for, for as long as it takes."""
        self._stop = stop
        await super().run(stop)

    async def _open(self, row: Pair) -> Market:
        market = await super()._open(row)
        if row.symbol == self.symbol:
            if self._feed is None:
                self._feed = ReplayFeed(
                    row.value,
                    self.tape,
                    first_ms=self._first_ms,
                    speed=self._speed,
                    conditions=self._conditions(row),
                )
            price = market.publisher.last_price or row.value.start_price
            now_ms = self._clock.now(wall_ms(), time.monotonic())
            self._feed.go_on(seq=market.publisher.seq, price=price, now_ms=now_ms)
            market.feed = self._feed
        return market

    async def _tick(self) -> None:
        await super()._tick()
        market = self.markets.get(self.symbol)
        if self.tape.is_over and market is not None and not market.publisher.is_behind:
            log.info("%s: the recording is over after %d trades", self.symbol, self.tape.taken)
            self._stop.set()
