"""The benchmark of the record: `python -m bench.record [--write]`, `BENCH=quick` for a short one."""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import servers
from bench.__main__ import machine, say
from bench.counting import percentile
from bench.goals import Goal
from bench.recording import AT_ONCE, Found, Ingest
from bench.report import MARKS, table
from bench.servers import ROOT
from tests.kit.postgres import NoPostgres, Postgres

USUAL = "1m"  # what charts open with
FULL_PAGES = ("1s", "1m")  # of longer ones there are no thousand in the fewer trades, and less is quicker

PAGE = ROOT / "docs" / "performance-record.md"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    ingested: int = 200_000
    rounds: int = 5
    reads: int = 200
    sizes: tuple[int, ...] = (1_000_000, 10_000_000)


FULL = Plan()
QUICK = Plan(ingested=40_000, rounds=3, reads=40, sizes=(100_000, 1_000_000))


async def measured(database: str, plan: Plan) -> Found:
    """What a process of its own found on this database, with a Redis beside it."""
    with contextlib.ExitStack() as closing:
        data_dir = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="tradedash-bench-")))
        redis = await servers.start_redis(data_dir)
        try:
            env = os.environ | servers.variables(data_dir) | {"LOG_LEVEL": "ERROR", "PYTHONWARNINGS": "ignore"}
            if database == "PostgreSQL":
                server = Postgres(is_durable=True)
                closing.callback(server.stop)
                server.start()
                env["DATABASE_URL"] = server.url.removesuffix("/tradedash") + "/postgres"
            words = [database, plan.ingested, plan.rounds, plan.reads, *plan.sizes]
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.recording", *map(str, words), cwd=ROOT, env=env, stdout=subprocess.PIPE
            )
            said, _ = await process.communicate()
            if process.returncode:
                raise RuntimeError(f"measuring on {database} failed")
        finally:
            await redis.end()
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return Found(**told | {"ingest": Ingest(**told["ingest"])})


def goals(found: Found) -> Iterator[Goal]:
    """What is promised, and whether this run has kept it."""
    ours, rows, bare = (median(found.ingest_of(way)) for way in ("ours", "bulk_create", "bare"))
    least = 5 if found.database == "PostgreSQL" else 2
    yield Goal(
        f"{found.database}: ingest beside bulk_create", f"≥ {least} ×", f"{ours / rows:.1f} ×", ours >= least * rows
    )
    if found.database == "PostgreSQL":
        yield Goal(f"{found.database}: ingest beside bare COPY", "≥ 50 %", f"{ours / bare:.0%}", ours >= bare / 2)
    else:
        yield Goal(f"{found.database}: ingest", "≥ 20,000/s", f"{ours:,.0f}/s", ours >= 20_000)
    few, many = found.candles_ms  # trades in the table
    p99 = {interval: percentile(times, 99) for interval, times in found.candles_ms[many].items()}
    slowest = max(p99, key=lambda interval: p99[interval])
    for words, interval in ((USUAL, USUAL), (f"the slowest interval, {slowest}", slowest)):
        yield Goal(
            f"{found.database}: 1,000 candles of {int(many):,} trades, p99 of {words}",
            "≤ 10 ms",
            f"{p99[interval]:.1f} ms",
            p99[interval] <= 10,
        )
    before, after = (
        median(time for interval in FULL_PAGES for time in found.candles_ms[size][interval]) for size in (few, many)
    )
    yield Goal(
        f"{found.database}: p50 with {int(few):,} trades and with {int(many):,}, {' and '.join(FULL_PAGES)}",
        "within 20 %",
        f"{before:.1f} and {after:.1f} ms",
        after <= before * 1.2,
    )


