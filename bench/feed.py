"""The publisher's other end: tells it what to publish, and asks how much it did."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import processes
from bench.processes import PYTHON, Process
from bench.servers import ROOT, variables

ANSWER_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Told:
    """Where the publisher stands."""

    count: int  # trades published so far, to whomever
    seq: int  # the newest trade of our own market
    cpu_s: float


class Feed:
    """The publisher, as a scenario uses it."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def _ask(self, **order: Any) -> Told:
        stdin, stdout = self._process.started.stdin, self._process.started.stdout
        assert stdin and stdout
        stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(ANSWER_WITHIN_S):
            line = await stdout.readline()
        if not line:
            raise RuntimeError(f"the publisher has ended: {self._process.said}")
        return Told(**json.loads(line))

    async def start(self, to: str, rate: float) -> Told:
        return await self._ask(do="start", to=to, rate=rate)

    async def stop(self) -> Told:
        return await self._ask(do="stop")

    async def burst(self, to: str, count: int) -> Told:
        """So many trades, as fast as it can; returns when they are published."""
        return await self._ask(do="burst", to=to, count=count)

    async def told(self) -> Told:
        return await self._ask(do="tell")


@contextlib.asynccontextmanager
async def publishing(data_dir: Path) -> AsyncIterator[Feed]:
    process = await processes.start(
        (PYTHON, "-m", "bench.publisher"),
        cwd=ROOT,
        log=data_dir / "publisher.log",
        env=variables(data_dir),
        pipes=True,
    )
    try:
        assert process.started.stdout
        async with asyncio.timeout(ANSWER_WITHIN_S):
            if not await process.started.stdout.readline():
                raise RuntimeError(f"the publisher has ended: {process.said}")
        yield Feed(process)
    finally:
        await process.end()
