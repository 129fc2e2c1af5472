"""What goes wrong costs a moment, never a trade: on every transport."""

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest
import websockets
from redis import Redis

from tests.kit.clients import KINDS, Client, EventClient, Gone, WebSocketClient, following
from tests.kit.market import Market
from tests.kit.serve import Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


def ids(trades: list) -> list[int]:
    return [trade["id"] if isinstance(trade, dict) else trade.seq for trade in trades]


def narrow(port: int, size: int) -> socket.socket:
    """A connection in which little is on its way: what its reader does not take, the server keeps."""
    opened = socket.create_connection(("127.0.0.1", port))
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    return opened


async def follow_all(port: int, opened: contextlib.AsyncExitStack, *channels: str) -> list[Client]:
    """A client of each kind."""
    return [await opened.enter_async_context(following(port, *channels, over=kind)) for kind in KINDS]


# --- Instances ------------------------------------------------------------------------------------


async def test_after_a_kill_every_client_goes_on_elsewhere_without_gap_or_double(
    other: Server, market: Market, live_settings: dict[str, str], tmp_path: Path
):
    async with serving(tmp_path / "doomed", 3, **live_settings) as doomed, contextlib.AsyncExitStack() as opened:
        clients = await follow_all(doomed.port, opened, "trade.SOLUSDT", "ticker.SOLUSDT")
        made = await market.trades(20)
        for client in clients:
            await client.take(13)  # in the middle of what was told
        doomed.kill()
        made += await market.trades(20)
        await doomed.ended()
        for client in clients:
            with contextlib.suppress(Gone):
                while True:
                    await client.next()
        made += await market.trades(20)
        for client in clients:
            await client.resume(other.port)
            await client.reach("trade.SOLUSDT", market.seq())
            assert ids(client.trades) == ids(made)


async def test_a_server_that_is_asked_to_end_says_goodbye_to_everybody(
    other: Server, market: Market, live_settings: dict[str, str], tmp_path: Path
):
    async with serving(tmp_path / "leaving", 3, **live_settings) as leaving, contextlib.AsyncExitStack() as opened:
        by_socket, by_events, by_polls = await follow_all(leaving.port, opened, "trade.SOLUSDT")
        made = await market.trades(5)
        await by_polls.take(5)
        listener = await opened.enter_async_context(websockets.connect(leaving.url("/live/v1/broadcast", "ws")))
        waiting = asyncio.create_task(by_polls.receive())
        await leaving.becomes('tradedash_followers{transport="longpoll"}', 1)

        leaving.ask_to_end()
        said = {"code": 4000, "reason": "restart", "reconnect": True, "after_ms": [0, 5000]}
        assert await by_socket.hear("bye") == {"type": "bye"} | said
        assert await by_socket.ended() == (4000, "restart")
        await listener.wait_closed()
        assert (listener.close_code, listener.close_reason) == (4000, "restart")
        assert await by_events.hear("bye") == {"type": "bye"} | said
        assert by_events.cursor.endswith(f":{market.seq()}")
        with pytest.raises(Gone):
            await by_events.next()
        assert await leaving.ended() == 0
        await asyncio.gather(waiting, return_exceptions=True)

        made += await market.trades(5)
        for client in (by_socket, by_events, by_polls):
            await client.resume(other.port)
            await client.reach("trade.SOLUSDT", market.seq())
            assert ids(client.trades) == ids(made)


async def test_a_server_that_is_ending_takes_nobody_new(market: Market, live_settings: dict[str, str], tmp_path: Path):
    variables = live_settings | {"TICKER_DRAIN_S": "2"}
    async with serving(tmp_path / "leaving", 3, **variables) as leaving, contextlib.AsyncExitStack() as opened:
        clients = [await opened.enter_async_context(following(leaving.port, "trade.SOLUSDT")) for _ in range(4)]
        leaving.ask_to_end()
        await clients[0].hear("bye")
        with pytest.raises((OSError, websockets.InvalidHandshake)):
            await websockets.connect(leaving.url("/live/v1/ws", "ws"))
        for client in clients:
            assert await client.ended() == (4000, "restart")
        assert await leaving.ended() == 0


# --- Redis ----------------------------------------------------------------------------------------


async def test_connections_to_redis_that_break_lose_nothing(follower: Client, market: Market, redis_connections: Redis):
    made = []
    for _ in range(3):
        made += await market.trades(20)
        redis_connections.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        made += await market.trades(5)
        redis_connections.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        made += await market.trades(20)
        assert ids(await follower.take(45)) == ids(made[-45:])


async def test_a_lost_group_message_is_found_when_the_next_one_comes(follower: Client, market: Market):
    made = await market.trades(3) + await market.trades(4, is_lost=True) + await market.trades(2)
    assert ids(await follower.take(9)) == ids(made)


async def test_a_lost_group_message_is_found_even_if_it_was_the_last(follower: Client, market: Market):
    made = await market.trades(4, is_lost=True)
    assert ids(await follower.take(4)) == ids(made)


async def test_states_are_right_after_a_lost_message_too(server: Server, other: Server, market: Market):
    channels = ("ticker.SOLUSDT", "candle.SOLUSDT.1m", "trade.SOLUSDT")
    async with following(server.port, *channels) as client:
        await market.trades(4, is_lost=True)
        await client.reach("trade.SOLUSDT", market.seq())
        async with following(other.port, "trade.SOLUSDT") as awaited:
            await awaited.reach("trade.SOLUSDT", market.seq())
        async with following(other.port, *channels) as fresh:
            for channel in channels[:2]:
                await client.reach(channel, fresh.last[channel])
            assert (client.states, client.last) == (fresh.states, fresh.last)


