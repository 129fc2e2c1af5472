"""The room where everybody hears everybody, as the lecture's server has it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import websockets

from tests.kit.serve import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

GREETING = "Hello! Message From Server!!"


@pytest_asyncio.fixture(loop_scope="session")
async def room(instances: list[Server], market: object) -> AsyncIterator[list[websockets.ClientConnection]]:
    """Two clients at the first instance and one at the second, greeted."""
    one, two = (server.url("/live/v1/broadcast", "ws") for server in instances)
    async with (
        websockets.connect(one, max_queue=None) as a,
        websockets.connect(one, max_queue=None) as b,
        websockets.connect(two, max_queue=None) as c,
    ):
        for client in (a, b, c):
            assert await client.recv() == GREETING
        # Whoever has heard a frame of its own is in the room: it is entered after the greeting.
        for client in (a, b, c):
            await client.send(f"here is {client.local_address}")
            while await client.recv() != f"here is {client.local_address}":
                pass
        for client in (a, b, c):
            await client.send("all here")
        for client in (a, b, c):
            for _ in range(3):
                while await client.recv() != "all here":
                    pass
        yield [a, b, c]


@pytest.mark.parametrize("frame", ["gm", "", "ни пуха 🚀", b"\x00\xff", b""])
async def test_every_frame_reaches_everybody_as_it_was(room: list[websockets.ClientConnection], frame: str | bytes):
    for sender in room:
        await sender.send(frame)
        assert [await client.recv() for client in room] == [frame] * 3


async def test_frames_of_one_sender_stay_in_order(room: list[websockets.ClientConnection]):
    sent = [str(number) if number % 2 else bytes([number]) for number in range(20)]
    for frame in sent:
        await room[0].send(frame)
    assert [await room[2].recv() for _ in sent] == sent


async def test_who_says_too_much_is_refused_and_the_others_are_spared(room: list[websockets.ClientConnection]):
    for number in range(40):
        await room[0].send(str(number))
    heard = [await room[0].recv() for _ in range(40)]
    refused = [text for text in heard if '"rate_limited"' in str(text)]
    assert refused
    relayed = [text for text in heard if text not in refused]
    assert [await room[1].recv() for _ in relayed] == relayed


async def test_a_frame_that_is_too_big_ends_the_connection(room: list[websockets.ClientConnection]):
    await room[0].send("x" * 16_385)
    await room[0].wait_closed()
    assert room[0].close_code == 4505
