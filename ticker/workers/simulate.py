"""The simulated exchange: one active process for all pairs, any number standing by."""

import asyncio
import logging
import time
from dataclasses import dataclass, field

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError  # also of a connection that is closed

from ticker.bus import logs
from ticker.bus import trades as bus
from ticker.bus.latest import FeedState
from ticker.bus.locks import Lease
from ticker.feeds import Feed
from ticker.feeds.simulated import SimulatedFeed
from ticker.market.errors import TickerError, Unavailable
from ticker.market.pairs import PairStatus
from ticker.market.simulation import Conditions
from ticker.market.time import MarketClock
from ticker.market.trades import Trade
from ticker.models import Pair
from ticker.services import instance, pairs, recording
from ticker.wire import groups
from ticker.workers.publisher import Publisher
from ticker.workers.running import Trouble, pause
from ticker.workers.tickers import Tickers

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5  # at what staff have set; they are promised two seconds
RENEW_EVERY_S = 0.5  # a fifth of the lease
TIME_PASSES_EVERY_MS = 500  # a pair without trades still says what time it is, so that its candles close


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Market:
    """One pair while this process feeds it."""

    row: Pair  # as staff have set it
    feed: Feed
    publisher: Publisher
    told_ms: int = 0
    trouble: Trouble = field(default_factory=lambda: Trouble(log))  # of its stream alone


