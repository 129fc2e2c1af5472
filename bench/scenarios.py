"""What is done to a server, and what is read off meanwhile."""

import asyncio
import contextlib
import socket
import time

import msgspec

from bench import clients as crowds
from bench import processes
from bench.clients import Client, ResumingClient
from bench.counting import percentile
from bench.dialects import OURS, OURS_RESUMING
from bench.feed import Feed
from bench.figures import FanOut, Idle, Slow, Storm
from bench.servers import Server

SETTLE_S = 1.0
WATCH_SLOW_S = 25.0
STORM_WITHIN_S = 30.0
TRADES_OF_STORM = 200


async def fan_out(server: Server, feed: Feed, *, rate: int, clients: int, warm_s: float, window_s: float) -> FanOut:
    """The same trades to so many clients, read off over a window after warming up."""
    crowd = crowds.crowd(server.port, server.kind.dialect, clients)
    await crowds.connect(crowd, server.port)
    try:
        await feed.start(server.kind.key, rate)
        await asyncio.sleep(warm_s)
        measured = await _window(server, feed, crowd, rate=rate, window_s=window_s)
        await feed.stop()
        return measured
    finally:
        await crowds.close(crowd)


async def _window(server: Server, feed: Feed, crowd: list[Client], *, rate: int, window_s: float) -> FanOut:
    samples = crowds.samples(crowd)
    told = await feed.told()
    for sample in samples:
        sample.restart()
    began, load_cpu_s, busy_s = time.perf_counter(), time.process_time(), processes.busy_s()
    cpu_s, delivered = server.process.cpu_s, _delivered(crowd)
    await asyncio.sleep(window_s)
    cpu_s, delivered = server.process.cpu_s - cpu_s, _delivered(crowd) - delivered
    seconds, load_cpu_s = time.perf_counter() - began, time.process_time() - load_cpu_s
    busy_s = processes.busy_s() - busy_s
    ages_ms = [age for sample in samples for age in sample.ages_ms]
    missing = sum(sample.missing for sample in samples)
    memory_kb = server.process.memory_kb
    now = await feed.told()
    return FanOut(
        rate=rate,
        clients=len(crowd),
        seconds=seconds,
        published=now.count - told.count,
        delivered=delivered,
        cpu_s=cpu_s,
        ages_ms=ages_ms,
        missing=missing,
        memory_kb=memory_kb,
        load_cpu_s=load_cpu_s,
        feed_cpu_s=now.cpu_s - told.cpu_s,
        machine_cpu_s=busy_s,
    )


def _delivered(crowd: list[Client]) -> int:
    return sum(client.trades for client in crowd)


async def idle(server: Server, *, clients: int) -> Idle:
    """What it costs to let so many clients in, and to have them."""
    first = crowds.crowd(server.port, server.kind.dialect, 50)  # what the first client costs is not each client's cost
    await crowds.connect(first, server.port)
    await crowds.close(first)
    await server.process.idles()
    crowd = [Client(server.port, server.kind.dialect) for _ in range(clients)]
    memory_kb, cpu_s = server.process.memory_kb, server.process.cpu_s
    try:
        await crowds.connect(crowd, server.port)
        cpu_s = server.process.cpu_s - cpu_s
        await asyncio.sleep(SETTLE_S)
        memory_kb = server.process.memory_kb - memory_kb
    finally:
        await crowds.close(crowd)
        await server.process.idles()
    return Idle(clients, clients / max(cpu_s, 0.01), memory_kb / clients)


async def storm(server: Server, feed: Feed, *, clients: int) -> Storm:
    """All clients are cut off, miss trades, and come back in the same moment; trades go on meanwhile."""
    crowd = [Client(server.port, OURS) for _ in range(clients)]
    try:
        await crowds.connect(crowd, server.port)
    finally:
        await crowds.close(crowd)
    position = (await feed.told()).seq
    epoch = await _epoch(server)
    head = (await feed.burst("ours", TRADES_OF_STORM)).seq
    await server.process.idles()

    subscribe = msgspec.json.encode(
        {"op": "subscribe", "id": 1, "channels": [{"ch": "trade.SOLUSDT", "epoch": epoch, "seq": position}]}
    )
    back = [ResumingClient(server.port, OURS_RESUMING, subscribe, b'{"id":%d,' % head) for _ in range(clients)]
    await feed.start("ours", 20)
    cpu_s, began = server.process.cpu_s, time.perf_counter()
    try:
        async with asyncio.timeout(STORM_WITHIN_S):
            await crowds.connect(back, server.port, at_once=clients)
            live_at = await asyncio.gather(*(client.live for client in back))
            cpu_s = server.process.cpu_s - cpu_s
            await asyncio.sleep(SETTLE_S)
            last = (await feed.stop()).seq
            while not all(client.has(b'{"id":%d,' % last) for client in back):
                await asyncio.sleep(0.05)
        wrong = sum(_heard(client) != list(range(position + 1, last + 1)) for client in back)
    finally:
        await crowds.close([client for client in back if client.opened.done() and not client.opened.exception()])
    return Storm(clients, TRADES_OF_STORM, max(live_at) - began, wrong, cpu_s)


def _heard(client: ResumingClient) -> list[int]:
    """The number of every trade that this client was told, in the order in which it was."""
    said = (msgspec.json.decode(text) for text in client.messages())
    return [trade["id"] for one in said if one["type"] == "update" for trade in one["data"]]


async def _epoch(server: Server) -> str:
    """Which stream the server tells of."""
    client = ResumingClient(
        server.port,
        OURS_RESUMING,
        msgspec.json.encode({"op": "subscribe", "channels": [{"ch": "trade.SOLUSDT"}]}),
        b'"type":"subscribed"',
    )
    await crowds.connect([client], server.port)
    await client.live
    await crowds.close([client])
    said = (msgspec.json.decode(text) for text in client.messages())
    return next(str(one["epoch"]) for one in said if one["type"] == "subscribed")


async def slow(server: Server, feed: Feed, *, rate: int, others: int, before_s: float) -> Slow:
    """One client that follows and then reads nothing, while others go on reading."""
    crowd = crowds.crowd(server.port, OURS, others)
    await crowds.connect(crowd, server.port)
    samples = crowds.samples(crowd)
    try:
        await feed.start("ours", rate)
        await asyncio.sleep(before_s)
        p99_before_ms = percentile((age for sample in samples for age in sample.ages_ms[-rate * 5 :]), 99)
        for sample in samples:
            sample.restart()
        closed_after_s, grown_kb = await _watched(server)
        p99_ms = percentile((age for sample in samples for age in sample.ages_ms), 99)
        await feed.stop()
    finally:
        await crowds.close(crowd)
    return Slow(rate, others, closed_after_s, grown_kb, p99_before_ms, p99_ms)


async def _watched(server: Server) -> tuple[float | None, int]:
    """After how long the client that reads nothing is closed, and how much memory the server took meanwhile.

    Such a client does not even hear that it was closed: the kernel is asked how the server's side stands.
    """
    before_kb = most_kb = server.process.memory_kb
    with contextlib.closing(socket.create_connection(("127.0.0.1", server.port))) as deaf:
        deaf.sendall(crowds.upgrade(server.port, OURS.path))
        port = deaf.getsockname()[1]
        began = time.monotonic()
        while (watched_s := time.monotonic() - began) < WATCH_SLOW_S:
            await asyncio.sleep(0.1)
            most_kb = max(most_kb, server.process.memory_kb)
            if not processes.is_connected(server.port, port):
                return watched_s, most_kb - before_kb
    return None, most_kb - before_kb
