"""Hours in minutes: a thousand clients who come and go while the market trades, and whether memory grows.

`python -m bench.soak --minutes 60`; ends with an error where resident memory rises by more than 1 MB in ten minutes.
"""

import argparse
import asyncio
import contextlib
import random
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench import servers
from bench.clients import upgrade
from bench.feed import publishing
from bench.servers import KINDS, Server

LIVES_S = 15.0  # the mean life of a client: four times a minute everybody is somebody else
LOOK_EVERY_S = 5.0
WARM_UP = 1 / 3  # of the time; then everything that is kept has been kept once
KEPT = 26_000  # trades: above this the ring of a pair is cut, and grows no more
AT_ONCE = 1_000  # of them, so that the publisher answers in time
SLOPE_MOST = 1_024.0  # kB in ten minutes
CHANNELS = "trade.SOLUSDT,ticker.SOLUSDT,candle.SOLUSDT.1m"


def get(port: int, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


WAYS = {  # how a client comes, and how often of a hundred
    "websocket": (lambda port: upgrade(port, f"/live/v1/ws?ch={CHANNELS}"), 70),
    "sse": (lambda port: get(port, f"/live/v1/sse?ch={CHANNELS}"), 15),
    "longpoll": (lambda port: get(port, f"/live/v1/poll?ch={CHANNELS}"), 10),
    "deaf": (lambda port: upgrade(port, f"/live/v1/ws?ch={CHANNELS}&throttle=0"), 4),
    "half": (lambda port: upgrade(port, "/live/v1/ws")[:40], 1),  # never says the rest
}


class Visitor(asyncio.Protocol):
    """One client, which counts what it hears and understands nothing of it."""

    def __init__(self, way: str, port: int) -> None:
        self.heard = 0
        self.gone = asyncio.Event()
        self._way, self._said = way, WAYS[way][0](port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._said)
        if self._way == "deaf":
            transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        self.heard += len(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.gone.set()


class Crowd:
    """So many places, each taken by one client after the other."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self.visits: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.heard = 0
        self._port, self._chance = port, chance

    async def stay(self) -> None:
        """Visit again and again, until cancelled."""
        ways, weights = list(WAYS), [often for _, often in WAYS.values()]
        while True:
            way = self._chance.choices(ways, weights)[0]
            try:
                await self._visit(way)
            except OSError as error:
                self.failures[type(error).__name__] += 1
                await asyncio.sleep(0.5)
            self.visits[way] += 1

    async def _visit(self, way: str) -> None:
        loop = asyncio.get_running_loop()
        _, visitor = await loop.create_connection(lambda: Visitor(way, self._port), "127.0.0.1", self._port)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._chance.expovariate(1 / LIVES_S)):
                    await visitor.gone.wait()
        finally:
            self.heard += visitor.heard
            # Half of them hang up, the other half are torn away.
            (visitor.transport.close if self._chance.random() < 0.5 else visitor.transport.abort)()


def slope(samples: Sequence[tuple[float, int]]) -> float:
    """By how many kB memory rises in ten minutes, after warming up."""
    last_s = samples[-1][0]
    warm = [(at_s, kb) for at_s, kb in samples if at_s >= WARM_UP * last_s]
    return statistics.linear_regression(*zip(*warm, strict=True)).slope * 600


async def watch(server: Server, crowd: Crowd, minutes: float) -> list[tuple[float, int]]:
    """The server's memory in kB, every few seconds."""
    samples: list[tuple[float, int]] = []
    began, said_at = time.monotonic(), 0.0
    while (at_s := time.monotonic() - began) < minutes * 60:
        samples.append((at_s, server.process.memory_kb))
        if at_s - said_at >= 30:
            said_at = at_s
            say(f"{at_s / 60:5.1f} min  {samples[-1][1] / 1024:7.1f} MB  {crowd.visits.total():8,} visits")
        await asyncio.sleep(LOOK_EVERY_S)
    return samples


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


async def soak(minutes: float, clients: int, rate: float) -> float:
    """Run it; the slope in kB per ten minutes."""
    kind = next(kind for kind in KINDS if kind.key == "ours")
    async with contextlib.AsyncExitStack() as opened:
        data_dir = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="tradedash-soak-")))
        redis = await servers.start_redis(data_dir)
        opened.push_async_callback(redis.end)
        feed = await opened.enter_async_context(publishing(data_dir))
        server = await servers.start(kind, data_dir)
        opened.push_async_callback(server.process.end)
        crowd = Crowd(server.port, random.Random("soak"))
        places = [asyncio.create_task(crowd.stay())]
        try:
            for _ in range(KEPT // AT_ONCE):
                await feed.burst("ours", AT_ONCE)
            places += [asyncio.create_task(crowd.stay()) for _ in range(clients - 1)]
            await feed.start("ours", rate)
            samples = await watch(server, crowd, minutes)
            await feed.stop()
        finally:
            for place in places:
                place.cancel()
            await asyncio.gather(*places, return_exceptions=True)
    found = slope(samples)
    ways = ", ".join(f"{count:,} {way}" for way, count in crowd.visits.most_common())
    say(f"\n{clients:,} clients, {rate:g} trades/s, {minutes:g} minutes: {ways}; {crowd.heard / 1e6:,.0f} MB heard")
    say(f"failed to connect: {dict(crowd.failures) or 'none'}")
    say(f"resident memory: {found / 1024:+.2f} MB in ten minutes, most {max(kb for _, kb in samples) / 1024:.1f} MB")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=5.0, help="trades per second")
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8_192 if most == resource.RLIM_INFINITY else min(8_192, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))  # each client has a socket here and one over there
    if asyncio.run(soak(given.minutes, given.clients, given.rate)) > SLOPE_MOST:
        sys.exit("error: memory grows")


if __name__ == "__main__":
    main()
