"""Measures the record on one database: how fast trades go in, and how fast candles come out. Its last line is JSON."""

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import django

AT_ONCE = 5_000  # trades of one transaction, as the recorder has them when it catches up
READ_LIMIT = 1_000
START_MS = 1_700_000_000_000
RATE_MS = 200  # a trade every 200 ms on the average: the rate of a new deployment


@dataclass(slots=True)
class Ingest:
    """Trades in a second, with their candles, one figure a round."""

    ours: list[float] = field(default_factory=list)
    decoded: list[float] = field(default_factory=list)  # ours, from the entries of a stream
    bulk_create: list[float] = field(default_factory=list)  # the same rows as Django's model instances
    bare: list[float] = field(default_factory=list)  # the same rows by COPY or executemany, and nothing else


@dataclass(slots=True)
class Found:
    database: str
    ingest: Ingest = field(default_factory=Ingest)
    candles_ms: dict[str, dict[str, list[float]]] = field(default_factory=dict)  # by trades in the table, interval
    json_ms: dict[str, list[float]] = field(default_factory=dict)  # 1,000 of "1m" as REST, by trades in the table
    retained: float = 0.0  # trades that retention deletes in a second
    bytes: int = 0  # of the database with all trades

    def ingest_of(self, way: str) -> list[float]:
        return list(getattr(self.ingest, way))


def trades(count: int, *, first: int = 1) -> Iterator[tuple[int, int, int, str, int]]:
    """Seq, ticks, steps, side, time of a market that walks about."""
    rng = random.Random(first)
    price = 14_200
    for seq in range(first, first + count):
        price = max(1, price + rng.randrange(-2, 3))
        side = "buy" if rng.random() < 0.5 else "sell"
        yield seq, price, rng.randrange(1, 5_000), side, START_MS + seq * RATE_MS + rng.randrange(RATE_MS)


