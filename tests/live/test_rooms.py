"""What is not one pair's: the tickers of all, the lobby, what happens to the system, and what is a user's own."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import websockets

from tests.kit.clients import Client, WebSocketClient, following
from tests.kit.house import ROOT
from tests.kit.market import Market
from tests.kit.serve import Server, serving
from ticker.bus import logs
from ticker.wire import groups

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "correct horse battery staple"
WITHIN_S = 20.0


# --- The tickers of all pairs ----------------------------------------------------------------------


async def test_all_tickers_are_told_at_first_and_then_those_that_change(server: Server, market: Market, transport: str):
    async with following(server.port, "ticker.all", over=transport, throttle=0) as client:
        assert client.states["ticker.all"].keys() == {"SOLUSDT", "BTCUSDT"}
        (trade,) = await market.trades(1, symbol="BTCUSDT")
        while client.states["ticker.all"]["BTCUSDT"]["last"] != format(trade.price, "f"):
            await client.next()
        assert all(update["data"].keys() == {"BTCUSDT"} for update in client.updates)


async def test_who_comes_back_on_another_instance_has_all_tickers_again(
    server: Server, other: Server, market: Market, transport: str
):
    async with following(server.port, "ticker.all", over=transport, throttle=0) as client:
        await client.close()
        (trade,) = await market.trades(1)
        await client.open(other.port)
        while client.states["ticker.all"]["SOLUSDT"]["last"] != format(trade.price, "f"):
            await client.next()


# --- The lobby -------------------------------------------------------------------------------------


async def test_what_one_says_all_hear_on_every_instance(server: Server, other: Server, transport: str):
    async with following(server.port, "lobby") as speaker, following(other.port, "lobby", over=transport) as hearer:
        await speaker.say({"op": "publish", "id": 7, "ch": "lobby", "data": {"text": "<b>gm</b>"}})
        seq = (await speaker.hear("ok", id=7))["seq"]
        for client in (speaker, hearer):
            await client.reach("lobby", seq)
            item = client.trades_of["lobby"][-1]
            assert (item["id"], item["text"], item["user"]) == (seq, "<b>gm</b>", None)
            assert isinstance(item["ts"], int)


async def test_what_was_said_meanwhile_is_replayed(server: Server, other: Server, transport: str):
    async with following(server.port, "lobby", over=transport) as client:
        if transport == "sse":
            await client.placed()
        await client.close()
        said = [await logs.aappend(groups.LOBBY, {"user": None, "text": str(number)}) for number in range(5)]
        await client.open(other.port)
        await client.reach("lobby", said[-1] or 0)
        assert [item["id"] for item in client.trades_of["lobby"]] == said


async def test_a_second_word_within_a_second_is_refused(server: Server):
    async with following(server.port, "lobby") as client:
        for number in (1, 2):
            await client.say({"op": "publish", "id": number, "ch": "lobby", "data": {"text": "gm"}})
        error = await client.hear("error")
        assert (error["id"], error["code"], error["retry"]) == (2, "rate_limited", True)
        assert 0 < error["after_ms"] <= 1000


async def test_whoever_missed_more_than_is_kept_is_told_so(server: Server):
    async with following(server.port, "lobby") as client:
        await client.close()
        for number in range(logs.KEPT + 30):
            await logs.aappend(groups.LOBBY, {"user": None, "text": str(number)})
        oldest = client.last["lobby"] + 1
        await client.open(server.port)
        reset = await client.hear("subscribed", ch="lobby")
        assert (reset["resume"], reset["why"]) == ("reset", "window")
        assert reset["first"] > oldest


# --- What happens to the system --------------------------------------------------------------------


async def event(client: Client, **fields: object) -> dict[str, object]:
    """The next item of the system's log with these fields."""
    while True:
        for item in client.trades_of.get("system", []):
            if fields.items() <= item.items():
                return item
        await client.next()


async def test_everybody_is_told_who_serves(other: Server, live_settings: dict[str, str], tmp_path: Path):
    async with following(other.port, "system") as client, serving(tmp_path / "third", 3, **live_settings) as third:
        await event(client, kind="instance", instance="daphne-3", state="joined")
        third.ask_to_end()
        await third.ended()
        await event(client, kind="instance", instance="daphne-3", state="left")


