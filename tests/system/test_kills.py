"""Whatever is killed, nobody who follows the market notices more than a pause, and the record is whole."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.kit.clients import KINDS, WebSocketClient
from tests.kit.followers import Follower, stopped_after
from tests.kit.house import READY, House, house, lives, until
from ticker.market.candles import fold
from ticker.market.trades import Side, Trade

pytestmark = [
    pytest.mark.system,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]
PAIRS = ("SOLUSDT", "BTCUSDT")
CHANNELS = tuple(f"trade.{pair}" for pair in PAIRS)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kills")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(data_dir: Path) -> AsyncIterator[House]:
    async with house(data_dir, PAIRS=",".join(PAIRS), RATE="40", INSTANCES="2", TICKER_HEARTBEAT_MS="1000") as running:
        await running.hear(READY)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def followers(running: House) -> AsyncIterator[list[Follower]]:
    """One over each transport that begins at the first instance, and a WebSocket that begins at the second."""
    one, two = int(running.port) + 1, int(running.port) + 2
    kinds = [(kind, [one, two]) for kind in KINDS.values()] + [(WebSocketClient, [two, one])]
    async with stopped_after(Follower(kind(*CHANNELS), ports) for kind, ports in kinds) as followers:
        for follower in followers:
            await follower.reach(dict.fromkeys(CHANNELS, 1))
        yield followers


def ask(data_dir: Path, question: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(data_dir / "tradedash.sqlite3", timeout=20)) as database, database:
        return database.execute(question).fetchall()


@pytest.mark.parametrize("name", ["simulate", "record", "redis", "daphne-1", "daphne-2"])
async def test_every_client_goes_on_after_a_kill(running: House, followers: list[Follower], name: str):
    before = running.children[name]
    os.kill(before, signal.SIGKILL)
    await running.hear(f"{name} was ended by SIGKILL; starting it again")
    await until(lambda: running.children.get(name, before) != before)
    top = {channel: max(follower.client.last[channel] for follower in followers) for channel in CHANNELS}
    for follower in followers:
        await follower.reach({channel: seq + 60 for channel, seq in top.items()})
        assert follower.resets == []


async def test_each_transport_has_lost_its_instance_and_come_back(followers: list[Follower]):
    assert all(follower.losses >= 1 for follower in followers)


async def test_the_record_is_whole_once_the_market_stands_still(
    running: House, followers: list[Follower], data_dir: Path
):
    """Staff halt both pairs, so that everything comes to rest at one number."""
    ask(data_dir, "UPDATE ticker_pair SET status = 'halted'")

    def recorded() -> dict[str, int]:
        return dict(ask(data_dir, "SELECT symbol, recorded_seq FROM ticker_pair"))

    async with httpx.AsyncClient(timeout=20) as http:

        async def published() -> dict[str, int]:
            lines = (await http.get(f"http://127.0.0.1:{running.port}/metrics")).text.splitlines()
            return {pair: int(float(_value(lines, f'tradedash_seq_published{{pair="{pair}"}}'))) for pair in PAIRS}

        async with asyncio.timeout(60):
            last: dict[str, int] = {}
            while not last or last != await published() or recorded() != last:
                last = await published()
                await asyncio.sleep(0.6)  # longer than the simulator takes to look at what staff have set
    for follower in followers:
        await follower.reach({f"trade.{pair}": seq for pair, seq in last.items()})
    holes = "SELECT pair_id FROM ticker_trade GROUP BY pair_id HAVING count(*) != max(seq) OR min(seq) != 1"
    assert ask(data_dir, holes) == []
    assert recorded() == {pair: last[pair] for pair in PAIRS}


@pytest.mark.parametrize("symbol", PAIRS)
async def test_rest_gives_the_trades_that_clients_got(running: House, followers: list[Follower], symbol: str):
    rest = await all_trades(running, symbol)
    assert [trade["id"] for trade in rest] == list(range(1, len(rest) + 1))
    for follower in followers:
        heard = follower.trades(symbol)
        assert heard[-1]["id"] == len(rest)
        first = heard[0]["id"]
        assert heard == [
            {"id": one["id"], "p": one["price"], "q": one["qty"], "s": one["side"], "ts": one["time_ms"]}
            for one in rest[first - 1 :]
        ]


@pytest.mark.parametrize("symbol", PAIRS)
@pytest.mark.parametrize("interval", ["1s", "1m"])
async def test_candles_equal_the_fold_of_all_trades(running: House, symbol: str, interval: str):
    trades = [
        Trade(symbol, one["id"], Decimal(one["price"]), Decimal(one["qty"]), Side(one["side"]), one["time_ms"])
        for one in await all_trades(running, symbol)
    ]
    expected = [candle for candle in fold(trades, interval) if candle.trades]
    url = f"/api/v1/pairs/{symbol}/candles/?interval={interval}&start={expected[0].open_ms}&limit=1000"
    rest = [candle for candle in await pages(running, url) if candle["trades"]]
    assert [
        (one["open_ms"], *(Decimal(one[name]) for name in COLUMNS), one["trades"]) for one in rest[: len(expected)]
    ] == [(one.open_ms, *(getattr(one, name) for name in COLUMNS), one.trades) for one in expected]


async def test_nothing_is_left_when_all_of_it_ends(running: House):
    """Last in this file."""
    children = running.children
    running.ask_to_end()
    assert await running.ended(within_s=15) == 0
    assert not [name for name, pid in children.items() if lives(pid)]


COLUMNS = ("open", "high", "low", "close", "volume", "quote_volume")


def _value(lines: list[str], name: str) -> str:
    return next(line.rpartition(" ")[2] for line in lines if line.startswith(name))


async def pages(running: House, path: str) -> list[dict[str, Any]]:
    """All results of an address, page after page."""
    found: list[dict[str, Any]] = []
    url = f"http://127.0.0.1:{running.port}{path}"
    async with httpx.AsyncClient(timeout=20) as http:
        while url:
            answer = (await http.get(url)).raise_for_status().json()
            found += answer["results"]
            url = answer["next"]
    return found


async def all_trades(running: House, symbol: str) -> list[dict[str, Any]]:
    return await pages(running, f"/api/v1/pairs/{symbol}/trades/?after=0&limit=1000")
