"""`make run` as its users meet it: one command, all of TradeDash, and nothing left of it afterwards."""

import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.kit.house import READY, House, house, lives, until

pytestmark = [
    pytest.mark.system,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]
ALL = ["daphne-1", "daphne-2", "record", "redis", "simulate"]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(data_dir: Path) -> AsyncIterator[House]:
    """One TradeDash for this module, ready, with a clean DATA_DIR."""
    async with house(
        data_dir,
        PAIRS="SOLUSDT,BTCUSDT",
        RATE="20",
        DJANGO_SUPERUSER_USERNAME="ada",
        DJANGO_SUPERUSER_PASSWORD="correct horse",
    ) as running:
        await running.hear(READY)
        yield running


async def readyz(port: int) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code


def ask(data_dir: Path, question: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(data_dir / "tradedash.sqlite3", timeout=20) as database:
        return database.execute(question).fetchall()


async def test_it_says_where_it_is_ready_and_nothing_before_it_is(running: House):
    said = [line for line in running.lines if READY in line]
    assert said == [f"{READY}http://127.0.0.1:{running.port}/"]


async def test_every_instance_is_ready_on_its_own_port_and_on_the_shared_one(running: House):
    assert [await readyz(int(running.port) + offset) for offset in (0, 1, 2)] == [200, 200, 200]


async def test_instances_say_who_they_are(running: House):
    async with httpx.AsyncClient() as client:
        urls = [f"http://127.0.0.1:{int(running.port) + number}/healthz" for number in (1, 2)]
        assert [(await client.get(url)).json()["instance"] for url in urls] == ["daphne-1", "daphne-2"]


async def test_history_is_prepared_where_people_can_see_it(running: House):
    assert [line.split()[1] for line in running.lines if line.startswith("history: ")] == ["SOLUSDT", "BTCUSDT"]


async def test_charts_are_full_at_first_sight(running: House):
    url = f"http://127.0.0.1:{running.port}/api/v1/pairs/SOLUSDT/candles/?interval=1m&limit=500"
    async with httpx.AsyncClient() as client:
        assert len((await client.get(url)).json()["results"]) == 500


async def test_the_first_staff_user_is_created(running: House, data_dir: Path):
    assert "staff: ada may sign in at /admin/" in running.lines
    assert ask(data_dir, "SELECT username, is_superuser FROM auth_user") == [("ada", 1)]


async def test_its_processes_are_the_five_that_belong(running: House):
    assert sorted(running.children) == ALL


@pytest.mark.parametrize("name", ALL)
async def test_what_is_killed_starts_again_and_everything_is_ready(running: House, name: str):
    before = running.children[name]
    os.kill(before, signal.SIGKILL)
    await running.hear(f"{name} was ended by SIGKILL; starting it again")
    await until(lambda: running.children.get(name, before) != before)
    await ready_again(running)


async def ready_again(running: House) -> None:
    for offset in (1, 2):
        statuses: list[int] = []
        while statuses[-1:] != [200]:
            try:
                statuses.append(await readyz(int(running.port) + offset))
            except httpx.HTTPError:
                statuses.append(0)
            assert len(statuses) < 2_000, running.lines[-40:]


async def test_the_record_has_no_hole_after_all_that(running: House, data_dir: Path):
    def recorded() -> int:
        return int(str(ask(data_dir, "SELECT max(seq) FROM ticker_trade")[0][0] or 0))

    so_far = recorded()
    await until(lambda: recorded() > so_far)
    holes = "SELECT pair_id FROM ticker_trade GROUP BY pair_id HAVING count(*) != max(seq) OR min(seq) != 1"
    assert ask(data_dir, holes) == []


async def test_the_last_promise_is_its_end(running: House):
    """Last in this file: SIGTERM ends all of it within 15 s, with 0, and no process is left."""
    children = running.children
    running.ask_to_end()
    assert await running.ended(within_s=15) == 0
    assert running.lines[-1] == "TradeDash has stopped."
    assert not [name for name, pid in children.items() if lives(pid)]


async def test_the_second_start_prepares_nothing_again(running: House, data_dir: Path):
    assert running.process.returncode == 0  # of the first start
    async with house(data_dir, PAIRS="SOLUSDT,BTCUSDT") as second:
        await second.hear(READY)
        assert not [line for line in second.lines if line.startswith(("history: ", "static files: ", "staff: "))]
        children = second.children
        second.process.kill()
        await second.ended()
        await until(lambda: not any(lives(pid) for pid in children.values()))


async def test_after_a_kill_of_everything_it_starts_and_the_numbers_go_on(running: House, data_dir: Path):
    [before] = ask(data_dir, "SELECT max(seq) FROM ticker_trade")
    async with house(data_dir, INSTANCES="1") as third:
        await third.hear(READY)
        await until(lambda: ask(data_dir, "SELECT max(seq) FROM ticker_trade")[0] > before)
        third.ask_to_end(signal.SIGINT)
        assert await third.ended(within_s=15) == 0
    assert ask(data_dir, "SELECT count(*) - max(seq) FROM ticker_trade GROUP BY pair_id") == [(0,), (0,)]


async def test_impatience_during_the_start_is_an_orderly_end(tmp_path: Path):
    async with house(tmp_path) as starting:
        await starting.hear("history: ")
        starting.ask_to_end(signal.SIGINT)
        assert await starting.ended(within_s=15) == 0
        assert not json.dumps(starting.lines).count("Traceback")
