"""The benchmark from its start to its end: `python -m bench [--write]`, `BENCH=quick` for a short one."""

import argparse
import asyncio
import contextlib
import datetime
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench import plot, report, scenarios, servers
from bench.feed import Feed, publishing
from bench.figures import Measured, Run
from bench.servers import KINDS, ROOT, Kind, NoNode, Server
from tradedash import redis_server

DESCRIPTORS = 8_192
FILES = (ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.svg")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int = 2
    clients: int = 200
    many: int = 1_000
    rates: tuple[int, ...] = (20, 500, 1_000)
    warm_s: float = 2.0
    window_s: float = 6.0
    before_slow_s: float = (
        12.0  # also fills what the hub keeps of a pair, so that it is not taken for the slow client's
    )


FULL = Plan()
QUICK = Plan(rounds=1, window_s=2.0, warm_s=1.0, many=300, before_slow_s=3.0)


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


class Bench:
    """One run: starts what is measured, measures, and ends all that it has started."""

    def __init__(self, plan: Plan, kinds: Sequence[Kind], clients: int) -> None:
        self._plan, self._kinds, self._clients = plan, kinds, clients
        self.run = Run(plan.rates, clients, machine())
        self._servers: dict[str, Server] = {}
        self._feed: Feed

    async def all(self) -> Run:
        began = time.monotonic()
        async with contextlib.AsyncExitStack() as opened:
            data_dir = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="tradedash-bench-")))
            redis = await servers.start_redis(data_dir)
            opened.push_async_callback(redis.end)
            found = await redis_server.ask(servers.variables(data_dir)["REDIS_URL"])
            self.run.machine["Redis"] = found[1]
            self._feed = await opened.enter_async_context(publishing(data_dir))
            await self._start(data_dir, opened)
            await self._connections()
            for rate in self._plan.rates:
                for _ in range(self._plan.rounds):
                    await self._fan_out(rate)
                await self._spare(rate)
            if ours := self._servers.get("ours"):
                await self._ours(ours)
        self.run.seconds = time.monotonic() - began
        return self.run

    async def _start(self, data_dir: Path, opened: contextlib.AsyncExitStack) -> None:
        no_node = ""
        if any(kind.is_node for kind in self._kinds):
            try:
                await servers.install_peers()
            except NoNode as reason:
                no_node = str(reason)
        for kind in self._kinds:
            measured = Measured(kind.key, kind.name)
            self.run.servers.append(measured)
            if kind.is_node and no_node:
                measured.why_not = no_node
                say(f"{kind.name}: {no_node}")
                continue
            server = self._servers[kind.key] = await servers.start(kind, data_dir)
            opened.push_async_callback(server.process.end)

    async def _connections(self) -> None:
        for key, server in self._servers.items():
            say(f"{server.kind.name}: {self._plan.many} connections …")
            measured = self.run.of(key)
            assert measured
            measured.idle = await scenarios.idle(server, clients=self._plan.many)

    async def _fan_out(self, rate: int) -> None:
        """One round at this rate: every server in turn, so that whatever else the machine does meets them alike."""
        for key, server in list(self._servers.items()):
            measured = self.run.of(key)
            assert measured
            say(f"{server.kind.name}: {rate} trades/s to {self._clients} clients …")
            found = await scenarios.fan_out(
                server,
                self._feed,
                rate=rate,
                clients=self._clients,
                warm_s=self._plan.warm_s,
                window_s=self._plan.window_s,
            )
            if rate in measured.fan_outs:
                measured.fan_outs[rate].add(found)
            else:
                measured.fan_outs[rate] = found
            await server.process.idles()

    async def _spare(self, rate: int) -> None:
        """End the peers that this rate was too much for: a higher one would tell nothing more."""
        for key in list(self._servers):
            measured = self.run.of(key)
            assert measured
            if measured.fan_outs[rate].is_behind and key != "ours":
                for faster in self._plan.rates[self._plan.rates.index(rate) + 1 :]:
                    measured.notes[faster] = f"skipped: behind at {rate:,}/s"
                await self._servers.pop(key).process.end()

    async def _ours(self, ours: Server) -> None:
        say(f"TradeDash: {self._plan.many} clients come back at once …")
        self.run.storm = await scenarios.storm(ours, self._feed, clients=self._plan.many)
        say("TradeDash: a client that reads nothing …")
        self.run.slow = await scenarios.slow(
            ours, self._feed, rate=max(self._plan.rates), others=self._clients, before_s=self._plan.before_slow_s
        )


def machine() -> dict[str, str]:
    """What the figures belong to."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    packages = ("django", "channels", "channels_redis", "daphne", "twisted", "autobahn", "redis")
    found = {
        "processor": f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in packages),
        "load before the run": f"{os.getloadavg()[0]:.1f}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    if node := shutil.which("node"):
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 (found on the PATH)
        found["Node"] = f"{said.stdout.strip().lstrip('v')}, ws, redis, socket.io as in bench/peers/package.json"
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and its plot")
    parser.add_argument("--only", help="measure only these, separated by commas: " + ", ".join(k.key for k in KINDS))
    parser.add_argument("--clients", type=int, default=FULL.clients)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    plan = QUICK if os.environ.get("BENCH") == "quick" else FULL
    kinds = [kind for kind in KINDS if not given.only or kind.key in given.only.split(",")]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if most == resource.RLIM_INFINITY else min(DESCRIPTORS, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))  # each client has a socket here and one over there
    run = asyncio.run(Bench(plan, kinds, given.clients).all())
    say("")
    say(report.terminal(run))
    if given.write:
        page, drawing = FILES
        page.write_text(report.page(run, command="make bench WRITE=1"))
        drawing.write_text(plot.svg(run))
        say(f"\nwritten: {page.relative_to(ROOT)}, {drawing.relative_to(ROOT)}")


if __name__ == "__main__":
    if not sys.platform.startswith("linux"):
        sys.exit("error: the benchmark reads /proc, which only Linux has")
    main()