class Simulator:
    """Feeds every listed pair as long as it holds the lease; otherwise stands by for it."""

    source = SimulatedFeed.source

    def __init__(self, *, rate: float) -> None:
        self.rate = rate  # of pairs that have none of their own
        self.lease = Lease("feed", owner=f"{instance.name}/{time.time_ns()}")
        self.markets: dict[str, Market] = {}
        self._seen: dict[str, Pair] = {}  # the pairs at the last look
        self._tickers = Tickers(self.lease)
        self._clock = MarketClock()
        self._trouble = Trouble(log)

    async def run(self, stop: asyncio.Event) -> None:
        """Feed or stand by until stopped. What we need is waited for, for as long as it takes."""
        standing_by = False
        while not stop.is_set():
            try:
                if await self.lease.acquire():
                    if not self.lease.is_unbroken:
                        self.markets.clear()  # somebody else may have traded meanwhile
                    log.info("feeding the markets")
                    standing_by = False
                    await self._lead(stop)
                elif not standing_by:
                    log.info("standing by: another simulator feeds the markets")
                    standing_by = True
                    self.markets.clear()
                    self._trouble.over()
            except bus.Fenced as error:
                log.warning("not feeding any more: %s", error)
            except (TickerError, DatabaseError) as error:
                self._trouble.waits(error)
            await pause(stop, 0.4)
        try:
            await self.lease.release()
        except Unavailable:
            log.warning("could not give the lease back; it runs out by itself")

    async def _lead(self, stop: asyncio.Event) -> None:
        """Feed the markets until stopped or fenced off.

        The markets of an earlier time are kept, if nobody else has fed them since: they remember what a Redis that
        lost its data has forgotten.
        """
        for market in self.markets.values():
            market.publisher.doubt()
        self._tickers.doubt()
        if not self.markets:
            await self._set(await database_sync_to_async(pairs.shown)())
        renew_at = 0.0
        next_at = time.monotonic()
        led = asyncio.Event()
        looking = asyncio.get_running_loop().create_task(self._look(led))
        try:
            while not stop.is_set():
                if looking.done():
                    looking.result()  # raises what it could not go on after
                at = time.monotonic()
                if at >= renew_at:
                    await self._renew()
                    renew_at = at + RENEW_EVERY_S
                await self._tick()
                self._trouble.over()
                # Batches keep their rhythm; one that was late is not followed by a burst.
                next_at = max(next_at + settings.PUBLISH_EVERY_MS / 1000, time.monotonic())
                await pause(stop, max(0.0, next_at - time.monotonic()))
        finally:
            led.set()  # a cancellation alone may get lost: in Python 3.11 wait_for, where redis-py sends, swallows some
            looking.cancel()
            await asyncio.wait({looking})

    async def _renew(self) -> None:
        """Keep the lease, and say that the feed lives. Raises bus.Fenced; Unavailable."""
        if not await self.lease.renew():
            raise bus.Fenced("the lease ran out")
        await bus.tell_feed(FeedState(wall_ms(), self.source, instance.name, tuple(self.markets)))

    async def _look(self, led: asyncio.Event) -> None:
        """Do what staff have set, again and again until `led`. While the database is away the market goes on as it was."""
        trouble = Trouble(log)
        while not led.is_set():
            try:
                await self._set(await database_sync_to_async(pairs.shown)())
                trouble.over()
            except DatabaseError as error:
                trouble.waits(f"the market goes on as it was set: {error}")
            await pause(led, LOOK_EVERY_S)

    async def _set(self, shown: list[Pair]) -> None:
        """Do what staff have set: list, delist, halt, open, rate, volatility."""
        rows = {row.symbol: row for row in shown}
        await self._tell_changes(rows)
        for symbol in self.markets.keys() - rows.keys():
            del self.markets[symbol]
        for symbol, row in rows.items():
            market = self.markets.get(symbol)
            if market is None or market.row.seed != row.seed:
                self.markets[symbol] = await self._open(row)
            else:
                market.row = row
                market.feed.conditions = self._conditions(row)

    async def _tell_changes(self, rows: dict[str, Pair]) -> None:
        """Say what staff have halted, opened, listed and delisted since the last look; nothing at the first."""
        before, self._seen = self._seen, rows
        for symbol in (before.keys() | rows.keys()) if before else ():
            status = PairStatus(rows[symbol].status) if symbol in rows else PairStatus.DELISTED
            was = before[symbol].status if symbol in before else PairStatus.DELISTED
            if status != was:
                await _tell_status(rows.get(symbol) or before[symbol], status)

    def _conditions(self, row: Pair) -> Conditions:
        return Conditions(rate=row.rate or self.rate, volatility=row.volatility)

    async def _open(self, row: Pair) -> Market:
        recorded = await database_sync_to_async(recording.recorded)(row.symbol)
        publisher = Publisher(row.symbol, self.lease, longest=settings.STREAM_MAX, wall_ms=wall_ms)
        head = await publisher.open(recorded)
        self._clock.not_before(head.time_ms)
        feed = SimulatedFeed(
            row.value,
            self._conditions(row),
            seed=row.seed,
            price=publisher.last_price or row.value.start_price,
            seq=publisher.seq,
            now_ms=self._clock.now(wall_ms(), time.monotonic()),
        )
        return Market(row, feed, publisher)

    async def _tick(self) -> None:
        at_ms = self._clock.now(wall_ms(), time.monotonic())
        for symbol, market in list(self.markets.items()):
            try:
                await self._publish(market, at_ms)
            except bus.Full as error:
                market.trouble.waits(f"{symbol}: {error}")
            except bus.Moved as error:
                log.warning("%s: looking again where the stream stands: %s", symbol, error)
                self.markets.pop(symbol, None)  # the next look opens it anew
        newest = {symbol: market.publisher.ticker for symbol, market in self.markets.items() if market.publisher.ticker}
        await self._tickers.tell(newest, time_ms=at_ms)

    async def _publish(self, market: Market, at_ms: int) -> None:
        """Publish what was traded. What cannot be written now waits, and nothing more is traded until it is."""
        publisher, feed = market.publisher, market.feed
        if not publisher.is_sure:
            await publisher.reopen(await database_sync_to_async(recording.position)(market.row.symbol))
        trades: list[Trade] = []
        if market.row.status == PairStatus.HALTED or publisher.is_behind:
            feed.halt(at_ms)
        else:
            trades = feed.trades(at_ms)
        if trades or publisher.is_behind or at_ms - market.told_ms >= TIME_PASSES_EVERY_MS:
            await publisher.publish(trades, feed.quote, at_ms)
            market.told_ms = at_ms
            market.trouble.over()


SAID = {
    PairStatus.OPEN: "{} trades.",
    PairStatus.HALTED: "{} is halted: prices stand still.",
    PairStatus.DELISTED: "{} is not traded here any more.",
}


async def _tell_status(row: Pair, status: PairStatus) -> None:
    """Say what staff have done with a pair; said when it takes effect."""
    item = {"kind": "pair", "pair": row.symbol, "status": status, "text": SAID[status].format(row)}
    try:
        await logs.aappend(groups.SYSTEM, item)
    except Unavailable as error:
        log.warning("%s: nobody was told that it is %s: %s", row.symbol, status, error)
