"""What a lean connection relies on: how autobahn sets its options and its state, and an inbox without a queue."""

import asyncio

import pytest
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol

from tradedash.inbox import Inbox
from tradedash.lean import HANDSHAKE, STATE, LeanProtocol, with_options_of


def test_every_option_of_autobahn_holds_for_all_connections():
    factory = WebSocketServerFactory(reactor=object())
    factory.setProtocolOptions(failByDrop=False, maxMessagePayloadSize=16_384)
    protocol = with_options_of(factory, LeanProtocol)()
    options = WebSocketServerProtocol.CONFIG_ATTRS
    assert {name: getattr(protocol, name) for name in options} == {name: getattr(factory, name) for name in options}


def test_no_slot_hides_a_default_of_a_class():
    assert not [name for name in STATE + HANDSHAKE for base in LeanProtocol.__mro__[1:] if hasattr(base, name)]


@pytest.mark.asyncio
async def test_an_inbox_gives_in_order_what_it_was_given():
    inbox = Inbox()
    for number in range(3):
        inbox.put_nowait({"number": number})
    assert [(await inbox.get())["number"] for _ in range(3)] == [0, 1, 2]


@pytest.mark.asyncio
async def test_an_inbox_waits_for_the_next_message():
    inbox = Inbox()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(inbox.get())
        tasks.create_task(asyncio.to_thread(lambda: None)).add_done_callback(lambda _: inbox.put_nowait({"number": 1}))
    assert waiting.result() == {"number": 1}


@pytest.mark.asyncio
async def test_who_gives_up_waiting_takes_no_message():
    inbox = Inbox()
    waiting = asyncio.ensure_future(inbox.get())
    await asyncio.sleep(0)  # it waits now
    inbox.put_nowait({"number": 1})
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await inbox.get() == {"number": 1}
