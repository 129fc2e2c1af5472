"""Whatever is killed at whatever moment, the database too, the record ends up whole and its candles are its fold."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from tests.kit.house import READY, ROOT, House, house, until
from tests.kit.postgres import NoPostgres, Postgres

pytestmark = [
    pytest.mark.system,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]
PAIRS = ("SOLUSDT", "BTCUSDT")
KILLS = 12


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    try:
        server = Postgres()
    except NoPostgres as reason:
        if os.environ.get("REQUIRE_POSTGRES"):
            raise
        pytest.skip(str(reason))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    return postgres.url.removesuffix("/tradedash") + "/postgres"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory, url: str) -> AsyncIterator[House]:
    data_dir: Path = tmp_path_factory.mktemp("faults")
    async with house(data_dir, DATABASE_URL=url, PAIRS=",".join(PAIRS), RATE="60", INSTANCES="1") as running:
        await running.hear(READY)
        yield running


def ask(url: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as database:
        found = database.execute(question)
        return found.fetchall() if found.description else []


def recorded(url: str) -> dict[object, object]:
    return dict(ask(url, "SELECT symbol, recorded_seq FROM ticker_pair"))  # type: ignore[arg-type]


async def test_killed_at_random_it_goes_on_recording(running: House, postgres: Postgres, url: str):
    chance = random.Random(7)
    victims = ["record", "simulate", "redis", "database"] * (KILLS // 4)
    chance.shuffle(victims)
    for name in victims:
        await asyncio.sleep(chance.random() * 2)  # until a moment that nobody has chosen
        if name == "database":
            postgres.kill()
            await asyncio.sleep(chance.random() * 2)
            postgres.start()
            continue
        before = running.children.get(name)
        if before is not None:  # it may have been killed just now, and not be there yet
            os.kill(before, signal.SIGKILL)
            await until(lambda: running.children.get(name, before) != before)  # noqa: B023 (waited for here)
    before = recorded(url)
    await until(lambda: all(recorded(url)[pair] > before[pair] + 60 for pair in PAIRS), within_s=90)


async def test_once_the_market_stands_still_the_record_is_whole(running: House, url: str):
    ask(url, "UPDATE ticker_pair SET status = 'halted'")
    seen: dict[object, object] = {}
    async with asyncio.timeout(60):
        while seen != recorded(url):
            seen = recorded(url)
            await asyncio.sleep(2)  # longer than anything that was still on its way
    whole = "SELECT count(*), min(seq), max(seq), count(DISTINCT seq) FROM ticker_trade t JOIN ticker_pair p ON p.id = t.pair_id WHERE symbol = '{}'"
    for pair in PAIRS:
        assert ask(url, whole.format(pair)) == [(seen[pair], 1, seen[pair], seen[pair])]
    assert ask(url, "SELECT * FROM ticker_unreadable") == []


async def test_every_candle_is_the_fold_of_what_was_recorded(running: House, url: str, tmp_path: Path):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "manage.py"),
        "rebuild_candles",
        "--check",
        env=os.environ
        | {"DATABASE_URL": url, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "tradedash.settings"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert said.decode().count("candles are the fold of what is recorded") == 6 * len(PAIRS)
