"""A million trades as a file: little memory, whoever reads them how slowly, and never a part that looks whole."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.kit.commands import manage
from tests.kit.serve import Server, daphne

pytestmark = [
    pytest.mark.system,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from /proc"),
]
COUNT = 1_000_000
MOST_MB = 20
FILL = f"""
from django.db import transaction
from ticker.models import Pair
from ticker.services import ingest, pairs
(pair,) = pairs.ensure(["SOLUSDT"])
with transaction.atomic():
    for first in range(1, {COUNT}, 50_000):
        ingest.add_trades(
            [(pair.pk, seq, 14_200 + seq % 97, 1 + seq % 5_000, "buy", seq * 100) for seq in range(first, first + 50_000)]
        )
    Pair.objects.update(recorded_seq={COUNT})
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of a million trades."""
    path = tmp_path_factory.mktemp("data")
    await manage(path, "migrate", "--verbosity", "0")
    await manage(path, "shell", "-v", "0", "-c", FILL)
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(data_dir: Path) -> AsyncIterator[Server]:
    async with daphne(data_dir, REDIS_URL=f"unix://{data_dir}/nobody.sock") as server:
        await whole(server, "?before=5000")  # what the first one needs is not what each one needs
        yield server


def url(server: Server, query: str = "") -> str:
    return server.url(f"/api/v1/pairs/SOLUSDT/trades.csv{query}")


async def whole(server: Server, query: str = "") -> int:
    """How many lines there are."""
    async with httpx.AsyncClient(timeout=100) as client, client.stream("GET", url(server, query)) as answer:
        return sum([part.count(b"\n") async for part in answer.aiter_raw()])


def memory_mb(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def worked(server: Server) -> int:
    """Ticks of the processor that it has used."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def rests(server: Server) -> None:
    """Wait until it has nothing left to do."""
    calm, before = 0, -100
    async with asyncio.timeout(100):
        while calm < 5:
            await asyncio.sleep(0.2)
            now = worked(server)
            calm = calm + 1 if now - before <= 3 else 0
            before = now


async def test_a_million_lines_take_little_memory(server: Server):
    before = memory_mb(server)
    reading = asyncio.create_task(whole(server))
    highest = before
    while not reading.done():
        await asyncio.wait([reading], timeout=0.1)
        highest = max(highest, memory_mb(server))
    assert reading.result() == COUNT + 1
    assert highest - before < MOST_MB


async def test_for_a_reader_that_stops_nothing_is_kept_and_when_it_goes_on_it_gets_everything(server: Server):
    before = memory_mb(server)
    async with httpx.AsyncClient(timeout=100) as client, client.stream("GET", url(server)) as answer:
        parts = answer.aiter_raw()
        lines = (await anext(parts)).count(b"\n")
        await rests(server)
        assert memory_mb(server) - before < MOST_MB
        async for part in parts:
            lines += part.count(b"\n")
    assert lines == COUNT + 1


async def test_a_file_that_cannot_be_read_to_its_end_is_cut_off(server: Server, data_dir: Path):
    database = sqlite3.connect(data_dir / "tradedash.sqlite3", timeout=30)
    async with httpx.AsyncClient(timeout=30) as client, client.stream("GET", url(server)) as answer:
        parts = answer.aiter_raw()
        await anext(parts)
        await rests(server)
        with database:
            database.execute("ALTER TABLE ticker_trade RENAME TO gone")
        with pytest.raises(httpx.ReadError):  # a reset: HTTP/1.0 has no other sign of an end that is none
            async for _ in parts:
                pass
    with database:
        database.execute("ALTER TABLE gone RENAME TO ticker_trade")
    database.close()
    assert await whole(server, "?after=999990") == 11
