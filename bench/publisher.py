"""The feed of a benchmark, a process of its own: the same trades to whichever server is being measured.

Told what to do in lines of JSON, answers each with one.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradedash.settings")
django.setup()

import msgpack  # noqa: E402 (Django first)
from channels_redis.core import RedisChannelLayer  # noqa: E402
from channels_redis.pubsub import RedisPubSubChannelLayer  # noqa: E402
from django.conf import settings  # noqa: E402

from bench.servers import SOCKET_IO_KEY, WS_CHANNEL  # noqa: E402
from ticker.bus import trades as bus  # noqa: E402
from ticker.bus.latest import FeedState  # noqa: E402
from ticker.bus.locks import Lease  # noqa: E402
from ticker.bus.redis import aclient  # noqa: E402
from ticker.market.board import Board  # noqa: E402
from ticker.market.pairs import pair_of  # noqa: E402
from ticker.market.simulation import Conditions, PriceProcess  # noqa: E402
from ticker.market.trades import Quote, Trade  # noqa: E402
from ticker.services.recording import Recorded  # noqa: E402
from ticker.wire import batches  # noqa: E402
from ticker.workers.publisher import Publisher  # noqa: E402

PAIR = pair_of("SOLUSDT")
LIVES_EVERY_S = 0.4  # well within what makes prices stale
DIFFERENT = 5_000  # trades, then the same again

Send = Callable[[Trade], Awaitable[None]]


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def simulated(count: int) -> tuple[list[Trade], Quote]:
    """So many trades of the simulated market, the same in every run."""
    process = PriceProcess(PAIR, Random("bench"), price=PAIR.start_price, seq=0, time_ms=0)
    conditions = Conditions(rate=1_000, volatility=PAIR.volatility)
    made: list[Trade] = []
    at_ms = 0
    while len(made) < count:
        at_ms += 1_000
        made += process.until(at_ms, conditions)
    return made[:count], process.quote


def message(trade: Trade) -> str:
    """What TradeDash says to its clients of a trade, for those who are given whole messages."""
    return (
        f'{{"type":"update","ch":"trade.{trade.pair}","seq":{trade.seq},"ts":{trade.time_ms},"pt":{trade.time_ms},'
        f'"data":[{batches.item(trade).decode()}]}}'
    )


class Feed:
    """Publishes one trade after the other at a rate, to one kind of server."""

    def __init__(self) -> None:
        self.count = 0
        self._lease = Lease("feed", owner=f"bench/{os.getpid()}")
        self._publisher = Publisher(PAIR.symbol, self._lease, longest=settings.STREAM_MAX, wall_ms=wall_ms)
        self._core = RedisChannelLayer(hosts=[settings.REDIS_URL], prefix="textbook-core")
        self._pubsub = RedisPubSubChannelLayer(hosts=[settings.REDIS_URL], prefix="textbook-pubsub")
        self._trades, self._quote = simulated(DIFFERENT)
        self._seqs: dict[str, int] = {}
        self._running: asyncio.Task[None] | None = None
        self._stopping = False
        self.to: dict[str, Send] = {
            "ours": self._ours,
            "core": lambda trade: self._textbook(self._core, trade),
            "pubsub": lambda trade: self._textbook(self._pubsub, trade),
            "ws": self._ws,
            "socketio": self._socketio,
        }

    async def open(self) -> None:
        """Take our own market's feed; it has to live before anybody can follow it."""
        if not await self._lease.acquire():
            raise RuntimeError("another process feeds this Redis")
        await self._publisher.open(Recorded(0, [], Board()))
        await self._tell()
        await self.publish("ours")

    async def live(self) -> None:
        while True:
            await asyncio.sleep(LIVES_EVERY_S)
            await self._lease.renew()
            await self._tell()

    async def _tell(self) -> None:
        await bus.tell_feed(FeedState(wall_ms(), "simulated", "bench", (PAIR.symbol,)))

    # --- To each kind of server, as its own publisher would --------------------------------------

    async def _ours(self, trade: Trade) -> None:
        await self._publisher.publish([trade], self._quote, trade.time_ms)

    async def _textbook(self, layer: Any, trade: Trade) -> None:  # channels_redis has no types
        await layer.group_send("trades", {"type": "trade", "trade": json.loads(message(trade))})

    async def _ws(self, trade: Trade) -> None:
        await aclient().publish(WS_CHANNEL, message(trade))

    async def _socketio(self, trade: Trade) -> None:
        # The protocol of @socket.io/redis-emitter: what other programs speak to the adapter.
        packet = {"type": 2, "data": ["trade", json.loads(message(trade))], "nsp": "/"}
        said = msgpack.packb(["bench", packet, {"rooms": [], "except": [], "flags": {}}])
        await aclient().publish(f"{SOCKET_IO_KEY}#/#", said)

    # --- At a rate -------------------------------------------------------------------------------

    async def publish(self, to: str) -> None:
        """The next trade, now."""
        seq = self._seqs[to] = self._seqs.get(to, 0) + 1
        trade = replace(self._trades[seq % DIFFERENT], seq=seq, time_ms=wall_ms())
        await self.to[to](trade)
        self.count += 1

    async def _run(self, to: str, rate: float) -> None:
        next_at = time.perf_counter()
        while not self._stopping:
            # What came late is made up for: the rate is kept as long as we can keep it at all.
            next_at += 1 / rate
            await asyncio.sleep(max(0.0, next_at - time.perf_counter()))
            await self.publish(to)

    async def start(self, to: str, rate: float) -> None:
        self._stopping = False
        self._running = asyncio.create_task(self._run(to, rate))

    async def stop(self) -> None:
        """After the trade that is on its way. Raises what ended the feed before."""
        self._stopping = True
        if self._running is not None:
            await self._running
            self._running = None

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        match order["do"]:
            case "start":
                await self.start(order["to"], order["rate"])
            case "stop":
                await self.stop()
            case "burst":
                for _ in range(order["count"]):
                    await self.publish(order["to"])
        return {"count": self.count, "cpu_s": time.process_time(), "seq": self._seqs.get("ours", 0)}


async def main() -> None:
    feed = Feed()
    await feed.open()
    living = asyncio.create_task(feed.live())
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    sys.stdout.write("{}\n")
    sys.stdout.flush()
    while line := await reader.readline():
        sys.stdout.write(json.dumps(await feed.obey(json.loads(line))) + "\n")
        sys.stdout.flush()
        if living.done():
            living.result()
    await feed.stop()
    living.cancel()


if __name__ == "__main__":
    asyncio.run(main())
