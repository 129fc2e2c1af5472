"""What load balancers and Prometheus are told."""

import time

import httpx
import pytest
from channels.db import database_sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import OperationalError

from tests.kit.record import recorded, run_of
from ticker import routing
from ticker.bus import record as bus_record
from ticker.bus.redis import aclose, key
from ticker.pages import health
from ticker.services import instance

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def ask():
    """Ask this instance; what it opened on the way is closed."""
    transport = httpx.ASGITransport(routing.http(ASGIHandler()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client.get
    await aclose()


@pytest.fixture
def fresh(redis):
    """A feed that was heard just now."""
    redis.hset(
        key("feed"), mapping={"time_ms": time.time_ns() // 1_000_000, "source": "simulated", "instance": "sim-1"}
    )
    return redis


async def test_a_process_that_answers_is_alive(ask):
    answer = await ask("/healthz")
    assert (answer.status_code, answer.json()["alive"], answer.headers["Cache-Control"]) == (200, True, "no-store")


async def test_with_redis_the_database_and_a_fresh_feed_an_instance_is_ready(ask, fresh):
    answer = await ask("/readyz")
    checks = {"redis": "ok", "database": "ok", "feed": "ok", "instance": "ok"}
    assert answer.status_code == 200
    assert {"ready": True, "checks": checks, "instance": instance.name}.items() <= answer.json().items()


async def not_ready(ask) -> dict[str, str]:
    """What keeps it from being ready."""
    answer = await ask("/readyz")
    assert (answer.status_code, answer.json()["ready"], answer.headers["Cache-Control"]) == (503, False, "no-store")
    return {part: said for part, said in answer.json()["checks"].items() if said != "ok"}


async def test_without_redis_it_is_not_ready_and_says_so(ask, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    assert set(await not_ready(ask)) == {"redis", "feed"}


async def test_without_the_database_it_is_not_ready_and_says_so(ask, fresh, monkeypatch):
    def away():
        raise OperationalError("connection to server at 10.0.0.7 failed")

    monkeypatch.setattr(health, "_ask_database", away)
    assert await not_ready(ask) == {"database": "The database does not answer."}


async def test_a_database_that_hangs_costs_an_answer_no_more_than_its_share(ask, fresh, monkeypatch):
    monkeypatch.setattr(health, "WITHIN_S", 0.05)
    monkeypatch.setattr(health, "_ask_database", lambda: time.sleep(0.2))  # what hangs is a thread
    assert await not_ready(ask) == {"database": "No answer within 0.05 seconds."}


async def test_before_any_feed_has_spoken_it_is_not_ready(ask, redis):
    assert "No feed has spoken yet" in (await not_ready(ask))["feed"]


async def test_with_a_feed_that_fell_silent_it_is_not_ready(ask, fresh):
    fresh.hset(key("feed"), "time_ms", time.time_ns() // 1_000_000 - 6_500)
    assert await not_ready(ask) == {"feed": "The feed was last heard 6 seconds ago."}


async def test_how_recording_goes_is_told_and_keeps_nobody_from_being_ready(ask, fresh):
    async def recorder() -> str:
        answer = await ask("/readyz")
        assert answer.status_code == 200
        return answer.json()["details"]["recorder"]

    assert "No recorder is heard" in await recorder()
    await bus_record.present("one", 60_000)
    assert await recorder() == "ok"
    await bus_record.tell_late({"SOLUSDT", "BTCUSDT"}, ())
    assert await recorder() == "Recording is late; trades wait in Redis: BTCUSDT, SOLUSDT."


async def test_an_instance_that_is_leaving_is_not_ready(ask, fresh, monkeypatch):
    monkeypatch.setattr(instance, "draining", True)
    assert set(await not_ready(ask)) == {"instance"}


async def test_a_503_is_no_error_in_the_log(ask, redis, caplog):
    await ask("/readyz")
    assert [record.name for record in caplog.records] == ["httpx"]  # the client's own line


async def test_metrics_tell_how_far_each_pair_is_published_and_recorded(ask, fresh):
    await database_sync_to_async(recorded)(run_of(5))
    fresh.hset(key("head", "SOLUSDT"), mapping={"epoch": "e", "seq": 9})
    answer = await ask("/metrics")
    lines = answer.content.decode().splitlines()
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert 'tradedash_seq_published{pair="SOLUSDT"} 9.0' in lines
    assert 'tradedash_seq_recorded{pair="SOLUSDT"} 5.0' in lines
    assert 'tradedash_recorder_lag{pair="SOLUSDT"} 4.0' in lines
    assert 'tradedash_up{part="redis"} 1.0' in lines
    assert {"tradedash_recorders 0.0", 'tradedash_recorder_late{pair="SOLUSDT"} 0.0'} <= set(lines)
    assert any(line.startswith("tradedash_feed_age_seconds ") for line in lines)
    assert any(line.startswith("process_cpu_seconds_total") for line in lines)


async def test_metrics_survive_without_redis_and_database(ask, settings, tmp_path, monkeypatch):
    def away():
        raise OperationalError

    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    monkeypatch.setattr(health, "_recorded", away)
    answer = await ask("/metrics")
    lines = answer.content.decode().splitlines()
    assert answer.status_code == 200
    assert {'tradedash_up{part="redis"} 0.0', 'tradedash_up{part="database"} 0.0'} <= set(lines)