class Bench:
    """One database, emptied before each round."""

    def __init__(self, database: str) -> None:
        from ticker.services import pairs

        self.found = Found(database)
        (self.pair,) = pairs.ensure(["SOLUSDT"])

    def empty(self) -> None:
        from django.db import connection

        from ticker.models import Candle, Pair, Trade

        for model in (Candle, Trade):
            with connection.cursor() as cursor:
                how = "TRUNCATE" if connection.vendor == "postgresql" else "DELETE FROM"
                cursor.execute(f"{how} {model._meta.db_table}")
        Pair.objects.update(recorded_seq=0)

    # --- In ----------------------------------------------------------------------------------------

    def ingest(self, count: int, rounds: int) -> None:
        """Every way in turn, so that whatever else the machine does meets them alike."""
        from ticker.market import rows as folding
        from ticker.services import recording
        from ticker.wire import batches

        rows = [(self.pair.pk, *row) for row in trades(count)]
        values = [value_of(self.pair, row) for row in rows]
        entries = [(one.seq, batches.item(one)) for one in values]
        candles: list[list[Any]] = []
        for part in parts(rows):
            seconds = folding.fold(part, 1_000)
            candles.append(
                [(self.pair.pk, name, row) for name, ms in folding.STORED.items() for row in folding.merge(seconds, ms)]
            )
        once = without_repeats(candles)

        def ours() -> None:
            for part in parts(values):
                recording.record({"SOLUSDT": part})

        def decoded() -> None:
            for part in parts(entries):
                recording.record({"SOLUSDT": recording.read("SOLUSDT", part)})

        ways: list[tuple[list[float], Callable[[], None], int]] = [
            (self.found.ingest.ours, ours, count),
            (self.found.ingest.decoded, decoded, count),
            (self.found.ingest.bulk_create, lambda: bulk_create(self.pair, rows, once, count // 4), count // 4),
            (self.found.ingest.bare, lambda: bare(rows, once), count),
        ]
        for _ in range(rounds):
            for results, way, how_many in ways:
                self.empty()
                began = time.perf_counter()
                way()
                results.append(how_many / (time.perf_counter() - began))
        self.empty()

    # --- Out ---------------------------------------------------------------------------------------

    def fill(self, have: int, want: int) -> None:
        """More trades, with their candles, by what the recorder uses."""
        from django.db import connection, transaction

        from ticker.models import Pair
        from ticker.services import recording

        step = 50_000
        for first in range(have + 1, want + 1, step):
            rows = [(self.pair.pk, *row) for row in trades(min(step, want - first + 1), first=first)]
            with transaction.atomic():
                recording._add(rows)
                Pair.objects.update(recorded_seq=rows[-1][1])
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def read(self, count: int, reads: int) -> None:
        """1,000 candles from anywhere in the record, and the newest, of every interval."""
        from django.test import Client

        from ticker.market.candles import INTERVALS
        from ticker.services import candles
        from ticker.services.sources import traded

        ends = traded(self.pair).ends()
        assert ends is not None
        rng = random.Random(count)
        took = self.found.candles_ms[str(count)] = {}
        for interval in INTERVALS:
            times = took[interval] = []
            for number in range(reads):
                start_ms = rng.randrange(*ends) if number % 4 else None
                began = time.perf_counter()
                candles.page(self.pair, interval, start_ms=start_ms, limit=READ_LIMIT, now_ms=ends[1])
                times.append((time.perf_counter() - began) * 1_000)
        client = Client(SERVER_NAME="localhost")
        times = self.found.json_ms[str(count)] = []
        for _ in range(reads):
            start_ms = rng.randrange(ends[0], max(ends[0] + 1, ends[1] - READ_LIMIT * 60_000))
            began = time.perf_counter()
            answer = client.get(f"/api/v1/pairs/SOLUSDT/candles/?interval=1m&start={start_ms}&limit={READ_LIMIT}")
            times.append((time.perf_counter() - began) * 1_000)
            assert answer.status_code == 200, answer.content

    def retain(self) -> None:
        """Delete two days, as the daily retention does."""
        from ticker.market.candles import DAY
        from ticker.services import retention
        from ticker.services.sources import traded

        ends = traded(self.pair).ends()
        assert ends is not None
        began = time.perf_counter()
        deleted = sum(retention.forget(self.pair, keep_days=1, now_ms=ends[0] - ends[0] % DAY + 3 * DAY))
        self.found.retained = deleted / (time.perf_counter() - began)

    def size(self) -> int:
        from django.db import connection

        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT pg_database_size(current_database())")
            else:
                cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
            return int(cursor.fetchone()[0])


def value_of(pair: Any, row: Sequence[Any]) -> Any:
    from ticker.market.trades import Side, Trade

    _, seq, ticks, steps, side, time_ms = row
    return Trade("SOLUSDT", seq, pair.price(ticks), pair.qty(steps), Side(side), time_ms)


def parts(rows: Sequence[Any]) -> Iterator[Any]:
    for first in range(0, len(rows), AT_ONCE):
        yield rows[first : first + AT_ONCE]


def without_repeats(candles: list[list[Any]]) -> list[list[Any]]:
    """Candles that lie across two transactions go into the first of them only: a bare COPY can merge nothing."""
    seen: set[tuple[str, int]] = set()
    once = []
    for found in candles:
        once.append([one for one in found if (one[1], one[2][0]) not in seen])
        seen.update((one[1], one[2][0]) for one in found)
    return once


def bulk_create(pair: Any, rows: Sequence[Any], candles: Sequence[Any], count: int) -> None:
    from django.db import transaction

    from ticker.models import Candle, Trade
    from ticker.models.candles import COLUMNS

    for part, of_part in zip(parts(rows[:count]), candles, strict=False):
        with transaction.atomic():
            Trade.objects.bulk_create(
                [
                    Trade(pair=pair, seq=seq, price_ticks=ticks, qty_steps=steps, side=side, time_ms=time_ms)
                    for _, seq, ticks, steps, side, time_ms in part
                ]
            )
            Candle.objects.bulk_create(
                [Candle(pair=pair, interval=name, **dict(zip(COLUMNS, row, strict=True))) for _, name, row in of_part]
            )


def bare(rows: Sequence[Any], candles: Sequence[Any]) -> None:
    from django.db import transaction

    from ticker.services import ingest

    for part, of_part in zip(parts(rows), candles, strict=True):
        with transaction.atomic():
            ingest.add_trades(part)
            ingest.add_candles(of_part)


def main(database: str, ingested: int, rounds: int, sizes: Sequence[int], reads: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradedash.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    bench = Bench(database)
    bench.ingest(ingested, rounds)
    for have, want in pairwise([0, *sizes]):
        bench.fill(have, want)
        bench.read(want, reads)
    bench.found.bytes = bench.size()
    bench.retain()
    sys.stdout.write(json.dumps(asdict(bench.found)) + "\n")


if __name__ == "__main__":
    name, *numbers = sys.argv[1:]
    count, rounds, reads, *sizes = map(int, numbers)
    main(name, count, rounds, sizes, reads)