async def test_a_stream_that_begins_anew_is_told_and_numbers_go_on(
    instances: list[Server], transport: str, market: Market
):
    one, two = instances
    async with following(one.port, "trade.SOLUSDT", "ticker.SOLUSDT", over=transport) as client:
        await client.take(len(await market.trades(5)))
        before, epoch = market.seq(), client.epochs.get("trade.SOLUSDT")
        await market.lose_everything(unrecorded=3)
        reset = await client.hear("subscribed", ch="trade.SOLUSDT", resume="reset")
        assert reset["why"] == "epoch" and reset["epoch"] != epoch and reset["seq"] == before == market.seq()
        await client.hear("snapshot", ch="ticker.SOLUSDT")
        assert ids(await client.take(len(await market.trades(5)))) == list(range(before + 1, before + 6))
        # What the client knows now is of the new epoch: it may go on with it anywhere.
        if isinstance(client, EventClient):
            await client.placed()
        await market.trades(3)
        await client.resume(two.port)
        assert ids(await client.take(3)) == list(range(before + 6, before + 9))


# --- The feed -------------------------------------------------------------------------------------


async def test_a_silent_feed_is_told_and_its_return_too(server: Server, market: Market):
    async with contextlib.AsyncExitStack() as opened:
        by_socket, by_events, by_polls = await follow_all(server.port, opened, "trade.SOLUSDT")
        by_polls.wait_s = 1
        market.silence()
        try:
            for client in (by_socket, by_events, by_polls):
                status = await client.hear("status")
                assert status["feed"] == "stale" and status["since"] > 1_700_000_000_000
            async with following(server.port) as newcomer:
                assert (await newcomer.hear("status"))["feed"] == "stale"
        finally:
            await market.speak()
        for client in (by_socket, by_events):
            assert (await client.hear("status"))["feed"] == "live"
        made = await market.trades(2)
        assert ids(await by_polls.take(2)) == ids(made)


# --- Clients --------------------------------------------------------------------------------------


async def test_a_client_that_goes_is_noticed(server: Server, transport: str, market: Market):
    followers = f'tradedash_followers{{transport="{transport}"}}'
    await server.becomes(followers, 0)
    client = KINDS[transport]("trade.SOLUSDT")
    await client.open(server.port)
    await client.settle()
    asking = asyncio.create_task(client.receive())  # a long poll is there only while it asks
    await server.becomes(followers, 1)
    if isinstance(client, WebSocketClient):
        client.cut()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await client.close()
    await server.becomes(followers, 0)


async def test_many_who_come_while_the_market_moves_miss_nothing(server: Server, market: Market):
    async def come(number: int) -> None:
        client = WebSocketClient("trade.SOLUSDT", throttle=(0, 100)[number % 2])
        await client.open(server.port)
        await client.settle()
        comers.append(client)

    comers: list[WebSocketClient] = []
    moving = asyncio.create_task(market.trades(count=400, batch=2))
    for first in range(0, 100, 10):
        await asyncio.gather(*(come(number) for number in range(first, first + 10)))
    made = await moving
    for client in comers:
        await client.reach("trade.SOLUSDT", made[-1].seq)  # the client itself refuses holes and doubles
        await client.close()


async def test_a_long_absence_is_replayed_whole(server: Server, transport: str, market: Market):
    async with following(server.port, "trade.SOLUSDT", over=transport) as client:
        await client.take(len(await market.trades(3)))
        if isinstance(client, EventClient):
            await client.placed()
        await client.close()
        await market.trades(count=15_000, batch=1_000)
        await client.resume(server.port)
        assert ids(await client.take(15_000)) == list(range(market.seq() - 14_999, market.seq() + 1))


async def test_a_client_that_pauses_in_a_long_replay_is_not_closed(server: Server, market: Market):
    await market.trades(count=19_000, batch=1_000)
    async with following(server.port, "trade.SOLUSDT") as client:
        slow = WebSocketClient("trade.SOLUSDT")
        slow.epochs, slow.last = dict(client.epochs), {"trade.SOLUSDT": market.seq() - 19_000}
        await slow.open(server.port, sock=narrow(server.port, 32_768), max_queue=1)
        await client.hear("hb")
        await client.hear("hb")  # so long has it not read: what was written for it waits
        made = await market.trades(10)
        assert ids(await slow.take(19_010)) == list(range(made[-1].seq - 19_009, made[-1].seq + 1))
        slow.cut()


async def test_a_client_that_reads_nothing_is_closed_and_nobody_else_notices(server: Server, market: Market):
    slow_ones = await server.gauge("tradedash_slow_consumers_total")
    deaf = WebSocketClient("trade.SOLUSDT")
    async with following(server.port, "trade.SOLUSDT") as client:
        deaf.epochs = dict(client.epochs)
        deaf.last = {"trade.SOLUSDT": market.seq() - 15_000}
        await deaf.open(server.port, sock=narrow(server.port, 4_096), max_queue=1)
        again = {"op": "subscribe", "channels": [{"ch": "trade.SOLUSDT", "epoch": "", "seq": 0}]}
        again["channels"][0] |= {"epoch": deaf.epochs["trade.SOLUSDT"], "seq": market.seq() - 15_000}
        for _ in range(3):
            await deaf.say(again)
        made = []
        async with asyncio.timeout(30):
            while await server.gauge("tradedash_slow_consumers_total") == slow_ones:
                made += await market.trades(count=100, batch=20)
        assert ids(await client.take(len(made))) == ids(made)
        code, reason = await deaf.ended()
        assert (code, reason) in [(4002, "slow consumer"), (1006, "")]
        await deaf.close()