async def test_a_feed_that_falls_silent_is_told_once_and_so_is_its_return(
    server: Server, other: Server, market: Market
):
    async with following(server.port, "system") as one, following(other.port, "system") as two:
        market.silence()
        for client in (one, two):
            await event(client, kind="feed", feed="stale")
        await market.speak()
        for client in (one, two):
            await event(client, kind="feed", feed="live")
            states = [item["feed"] for item in client.trades_of["system"] if item["kind"] == "feed"]
            assert states == ["stale", "live"]


async def test_who_is_live_again_is_told_how_much_was_filled(server: Server, market: Market):
    async with following(server.port, "trade.SOLUSDT") as client:
        market.silence()
        await client.hear("status", feed="stale")
        await market.trades(7, is_lost=True)
        await market.speak()
        status = await client.hear("status", feed="live")
        assert status["filled"] == 7
        assert client.last["trade.SOLUSDT"] == market.seq()  # first what was missed, then the news that it was


# --- What is a user's own --------------------------------------------------------------------------


@dataclass
class House:
    """Two instances with one database, in which there is a user."""

    instances: list[Server]
    variables: dict[str, str]

    def shell(self, line: str) -> str:
        """Run a line of Python as `manage.py shell` does; what it prints."""
        imports = (
            "from django.contrib.auth.models import User; from django.test import Client; "
            "from django.contrib.sessions.backends.db import SessionStore; from ticker.models import AccessToken; "
            "from ticker.services import accounts; "
        )
        return manage(self.variables, "shell", "--no-imports", "-c", imports + line)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(
    market: Market, live_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    data_dir = tmp_path_factory.mktemp("private")
    variables = live_settings | {
        "DATABASE_URL": f"sqlite:///{data_dir}/shared.sqlite3",
        "DJANGO_SECRET_KEY": "of two instances, and long enough to be one",
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
    }
    for words in (
        ["migrate", "-v0"],
        ["createsuperuser", "--noinput", "--username", "ann", "--email", "a@example.com"],
    ):
        manage(variables, *words)
    async with contextlib.AsyncExitStack() as opened:
        started = [
            await opened.enter_async_context(serving(data_dir / str(number), number, **variables)) for number in (1, 2)
        ]
        yield House(started, variables)


def manage(variables: dict[str, str], *words: str) -> str:
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tradedash.settings"} | variables
    done = subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def ann(house: House) -> dict[str, str]:
    """The cookie of a browser in which Ann has signed in."""
    key = house.shell("browser = Client(); browser.force_login(User.objects.get()); print(browser.session.session_key)")
    return {"Cookie": f"sessionid={key.strip()}"}


@contextlib.asynccontextmanager
async def following_own(server: Server, headers: dict[str, str]) -> AsyncIterator[WebSocketClient]:
    client = WebSocketClient("me.notifications")
    await client.open(server.port, additional_headers=headers)
    try:
        yield client
    finally:
        await client.close()


def sign_out(house: House, ann: dict[str, str]) -> None:
    house.shell(f"SessionStore({ann['Cookie'].partition('=')[2]!r}).flush()")


async def test_who_is_signed_in_hears_what_is_their_own_and_signing_out_ends_it_everywhere(
    house: House, ann: dict[str, str]
):
    headers = ann | {"Origin": house.instances[0].url("")}
    async with contextlib.AsyncExitStack() as opened:
        clients = [await opened.enter_async_context(following_own(one, headers)) for one in house.instances]
        for client in clients:
            assert (await client.hear("hello"))["user"] == "ann"
            await client.hear("subscribed", ch="me.notifications")
        bystander = await opened.enter_async_context(following(house.instances[1].port, "trade.SOLUSDT"))
        await logs.aappend(groups.of_user(1, "notifications"), {"text": "for Ann"})
        for client in clients:
            assert (await client.take(1))[0]["text"] == "for Ann"
        sign_out(house, ann)
        for client in clients:
            assert await client.ended() == (4503, "signed out")
        await bystander.say({"op": "ping", "id": 1})
        await bystander.hear("pong", id=1)


async def test_a_token_opens_what_is_private_until_it_is_revoked(house: House):
    server = house.instances[0]
    token = house.shell("print(accounts.make_token(user=User.objects.get(), name='bot'))").strip()
    headers = {"Authorization": f"Bearer {token}"}
    async with following_own(server, headers) as client:
        await client.hear("subscribed", ch="me.notifications")
        house.shell("[accounts.revoke(one) for one in AccessToken.objects.all()]")
        assert (await client.ended())[0] == 4503
    async with following_own(server, headers) as client:
        assert (await client.hear("error"))["code"] == "auth_required"
        assert (await client.ended())[0] == 4503


async def test_a_changed_password_and_a_disabled_user_end_what_is_private(house: House, ann: dict[str, str]):
    server = house.instances[1]
    async with following_own(server, ann | {"Origin": server.url("")}) as client:
        await client.hear("subscribed", ch="me.notifications")
        house.shell("User.objects.update(is_active=False)")
        assert (await client.ended())[0] == 4503
    house.shell("User.objects.update(is_active=True)")


async def test_nobody_hears_what_is_private(server: Server):
    async with httpx.AsyncClient() as http:
        for path in ("sse", "poll"):
            answer = await http.get(server.url(f"/live/v1/{path}?ch=me.notifications"))
            assert (answer.status_code, answer.json()["error"]) == (401, "auth_required")
    client = WebSocketClient("me.notifications")
    await client.open(server.port)
    assert (await client.hear("error"))["code"] == "auth_required"
    await client.close()


async def test_a_page_of_another_site_does_not_use_its_visitors_cookie(house: House, ann: dict[str, str]):
    server = house.instances[0]
    headers = ann | {"Origin": "https://evil.example"}
    with pytest.raises(websockets.InvalidStatus) as refused:
        await WebSocketClient().open(server.port, additional_headers=headers)
    assert refused.value.response.status_code == 403
    async with httpx.AsyncClient() as http:
        answer = await http.get(server.url("/live/v1/poll?ch=trade.SOLUSDT"), headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


async def test_a_cookie_without_an_origin_opens_what_is_public_only(house: House, ann: dict[str, str]):
    async with following_own(house.instances[0], ann) as client:
        assert (await client.hear("hello"))["user"] is None
        assert (await client.hear("error"))["code"] == "auth_required"


async def test_events_and_polls_of_what_is_private_need_the_cookie_and_end_with_it(house: House, ann: dict[str, str]):
    address = house.instances[1].url("/live/v1/sse?ch=me.notifications")
    async with httpx.AsyncClient(timeout=WITHIN_S) as http, http.stream("GET", address, headers=ann) as stream:
        assert stream.status_code == 200
        said = stream.aiter_lines()
        async for line in said:
            if line == "event: subscribed":
                break
        poll = (await http.get(house.instances[0].url("/live/v1/poll?ch=me.notifications"), headers=ann)).json()
        assert poll["cursor"]
        sign_out(house, ann)
        byes = [json.loads(line[6:]) async for line in said if line.startswith('data: {"type":"bye"')]
        assert [bye["code"] for bye in byes] == [4503]


# --- The end of long lives -------------------------------------------------------------------------


async def test_a_connection_that_lived_long_enough_is_ended_and_resumes(
    market: Market, live_settings: dict[str, str], tmp_path: Path
):
    async with serving(tmp_path / "old", 4, **live_settings, TICKER_MAX_AGE_S="2") as server:
        async with following(server.port, "trade.SOLUSDT") as client:
            assert await client.ended() == (4001, "maximum age")
            made = await market.trades(3)
            await client.resume(server.port)
            assert [item["id"] for item in await client.take(3)] == [trade.seq for trade in made]
        async with contextlib.aclosing(lobbyists(server.port)) as socket_of:
            socket = await anext(socket_of)
            with contextlib.suppress(websockets.ConnectionClosed):
                async with asyncio.timeout(WITHIN_S):
                    while True:
                        await socket.recv()
            assert socket.close_code == 4001


async def lobbyists(port: int) -> AsyncIterator[websockets.ClientConnection]:
    async with websockets.connect(f"ws://127.0.0.1:{port}/live/v1/broadcast") as socket:
        yield socket


# --- Addresses that answer no request --------------------------------------------------------------


@pytest.mark.parametrize(("path", "status"), [("ws", 426), ("broadcast", 426), ("nope", 404), ("ws/", 404)])
async def test_what_is_no_http_address_says_so_in_json(server: Server, path: str, status: int):
    async with httpx.AsyncClient() as http:
        answer = await http.get(server.url(f"/live/v1/{path}"))
    assert answer.status_code == status
    assert answer.json().keys() == {"error", "detail"}
