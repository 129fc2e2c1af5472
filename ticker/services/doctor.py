"""Looks at everything that a deployment is made of, and says in plain words what is wrong and what to do."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import Lag

from ticker.bus import instances, latest, record, redis
from ticker.market.candles import HOUR
from ticker.market.errors import Unavailable
from ticker.market.pairs import PairStatus
from ticker.models import Pair, Unreadable
from ticker.models import Trade as TradeRow
from ticker.services import folding, standing
from ticker.services.sources import traded

SILENT_MS = 5_000  # the feed speaks several times a second; a stand-by takes over within five
LATE = 5_000  # trades; what a recorder writes at once
SHOWN = 5  # holes that are named; of more, how many
LEAST_FREE = 0.05  # of the disk


class State(StrEnum):
    OK = "ok"
    LOOK = "look"  # works, and will not for ever
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    state: State
    about: str
    says: str
    advice: str = ""  # what to do


def examine() -> Iterator[Finding]:
    """Everything, one after the other; what cannot be asked is a finding, too."""
    database = list(_asked("database", _database))
    yield from database
    yield from _disk()
    yield from _asked("Redis", _redis)
    yield from _asked("feed", _feed)
    yield from _asked("recorders", _recorders)
    yield from _asked("servers", _servers)
    if all(finding.state == State.OK for finding in database):
        for pair in Pair.objects.all():
            yield from _asked(str(pair), lambda pair=pair: _pair(pair))  # type: ignore[misc]


def _asked(about: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except Unavailable as error:
        yield Finding(State.BAD, about, error.detail, "`make run` starts a Redis unless REDIS_URL names another.")
    except (DatabaseError, InterfaceError) as error:
        said = " ".join(str(error).split())
        yield Finding(State.BAD, about, f"The database does not answer: {said}", "Look at DATABASE_URL and its server.")


def _database() -> Iterator[Finding]:
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    took_ms = (time.monotonic() - began) * 1000
    executor = MigrationExecutor(connection)
    if missing := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        says = f"{DEFAULT_DB_ALIAS!r} lacks {len(missing)} migrations, {missing[0][0]} first."
        yield Finding(State.BAD, "database", says, "`manage.py migrate` brings it up to date.")
        return
    yield Finding(State.OK, "database", f"{connection.display_name} answers in {took_ms:.0f} ms, with every migration.")


def _disk() -> Iterator[Finding]:
    total, _, free = shutil.disk_usage(Path(settings.DATA_DIR))
    says = f"{free / 1e9:,.1f} GB of {total / 1e9:,.0f} GB are free at {settings.DATA_DIR}."
    if free < LEAST_FREE * total:
        yield Finding(State.LOOK, "disk", says, "Make room, or keep fewer trades: TICKER_KEEP_TRADES_DAYS.")
    else:
        yield Finding(State.OK, "disk", says)


def _redis() -> Iterator[Finding]:
    began = time.monotonic()
    latest.ping()
    yield Finding(State.OK, "Redis", f"It answers in {(time.monotonic() - began) * 1000:.0f} ms.")


def _feed() -> Iterator[Finding]:
    state = latest.feed_state()
    if state is None:
        yield Finding(State.BAD, "feed", "No feed has ever spoken.", "Start `manage.py simulate` (`make run` does).")
        return
    age_ms = time.time_ns() // 1_000_000 - state.time_ms
    if age_ms > SILENT_MS:
        says = f"Last heard {age_ms // 1000:,} s ago, from {state.instance}."
        yield Finding(
            State.BAD, "feed", says, "Start `manage.py simulate`, or look into its log: it says what it waits for."
        )
        return
    listed = Pair.objects.exclude(status=PairStatus.DELISTED).values_list("symbol", flat=True)
    if unfed := sorted(set(listed) - set(state.symbols)):
        says = f"{state.instance} feeds {len(state.symbols)} pairs, and not {', '.join(unfed)}."
        yield Finding(State.BAD, "feed", says, "It takes a new pair within a second; if not, its log says why.")
    else:
        yield Finding(State.OK, "feed", f"{state.source}, by {state.instance}: {len(state.symbols)} pairs.")


def _recorders() -> Iterator[Finding]:
    found = async_to_sync(_standing)()
    if not found.recorders:
        says = "None is heard: trades wait in Redis, and are lost to nobody until it is full."
        yield Finding(State.BAD, "recorders", says, "Start `manage.py record` (`make run` does).")
    else:
        yield Finding(State.OK, "recorders", f"{found.recorders} at work.")


async def _standing() -> record.Standing:
    try:
        return await record.standing()
    finally:
        await redis.aclose()  # of an event loop that ends here


def _servers() -> Iterator[Finding]:
    found = instances.heard(within_ms=SILENT_MS)
    if not found:
        yield Finding(State.BAD, "servers", "No instance is heard.", "Start `manage.py serve` (`make run` does).")
    else:
        yield Finding(State.OK, "servers", f"{len(found)}: {', '.join(found)}.")


# --- What a pair's record says of itself ------------------------------------------------------------


def _pair(pair: Pair) -> Iterator[Finding]:
    name = str(pair)
    pace = standing.per_second([pair])[pair.symbol]
    says = f"{pair.status}, {pair.recorded_seq:,} trades recorded, {pace:.1f} a second"
    try:
        waiting = standing.waiting([pair])[pair.symbol]
    except Unavailable:
        yield Finding(State.OK, name, f"{says}.")  # that Redis is away was said
    else:
        says = f"{says}, {waiting:,} wait."
        advice = "Start another `manage.py record`, or find out why the database is slow; nothing is lost meanwhile."
        yield Finding(State.BAD, name, says, advice) if waiting > LATE else Finding(State.OK, name, says)
    yield from _numbers(pair)
    yield from _candles(pair)


def _numbers(pair: Pair) -> Iterator[Finding]:
    """Whether the numbers of the trades have neither hole nor double, from the first that is kept up to the newest."""
    recorded = Pair.objects.values_list("recorded_seq", flat=True).get(pk=pair.pk)  # asked first: more may come
    rows = TradeRow.objects.filter(pair=pair)
    first = rows.order_by("seq").values_list("seq", flat=True).first()
    if first is None:
        if recorded:
            says = f"{recorded:,} trades were recorded, and none is in the table."
            yield Finding(State.BAD, str(pair), says, "Bring the database back from a copy.")
        return
    rows = rows.filter(seq__lte=recorded)
    counted = rows.aggregate(trades=Count("seq"), numbers=Count("seq", distinct=True))
    missing = recorded - first + 1 - counted["numbers"]
    parked = Unreadable.objects.filter(pair=pair, seq__gte=first, seq__lte=recorded).count()
    if parked:
        says = f"{parked:,} entries of the stream were no trades, and are kept aside."
        yield Finding(State.LOOK, str(pair), says, "Look at them in the admin, under Unreadable.")
    # Counting walks an index once; only where it does not come out is each number compared with the one before it.
    if missing != parked or counted["trades"] > counted["numbers"]:
        yield from _irregular(pair, rows, recorded)


def _irregular(pair: Pair, rows: QuerySet[TradeRow], recorded: int) -> Iterator[Finding]:
    before = Window(Lag("seq"), order_by=F("seq").asc())
    strange = rows.annotate(before=before).filter(before__isnull=False).exclude(seq=F("before") + 1)
    found = list(strange.order_by("seq").values_list("before", "seq")[: SHOWN + 1])
    newest = rows.order_by("-seq").values_list("seq", flat=True)[0]
    if newest < recorded:
        found.append((newest, recorded + 1))
    for last, seq in found[:SHOWN]:
        if seq == last:
            says, advice = f"Trade {seq:,} is there twice.", "The table lacks its constraint: `manage.py migrate`."
        else:
            says = (
                f"Trades {last + 1:,} to {seq - 1:,} are missing."
                if seq > last + 2
                else f"Trade {last + 1:,} is missing."
            )
            advice = "Redis lost them before they were recorded; the log of `record` says when."
        yield Finding(State.BAD, str(pair), says, advice)
    if len(found) > SHOWN:
        yield Finding(State.BAD, str(pair), "And there are more of these behind them.")


def _candles(pair: Pair) -> Iterator[Finding]:
    """Whether the seconds of the newest hour are the fold of its trades; all of them would take minutes."""
    ends = traded(pair).ends()
    if ends is None:
        return
    hour_ms = ends[1] - ends[1] % HOUR
    proof = folding.prove_span(pair, "1s", traded(pair), hour_ms, hour_ms + HOUR, repair=False)
    if proof.wrong:
        says = f"{proof.wrong:,} of {proof.candles:,} seconds of the newest hour are not the fold of its trades."
        yield Finding(State.BAD, str(pair), says, f"`manage.py rebuild_candles {pair.symbol}` repairs them.")
