"""A market in a test's hands: it trades what the test says, through the same publisher as the simulator."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

from channels.layers import get_channel_layer
from django.conf import settings

from tests.kit.builders import trade
from ticker.bus import redis as bus_redis
from ticker.bus import trades as bus
from ticker.bus.latest import FeedState
from ticker.bus.locks import Lease
from ticker.market.board import Board
from ticker.market.errors import Unavailable
from ticker.market.trades import Quote, Side, Trade
from ticker.services.recording import Recorded
from ticker.wire.batches import Batch
from ticker.workers.publisher import Publisher
from ticker.workers.tickers import Tickers

QUOTE = Quote(Decimal("141.99"), Decimal("142.01"))
LIVES_EVERY_S = 0.4  # well within what makes prices stale


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class QuietPublisher(Publisher):
    """A publisher whose group messages can get lost."""

    is_quiet = False

    async def _tell(self, batch: Batch) -> None:
        if not self.is_quiet:
            await super()._tell(batch)


class Market:
    """The feed of some pairs. Nothing is traded unless a test says so."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self.symbols = tuple(symbols)
        self._lease = Lease("feed", owner="test", ttl_ms=3_600_000)  # nobody else wants it
        self._of = {
            symbol: QuietPublisher(symbol, self._lease, longest=settings.STREAM_MAX, wall_ms=wall_ms)
            for symbol in self.symbols
        }
        self._tickers = Tickers(self._lease)
        self._numbers = itertools.count()
        self._now_ms = 0
        self._speaks = asyncio.Event()
        self._speaks.set()

    async def open(self) -> None:
        assert await self._lease.acquire()
        for publisher in self._of.values():
            await publisher.open(Recorded(0, [], Board()))
        await self._live()

    def seq(self, symbol: str = "SOLUSDT") -> int:
        """The number of the newest trade."""
        return self._of[symbol].seq

    async def trades(
        self, count: int = 1, *, symbol: str = "SOLUSDT", batch: int = 10, is_lost: bool = False
    ) -> list[Trade]:
        """Trade so often, `batch` trades to a group message, which may get lost."""
        made: list[Trade] = []
        publisher = self._of[symbol]
        publisher.is_quiet = is_lost
        try:
            while len(made) < count:
                part = self._made(symbol, min(batch, count - len(made)))
                await self._publish(publisher, part)
                made += part
        finally:
            publisher.is_quiet = False
        return made

    @contextlib.asynccontextmanager
    async def moving(self, *, per_s: float, batch: int, symbol: str = "SOLUSDT") -> AsyncIterator[None]:
        """Trade on and on while the block runs, about so fast; all of it is published when it ends."""
        is_over = asyncio.Event()

        async def move() -> None:
            loop = asyncio.get_running_loop()
            due = loop.time()
            while not is_over.is_set():
                await self.trades(batch, symbol=symbol, batch=batch)
                due = max(due + batch / per_s, loop.time() - 0.5)  # what was late is made up for, within limits
                await asyncio.sleep(max(0.0, due - loop.time()))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(move())
            try:
                yield
            finally:
                is_over.set()

    async def time_passes(self, ms: int = 0, symbol: str = "SOLUSDT") -> int:
        """Say that it is so much later, without a trade; what time it is then."""
        self._now_ms = self._now() + ms
        await self._publish(self._of[symbol], [])
        return self._now_ms

    def silence(self) -> None:
        """Stop speaking, as a feed that has died."""
        self._speaks.clear()

    async def speak(self) -> None:
        """Speak again."""
        self._speaks.set()
        await self._live()

    async def lose_everything(self, *, unrecorded: int = 0) -> None:
        """Empty Redis, as if it had no file, and go on behind the record, which lacks so many trades."""
        redis = bus_redis.aclient()
        async for key in redis.scan_iter(match=bus_redis.key("*"), count=1000):
            await redis.delete(key)
        assert await self._lease.acquire()
        for publisher in self._of.values():
            publisher.doubt()
            self._tickers.doubt()
            await publisher.reopen(max(0, publisher.seq - unrecorded))
            await self._publish(publisher, [])
        await self._live()

    def _made(self, symbol: str, count: int) -> list[Trade]:
        at_ms = self._now()
        first = self._of[symbol].seq + 1
        return [
            trade(
                f"{142 + (number := next(self._numbers)) % 37 / 100:.2f}",
                qty=f"0.{number % 9 + 1:03d}",
                at=at_ms,
                seq=seq,
                side=Side.BUY if number % 2 else Side.SELL,
                pair=symbol,
            )
            for seq in range(first, first + count)
        ]

    def _now(self) -> int:
        self._now_ms = max(self._now_ms, wall_ms())
        return self._now_ms

    async def _publish(self, publisher: Publisher, trades: Sequence[Trade]) -> None:
        """As the simulator does: what could not be written waits, and is written first."""
        while True:
            try:
                if not publisher.is_sure:
                    await publisher.reopen(0)
                await publisher.publish(trades, QUOTE, self._now())
                newest = {symbol: one.ticker for symbol, one in self._of.items() if one.ticker}
                return await self._tickers.tell(newest, time_ms=self._now_ms)
            except Unavailable:
                trades = []
                await asyncio.sleep(0.01)  # Redis has just closed all connections

    async def _live(self) -> None:
        await bus.tell_feed(FeedState(wall_ms(), "simulated", "test", self.symbols))

    async def live(self) -> None:
        """Speak now and then, until cancelled."""
        while True:
            await self._speaks.wait()
            with contextlib.suppress(Unavailable):
                await self._live()
            await asyncio.sleep(LIVES_EVERY_S)


@contextlib.asynccontextmanager
async def open_market(*symbols: str) -> AsyncIterator[Market]:
    """A market under the prefix that the settings have now."""
    market = Market(symbols)
    await market.open()
    living = asyncio.create_task(market.live())
    try:
        yield market
    finally:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        await get_channel_layer().flush()
        await bus_redis.aclose()
