"""What load balancers, the supervisor and Prometheus ask an instance: alive, able to serve, how far behind."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ticker.bus.latest import FeedState, Head, afeed_state, aheads, aping
from ticker.bus.record import Standing, standing
from ticker.market.errors import Unavailable
from ticker.models import Pair
from ticker.services import instance

WITHIN_S = 2.0  # a part that needs longer is as good as away
FRESH_MS = 5_000  # the feed says something several times a second; a stand-by takes over within 5 s
NO_STORE = {"Cache-Control": "no-store"}

# One thread for all questions to the database: however long it hangs and however often we are asked, no more wait.
_database = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health")


class NotReady(Exception):
    """A part that keeps this instance from serving; the message says how."""


def probe(view: Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]) -> Callable[..., Awaitable[None]]:
    """The view as an ASGI application of its own, which Django's middleware never sees.

    Load balancers ask by address and by plain http: under any name, without a redirect, and however busy the threads
    are that all other requests need.
    """

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        request = HttpRequest()
        request.method = scope["method"]
        response = await require_safe(view)(request)
        headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
        headers.append((b"content-length", b"%d" % len(response.content)))
        body = b"" if request.method == "HEAD" else response.content
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application


async def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"alive": True, "instance": instance.name}, headers=NO_STORE)


async def readyz(request: HttpRequest) -> HttpResponse:
    """200 where this instance can serve, else 503; the body names each part with "ok" or what is wrong with it.

    Details are as plain, and keep no instance from serving: clients get their trades while those wait to be recorded.
    """
    parts: dict[str, Callable[[], Awaitable[None]]] = {
        "redis": aping,
        "database": _database_ready,
        "feed": _feed_fresh,
        "instance": _not_draining,
    }
    recorder, *said = await asyncio.gather(*(_state(check) for check in (_recorder_keeps_up, *parts.values())))
    checks = dict(zip(parts, said, strict=True))
    ready = all(word == "ok" for word in said)
    return JsonResponse(
        {"ready": ready, "checks": checks, "details": {"recorder": recorder}, "instance": instance.name},
        status=200 if ready else 503,
        headers=NO_STORE,
    )


async def _state(check: Callable[[], Awaitable[None]]) -> str:
    try:
        async with asyncio.timeout(WITHIN_S):
            await check()
    except NotReady as reason:
        return str(reason)
    except Unavailable:
        return "Redis does not answer."
    except (DatabaseError, InterfaceError):
        return "The database does not answer."
    except TimeoutError:
        return f"No answer within {WITHIN_S:g} seconds."
    return "ok"


async def _feed_fresh() -> None:
    feed = await afeed_state()
    if feed is None:
        raise NotReady("No feed has spoken yet: is `manage.py simulate` running?")
    age_ms = _now_ms() - feed.time_ms
    if age_ms > FRESH_MS:
        raise NotReady(f"The feed was last heard {age_ms // 1000} seconds ago.")


async def _recorder_keeps_up() -> None:
    record = await standing()
    if not record.recorders:
        raise NotReady("No recorder is heard; trades wait in Redis: is `manage.py record` running?")
    if record.late:
        raise NotReady(f"Recording is late; trades wait in Redis: {', '.join(sorted(record.late))}.")


async def _not_draining() -> None:
    if instance.draining:
        raise NotReady("This instance is leaving and takes no new clients.")


# --- The database, asked in its own thread ---------------------------------------------------------


async def _database_ready() -> None:
    await asyncio.get_running_loop().run_in_executor(_database, _ask_database)


_migrated = False


def _ask_database() -> None:
    global _migrated
    try:
        if _migrated:  # never undone under a running instance: looked at until it holds, and not again
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            return
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise NotReady(f"The database {DEFAULT_DB_ALIAS!r} lacks migrations: run `manage.py migrate`.")
        _migrated = True
    finally:
        connection.close()  # no request ends in this thread that would give it back


def _recorded() -> dict[str, int]:
    try:
        return dict(Pair.objects.order_by("position", "symbol").values_list("symbol", "recorded_seq"))
    finally:
        connection.close()


# --- Prometheus ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Facts:
    """What could be found out; a part that did not answer leaves its place empty."""

    recorded: dict[str, int] | None = None
    heads: dict[str, Head] | None = None
    feed: FeedState | None = None
    record: Standing | None = None
    now_ms: int = field(default_factory=lambda: _now_ms())


class Markets(Collector):
    """How far each pair is published and recorded, and how old the feed is."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def collect(self) -> Iterator[Metric]:
        facts = self.facts
        up = GaugeMetricFamily("tradedash_up", "Whether a part that this instance needs answered.", labels=["part"])
        up.add_metric(["redis"], facts.heads is not None)
        up.add_metric(["database"], facts.recorded is not None)
        yield up
        published = GaugeMetricFamily(
            "tradedash_seq_published", "Number of the newest trade in Redis.", labels=["pair"]
        )
        recorded = GaugeMetricFamily(
            "tradedash_seq_recorded", "Every trade up to here is in the database.", labels=["pair"]
        )
        lag = GaugeMetricFamily("tradedash_recorder_lag", "Trades published and not yet recorded.", labels=["pair"])
        for pair, head in (facts.heads or {}).items():
            published.add_metric([pair], head.seq)
            if facts.recorded and pair in facts.recorded:
                lag.add_metric([pair], max(0, head.seq - facts.recorded[pair]))
        for pair, seq in (facts.recorded or {}).items():
            recorded.add_metric([pair], seq)
        yield from (published, recorded, lag)
        if facts.record:
            yield GaugeMetricFamily("tradedash_recorders", "Recorders that are heard.", facts.record.recorders)
            late = GaugeMetricFamily("tradedash_recorder_late", "Whether recording has fallen behind.", labels=["pair"])
            for pair in facts.heads or ():
                late.add_metric([pair], pair in facts.record.late)
            yield late
        age = GaugeMetricFamily("tradedash_feed_age_seconds", "Since the feed was last heard.")
        if facts.feed:
            age.add_metric([], max(0, facts.now_ms - facts.feed.time_ms) / 1000)
        yield age


async def metrics(request: HttpRequest) -> HttpResponse:
    """Everything this process counts, and the state of the markets as far as it can be had."""
    facts = Facts()
    try:
        async with asyncio.timeout(WITHIN_S):
            facts.recorded = await asyncio.get_running_loop().run_in_executor(_database, _recorded)
    except (TimeoutError, DatabaseError, InterfaceError):
        pass  # told as tradedash_up 0
    try:
        async with asyncio.timeout(WITHIN_S):
            facts.feed = await afeed_state()
            facts.record = await standing()
            facts.heads = await aheads(facts.recorded or ())
    except (TimeoutError, Unavailable):
        pass
    markets = CollectorRegistry()
    markets.register(Markets(facts))
    return HttpResponse(
        generate_latest(REGISTRY) + generate_latest(markets), content_type=CONTENT_TYPE_LATEST, headers=NO_STORE
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