def ingests(runs: Sequence[Found]) -> str:
    """Trades a second, by each way."""
    rows = [
        (f"{run.database}: {name}", *(f"{pick(run.ingest_of(way)):,.0f}" for pick in (median, min, max)))
        for run in runs
        for name, way in (
            ("the recorder", "ours"),
            ("the recorder, from what is in the stream", "decoded"),
            ("bulk_create of the same rows", "bulk_create"),
            ("COPY of the same rows, and nothing else" if run.database == "PostgreSQL" else "bare executemany", "bare"),
        )
    ]
    return table(("trades/s, their candles included", "median", "least", "most"), rows)


def reads(runs: Sequence[Found]) -> str:
    """How long 1,000 candles take."""
    rows = [
        (
            f"{run.database}: {interval}",
            *(
                f"{percentile(run.candles_ms[size][interval], percent):.1f}"
                for size in run.candles_ms
                for percent in (50, 99)
            ),
        )
        for run in runs
        for interval in run.candles_ms[next(iter(run.candles_ms))]
    ]
    rows += [
        (
            f"{run.database}: 1m as JSON over REST",
            *(f"{percentile(times, percent):.1f}" for times in run.json_ms.values() for percent in (50, 99)),
        )
        for run in runs
    ]
    sizes = [f"{int(size):,}" for size in runs[0].candles_ms]
    return table(("1,000 candles, ms", *(f"{words} of {size}" for size in sizes for words in ("p50", "p99"))), rows)


def others(runs: Sequence[Found]) -> str:
    rows = [(run.database, f"{run.retained:,.0f}", f"{run.bytes / 2**20:,.0f}") for run in runs]
    return table(("", "trades/s that retention proves and deletes", "MB with all trades and candles"), rows)


def promises(runs: Sequence[Found]) -> str:
    rows = [(goal.what, goal.goal, goal.found, MARKS[goal.kept]) for run in runs for goal in goals(run)]
    return table(("figure", "goal", "found", "reached"), rows)


async def all_databases(plan: Plan) -> list[Found]:
    runs = []
    for database in ("SQLite", "PostgreSQL"):
        say(f"the record on {database}: {plan.ingested:,} trades in, {plan.sizes[-1]:,} to read from …")
        try:
            runs.append(await measured(database, plan))
        except NoPostgres as reason:
            say(f"PostgreSQL: not measured: {reason}")
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.record", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    given = parser.parse_args()
    plan = QUICK if os.environ.get("BENCH") == "quick" else FULL
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < 400 * plan.sizes[-1]:
        sys.exit(f"error: {plan.sizes[-1]:,} trades need more than the {free >> 20:,} MB that are free")
    runs = asyncio.run(all_databases(plan))
    parts = [promises(runs), ingests(runs), reads(runs), others(runs)]
    say("\n" + "\n\n".join(parts).replace("**", "  "))
    if given.write:
        about = "\n".join(f"- {name}: {value}" for name, value in machine().items())
        PAGE.write_text(WORDS.format(*parts, machine=about, plan=plan, at_once=AT_ONCE))
        say(f"\nwritten: {PAGE.relative_to(ROOT)}")


WORDS = """\
# Performance of the record

How fast trades go into the database and candles come out of it, measured by `python -m bench.record --write`
(`make bench` runs it, too). docs/topics/record.md says why it is built so.

## What was promised, and what was found

{0}

## In

{1}

{plan.ingested:,} trades of one pair at five a second, {at_once:,} to a transaction, in {plan.rounds} rounds in which every way has its turn;
`bulk_create` has a quarter of them. All of them write the same trades and the same candles of the six stored intervals into the same tables
with the same indexes; only the recorder also folds the candles, locks the pair, looks where it stands and merges candles that lie across
two transactions. PostgreSQL is Debian's with its own settings (`fsync` on), SQLite as TradeDash sets it up.

## Out

{2}

The first {plan.reads} pages of each interval: three quarters of them from anywhere in the record, the others the newest. Time in the service,
from the question to the candles as values, in one thread; the last rows are whole requests to the REST API.

## Retention and size

{3}

## Machine

{machine}
"""


if __name__ == "__main__":
    main()
