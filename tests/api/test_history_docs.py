"""What docs/topics/history.md shows is run as it stands, against a server of its own."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.kit.commands import manage
from tests.kit.house import ROOT
from tests.kit.market import wall_ms
from tests.kit.record import run_of
from tests.kit.serve import Server, daphne
from ticker.wire.csv import TRADE, line, of_trade

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
COUNT = 2_500
DOCS = (ROOT / "docs/topics/history.md").read_text()
SHOWN = "127.0.0.1:8000"


def shown(language: str) -> str:
    """The block in this language."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", DOCS.partition("## Pages")[0], re.M | re.S)
    return block


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A record of some hours."""
    path: Path = tmp_path_factory.mktemp("data")
    trades = run_of(COUNT, at=wall_ms() - COUNT * 5_000, every_ms=5_000)
    (path / "SOLUSDT.csv").write_text(line(TRADE) + "".join(map(of_trade, trades)))
    nobody = {"REDIS_URL": f"unix://{path}/nobody.sock"}
    await manage(path, "migrate", "--verbosity", "0")
    await manage(path, "import_trades", str(path / "SOLUSDT.csv"))
    async with daphne(path, **nobody) as server:
        yield server


async def said(server: Server, *words: str) -> list[str]:
    """What this program prints, a line each; it must succeed."""
    text = words[-1].replace(SHOWN, f"127.0.0.1:{server.port}")
    process = await asyncio.create_subprocess_exec(*words[:-1], text, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        found, _ = await process.communicate()
    assert process.returncode == 0
    return found.decode().splitlines()


async def test_in_a_shell(server: Server):
    found = await said(server, "sh", "-euc", shown("sh"))
    joined = "\n".join(found)
    assert joined.count('"open_ms"') == 3
    assert joined.count('"price"') == 3
    assert found[-3].endswith("id,price,qty,side,time_ms")
    assert [row.split(",")[0] for row in found[-2:]] == ["1", "2"]


async def test_in_python(server: Server):
    (found,) = await said(server, sys.executable, "-c", shown("python"))
    assert re.fullmatch(rf"\d+\.\d+ SOL were traded up to trade {COUNT}", found)


@pytest.mark.skipif(not shutil.which("node") and not os.environ.get("REQUIRE_BROWSER"), reason="there is no Node")
async def test_in_javascript(server: Server):
    (found,) = await said(server, "node", "--input-type=module", "-e", shown("js"))
    assert found == "the highest price of 24 hours: 142.04"
