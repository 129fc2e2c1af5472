"""What docs/clients.md and examples/ show is run as it stands, against the real thing."""

import ast
import asyncio
import contextlib
import csv
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from inspect import CO_COROUTINE
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from examples.tradedash_client import Market, NotPublished, connect
from tests.kit.house import ROOT, House

pytestmark = [
    pytest.mark.system,
    pytest.mark.asyncio(loop_scope="package"),
    pytest.mark.skipif(sys.platform == "win32", reason="sockets are handed down to children"),
]
BLOCKS = re.findall(r"^```(python|sh)\n(.*?)^```$", (ROOT / "docs/clients.md").read_text(), re.M | re.S)
SHELL = [text for language, text in BLOCKS if language == "sh"]
PYTHON = [text for language, text in BLOCKS if language == "python"]
SHOWN = "127.0.0.1:8000"


@contextlib.asynccontextmanager
async def started(*words: str, cwd: Path = ROOT) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of these words, with all that it starts; ended as Ctrl-C does."""
    process = await asyncio.create_subprocess_exec(
        *words, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        async with asyncio.timeout(20):
            await process.communicate()


async def lines(process: asyncio.subprocess.Process, count: int) -> list[str]:
    """As many lines as it says, up to `count`."""
    assert process.stdout
    async with asyncio.timeout(30):
        return [(await process.stdout.readline()).decode().rstrip() for _ in range(count)]


NOTEBOOK = [
    "".join(cell["source"])
    for cell in json.loads((ROOT / "examples/notebook.ipynb").read_text())["cells"]
    if cell["cell_type"] == "code"
]


async def test_there_is_something_to_run():
    assert len(SHELL) >= 3 and len(PYTHON) >= 6 and len(NOTEBOOK) >= 5


async def run(text: str, names: dict[str, Any]) -> None:
    """Run this as a cell of a notebook, with what the cells before it have named."""
    code = compile(text, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    async with asyncio.timeout(60):
        if code.co_flags & CO_COROUTINE:
            await FunctionType(code, names)()
        else:
            exec(code, names)


@pytest.mark.parametrize("block", SHELL, ids=range(len(SHELL)))
async def test_shell_blocks_tell_of_trades(running: House, block: str):
    async with started("sh", "-euc", block.replace(SHOWN, f"127.0.0.1:{running.port}")) as process:
        said: list[str] = []
        while "SOLUSDT" not in "".join(said) and '"price"' not in "".join(said):
            said += await lines(process, 1)
            assert said[-1] or len(said) < 50, said
    assert "rror" not in "".join(said)


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
async def test_python_blocks_run_as_cells_of_a_notebook(
    running: House,
    token: str,
    block: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRADEDASH_TOKEN", token)
    names: dict[str, Any] = {"__name__": "__main__"}
    await run(block.replace(SHOWN, f"127.0.0.1:{running.port}"), names)
    assert capsys.readouterr().out
    if watching := names.get("watching"):
        watching.cancel()
        await asyncio.wait([watching])


async def test_the_notebook_runs_from_top_to_bottom(
    running: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.syspath_prepend(ROOT / "examples")
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in NOTEBOOK:
        await run(cell.replace(SHOWN, f"127.0.0.1:{running.port}"), names)
    said = capsys.readouterr().out
    assert "60 closes" in said and "SOL at" in said and "somebody said gm from a notebook" in said
    await asyncio.wait([names["watching"]])


async def test_the_bot_answers_in_the_lobby_under_its_name(running: House, token: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TRADEDASH_TOKEN", token)
    url = f"ws://127.0.0.1:{running.port}"

    async def ask(market: Market) -> None:
        """Again and again: the bot may still be on its way."""
        while True:
            await market.connected()
            with contextlib.suppress(NotPublished):
                await market.publish("lobby", {"text": "price of solusdt?"})
            await asyncio.sleep(1.1)  # as often as one may speak

    async with started(sys.executable, "examples/lobby_bot.py", url), connect(url) as market, asyncio.timeout(60):
        asking = asyncio.create_task(ask(market))
        async for said in market.follow("lobby"):
            if said["text"].startswith("SOLUSDT is at "):
                break
        asking.cancel()
    assert said["user"] == "bot"


async def test_trades_are_printed(running: House):
    script = ("examples/print_trades.py", "SOLUSDT", f"ws://127.0.0.1:{running.port}")
    async with started(sys.executable, *script) as process:
        said = [line.split() for line in await lines(process, 5)]
    first = int(said[0][0])
    assert [(int(line[0]), line[3]) for line in said] == [(first + number, "at") for number in range(5)]


async def test_a_file_of_trades_is_whole_however_often_its_writer_is_killed(running: House, tmp_path: Path):
    path = tmp_path / "trades.csv"
    script = ("examples/record_to_csv.py", "SOLUSDT", str(path), f"ws://127.0.0.1:{running.port}")
    for round_ in range(3):
        async with started(sys.executable, *script) as process:
            before = rows(path)
            async with asyncio.timeout(60):
                while len(rows(path)) < len(before) + 30:
                    await asyncio.sleep(0.05)
            os.killpg(process.pid, signal.SIGKILL)
        with path.open("a") as file:
            file.write("999999999,14" if round_ else "")  # what a kill in the middle of a line leaves
    kept = rows(path)[:-1]
    assert [int(row["id"]) for row in kept] == list(range(1, len(kept) + 1))
    assert all(row["p"] and row["ts"] for row in kept)


def rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


async def test_the_shell_script_goes_on_where_a_stream_ended(running: House):
    script = ("examples/sse.sh", "trade.SOLUSDT", f"http://127.0.0.1:{running.port}")
    async with started("sh", *script) as process:
        said = await lines(process, 4)
        os.kill(running.children["daphne-1"], signal.SIGKILL)
        os.kill(running.children["daphne-2"], signal.SIGKILL)
        while sum('"hello"' in line for line in said) < 2:
            said += await lines(process, 1)
        said += await lines(process, 20)
    heard = sorted({int(number) for line in said for number in re.findall(r'"id":(\d+),"p"', line)})
    assert heard == list(range(heard[0], heard[-1] + 1))
