"""The Python client and the lobby, the tickers and what is one's own, on two real instances."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from examples.tradedash_client import Closed, Following, Refused, connect
from tests.kit.commands import manage
from tests.kit.house import House

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="package")]


def address(running: House, instance: int) -> str:
    return f"ws://127.0.0.1:{int(running.port) + instance}"


async def take(following: Following, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(30):
        return [await anext(following) for _ in range(count)]


async def test_what_is_said_on_one_instance_is_heard_on_the_other(running: House):
    async with connect(address(running, 1)) as ada, connect(address(running, 2)) as bob, asyncio.timeout(60):
        await ada.connected()
        number = await ada.publish("lobby", {"text": "one <b>two</b> ☃"})
        lobby = bob.follow("lobby", last=1)
        (said,) = await take(lobby, 1)
        assert (said["id"], said["user"], said["text"]) == (number, None, "one <b>two</b> ☃")
        saved = json.loads(json.dumps(bob.positions))
    async with connect(address(running, 1)) as ada, asyncio.timeout(60):
        await ada.connected()
        numbers = [await ada.publish("lobby", {"text": "while bob was away"})]
    async with connect(address(running, 1), positions=saved) as bob:
        heard = await take(bob.follow("lobby"), 1)
    assert [said["id"] for said in heard] == numbers == [number + 1]


async def test_all_tickers_come_first_and_then_those_that_changed(running: House):
    async with connect(address(running, 1)) as market:
        first, *later = await take(market.follow("ticker.all", throttle=100), 20)
    assert first.keys() == {"SOLUSDT", "BTCUSDT"}
    assert all(changed.keys() <= first.keys() and changed for changed in later)
    assert all(float(ticker["last"]) > 0 for changed in later for ticker in changed.values())


async def test_what_is_private_is_heard_with_a_token_only(running: House, token: str, data_dir: Path):
    code = (
        "from django.contrib.auth.models import User; from ticker.services import announcements; "
        "announcements.announce(text='only for you', by=None, user=User.objects.get(username='bot'))"
    )
    async with connect(address(running, 1)) as stranger:
        with pytest.raises(Refused) as refused:
            await take(stranger.follow("me.notifications"), 1)
        assert (refused.value.code, stranger.user) == ("auth_required", None)
    async with connect(address(running, 1), token=token) as bot, asyncio.timeout(60):
        await bot.connected()
        assert bot.user == "bot"
        mine = bot.follow("me.notifications", last=5)
        await manage(data_dir, "shell", "--no-imports", "-c", code)
        assert (await take(mine, 1))[0]["text"] == "only for you"


async def test_a_token_that_is_not_good_ends_the_connection(running: House):
    async with connect(address(running, 1), token="td_" + "x" * 43) as market:
        with pytest.raises(Closed) as closed:
            await take(market.follow("trade.SOLUSDT"), 1)
    assert closed.value.code == 4503
