"""Whatever happens to what all processes share, Redis and the clock: nothing wrong is told, and nothing is lost."""

import asyncio
import contextlib
import itertools
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from redis import Redis

from tests.kit.clients import KINDS, Client, PollClient, WebSocketClient
from tests.kit.clock import Clock
from tests.kit.followers import Follower, stopped_after
from tests.kit.house import READY, House, house
from tests.kit.redis import RedisServer
from tests.kit.serve import serving

pytestmark = [
    pytest.mark.system,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]
TRADES = "trade.SOLUSDT"
CHANNELS = (TRADES, "ticker.SOLUSDT", "candle.SOLUSDT.1s", "ticker.all", "lobby")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RedisServer]:
    """A Redis that nobody starts again but us."""
    server = RedisServer(folder / "apart")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def redis(server: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(server.url, decode_responses=True) as redis:
        yield redis


@pytest.fixture(scope="module")
def clock(folder: Path) -> Clock:
    return Clock(folder)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(folder: Path, server: RedisServer, clock: Clock) -> AsyncIterator[House]:
    variables = clock.variables | {"REDIS_URL": server.url, "PAIRS": "SOLUSDT", "RATE": "40", "INSTANCES": "2"}
    variables |= {"TICKER_HEARTBEAT_MS": "1000", "TICKER_DRAIN_S": "0.2"}
    async with house(folder / "data", **variables) as running:
        await running.hear(READY)
        yield running


@pytest.fixture(scope="module")
def ports(running: House) -> list[int]:
    return [int(running.port) + 1, int(running.port) + 2]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def followers(ports: list[int]) -> AsyncIterator[list[Follower]]:
    """One over each transport at each instance."""
    kinds = [(kind, order) for kind in KINDS.values() for order in (ports, ports[::-1])]
    async with stopped_after(Follower(kind(*CHANNELS), order) for kind, order in kinds) as followers:
        await go_on(followers)
        yield followers


async def go_on(followers: list[Follower], count: int = 30) -> None:
    """So many more trades than anybody has heard of so far, and everybody has heard of them."""
    top = max(follower.client.last.get(TRADES, 0) for follower in followers)
    await asyncio.gather(*(follower.reach({TRADES: top + count}) for follower in followers))


async def hear(followers: list[Follower], feed: str) -> None:
    """Wait until all have been told that prices are stale, or that they are live again."""
    told = [follower for follower in followers if not isinstance(follower.client, PollClient)]  # it may come in between
    await asyncio.gather(*(one.until(lambda one=one: one.feeds[-1:] == [feed]) for one in told))


def losses(followers: list[Follower]) -> list[int]:
    return [follower.losses for follower in followers]


def epoch(redis: Redis) -> str | None:
    return redis.hget("tradedash:head:SOLUSDT", "epoch")


# --- Redis ----------------------------------------------------------------------------------------


async def test_whose_connections_are_killed_three_times_nobody_notices(followers: list[Follower], redis: Redis):
    before = losses(followers)
    for _ in range(3):
        redis.client_kill_filter(_type="pubsub")
        redis.client_kill_filter(_type="normal", skipme=True)
        await go_on(followers)
    assert losses(followers) == before
    assert not any(follower.resets for follower in followers)


async def test_killed_and_started_again_it_goes_on_in_the_same_epoch(
    followers: list[Follower], redis: Redis, server: RedisServer
):
    before, its = losses(followers), epoch(redis)
    server.kill()
    await hear(followers, "stale")
    server.start()
    await hear(followers, "live")
    await go_on(followers)
    assert losses(followers) == before
    assert epoch(redis) == its
    assert not any(follower.resets for follower in followers)


async def test_paused_for_five_seconds_it_delays_everything_and_changes_nothing(
    followers: list[Follower], redis: Redis
):
    before, its = losses(followers), epoch(redis)
    redis.client_pause(5_000, all=True)
    await hear(followers, "stale")
    await hear(followers, "live")
    await go_on(followers)
    assert losses(followers) == before
    assert epoch(redis) == its
    assert not any(follower.resets for follower in followers)


async def test_out_of_memory_the_market_waits_and_says_so(running: House, followers: list[Follower], redis: Redis):
    before, its = losses(followers), epoch(redis)
    said = len(running.lines)
    redis.config_set("maxmemory", 1)
    await hear(followers, "stale")
    assert any("simulate" in line and "waiting: " in line and "maxmemory" in line for line in running.lines[said:])
    redis.config_set("maxmemory", 0)
    await hear(followers, "live")
    await go_on(followers)
    assert losses(followers) == before
    assert epoch(redis) == its
    assert not any(follower.resets for follower in followers)


async def test_emptied_it_begins_a_new_epoch_and_the_numbers_go_on(
    ports: list[int], followers: list[Follower], redis: Redis
):
    before, its = losses(followers), epoch(redis)
    top = max(follower.client.last[TRADES] for follower in followers)
    redis.flushall()
    told = [follower for follower in followers if not isinstance(follower.client, PollClient)]
    everything = [(one, channel) for one in told for channel in CHANNELS]
    await asyncio.gather(*(one.until(lambda one=one, ch=ch: any(was_reset(one, ch))) for one, ch in everything))
    for follower in told:
        for reset in follower.resets:
            assert reset["why"] == "epoch" and reset["epoch"] != its
        (reset,) = was_reset(follower, TRADES)
        assert reset["epoch"] == epoch(redis)
        assert reset["seq"] >= top - 40 and 1 <= reset["first"] <= reset["seq"] + 1
    await go_on(followers)
    assert losses(followers) == before
    assert all(resets_of(follower) for follower in followers)
    for port in ports:  # what is told to be held is held: from there on everything can be had again
        client = WebSocketClient(TRADES)
        client.epochs, client.last = {TRADES: reset["epoch"]}, {TRADES: reset["first"] - 1}
        await client.open(port)
        assert (await client.hear("subscribed"))["resume"] == "ok"
        assert (await client.take(1))[0]["id"] == reset["first"]
        await client.close()


def resets_of(follower: Follower) -> int:
    """How often its log of trades could not be gone on with."""
    if isinstance(follower.client, PollClient):  # a cursor is of all its channels, and they begin anew one by one
        return sum(answer["reset"] for answer in follower.client.answers)
    return len(was_reset(follower, TRADES))


def was_reset(follower: Follower, channel: str) -> list[dict[str, Any]]:
    return [reset for reset in follower.resets if reset["ch"] == channel]


# --- The clock ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead_s", [3_600, 0, -3_600])
async def test_a_clock_that_jumps_by_an_hour_costs_nobody_anything(
    running: House, followers: list[Follower], clock: Clock, ahead_s: int
):
    before, feeds = losses(followers), [list(follower.feeds) for follower in followers]
    clock.jump([pid for name, pid in running.children.items() if name != "redis"], ahead_s)
    await go_on(followers, 60)
    assert losses(followers) == before
    assert [follower.feeds for follower in followers] == feeds


@pytest.mark.parametrize("ahead_s", [25 * 3_600, 0])
async def test_an_instance_whose_clock_jumps_by_a_day_keeps_its_clients(
    running: House, followers: list[Follower], clock: Clock, ahead_s: int
):
    """By the wall clock, Daphne would have cut them all."""
    before = losses(followers)
    clock.jump([pid for name, pid in running.children.items() if name.startswith("daphne")], ahead_s)
    await go_on(followers, 60)
    assert losses(followers) == before


async def test_trade_times_never_decrease(followers: list[Follower]):
    for follower in followers:
        times = [trade["ts"] for trade in follower.trades("SOLUSDT")]
        assert times == sorted(times)


# --- An orderly end -------------------------------------------------------------------------------


async def test_asked_to_end_under_load_it_finishes_what_it_was_asked(
    running: House, server: RedisServer, folder: Path, ports: list[int]
):
    variables = {"DATA_DIR": str(folder / "data"), "REDIS_URL": server.url, "TICKER_DRAIN_S": "1"}
    async with contextlib.AsyncExitStack() as stack:
        leaving = await stack.enter_async_context(serving(folder / "leaving", 3, **variables))
        clients: list[Client] = [KINDS["websocket"](*CHANNELS) for _ in range(40)]
        clients += [KINDS["sse"](*CHANNELS) for _ in range(10)]
        for client in clients:
            await client.open(leaving.port)
        for client in clients:
            await client.settle()
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        await asyncio.gather(*(http.get(leaving.url("/healthz")) for _ in range(10)))  # connections to ask on
        history = leaving.url("/api/v1/pairs/SOLUSDT/candles/?interval=1m&limit=1000")
        asked = [asyncio.create_task(http.get(history)) for _ in range(9)]
        quiet = leaving.url("/live/v1/poll?ch=candle.SOLUSDT.1M&wait=20")
        cursor = (await http.get(quiet)).json()["cursor"]
        asked.append(asyncio.create_task(http.get(f"{quiet}&cursor={cursor}")))
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        leaving.ask_to_end()
        byes = await asyncio.gather(*(client.hear("bye") for client in clients))
        assert {(bye["code"], bye["reconnect"]) for bye in byes} == {(4000, True)}
        sockets = [client for client in clients if isinstance(client, WebSocketClient)]
        assert {await client.ended() for client in sockets} == {(4000, "restart")}
        assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * 10
        assert await leaving.ended() == 0
        assert "Traceback" not in leaving.said and "did not end by themselves" not in leaving.said
        assert all(client.trades for client in clients)  # it was under load
        for client in clients:
            await client.close()


# --- The whole ------------------------------------------------------------------------------------


async def test_what_was_told_is_what_is_recorded_and_holes_are_only_where_they_were_told(
    running: House, followers: list[Follower]
):
    top = max(follower.client.last[TRADES] for follower in followers)
    rest: dict[int, dict[str, Any]] = {}
    async with httpx.AsyncClient(timeout=20, base_url=f"http://127.0.0.1:{running.port}") as http, asyncio.timeout(60):
        while not rest or max(rest) < top:
            after = max(rest, default=0)
            answer = await http.get(f"/api/v1/pairs/SOLUSDT/trades/?after={after}&limit=1000")
            rest |= {row["id"]: row for row in answer.raise_for_status().json()["results"]}
    assert sorted(rest) == list(range(1, max(rest) + 1))
    for follower in followers:
        heard = [trade for trade in follower.trades("SOLUSDT") if trade["id"] in rest]  # the market goes on meanwhile
        assert heard == [as_told(rest[trade["id"]]) for trade in heard]
        holes = [(one["id"], two["id"]) for one, two in itertools.pairwise(heard) if two["id"] != one["id"] + 1]
        assert len(holes) <= resets_of(follower)
        if not isinstance(follower.client, PollClient):  # there its cursor says the same
            assert {last - 1 for _, last in holes} <= {reset["seq"] for reset in was_reset(follower, TRADES)}


def as_told(row: dict[str, Any]) -> dict[str, Any]:
    """A trade of REST, as a `trade.` channel has it."""
    return {"id": row["id"], "p": row["price"], "q": row["qty"], "s": row["side"], "ts": row["time_ms"]}


async def test_nobody_was_told_of_a_new_beginning_that_was_none(followers: list[Follower]):
    for follower in followers:
        if not isinstance(follower.client, PollClient):
            assert sorted(reset["ch"] for reset in follower.resets) == sorted(CHANNELS)


async def test_nothing_has_failed_on_the_way(running: House):
    assert not [line for line in running.lines if "Traceback" in line]
