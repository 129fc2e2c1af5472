"""What belongs to one user is heard by that user only, and only as long as the user is signed in."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from tests.kit.serve import Server, serving
from ticker.models import AccessToken
from ticker.services import accounts, announcements

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.django_db(transaction=True)]

MINE = "me.notifications"
WITHIN_S = 20.0  # a bound, so that a test that waits in vain says so
Headers = dict[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def private_servers(
    market: object, live_settings: dict[str, str], django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[Server]]:
    """Two instances that know the users of this test."""
    data_dir = tmp_path_factory.mktemp("private")
    url = os.environ.get("DATABASE_URL") or f"sqlite:///{settings.DATABASES['default']['NAME']}"
    variables = live_settings | {"DATABASE_URL": url, "DJANGO_SECRET_KEY": settings.SECRET_KEY}
    async with contextlib.AsyncExitStack() as opened:
        yield [
            await opened.enter_async_context(serving(data_dir / str(number), number, **variables)) for number in (1, 2)
        ]


def signed_in(name: str) -> tuple[User, Headers, Headers]:
    """A user; and what a browser and a program of that user send."""
    user = User.objects.create_user(name, password="right", is_staff=True)
    browser = Client()
    browser.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    token = accounts.make_token(user=user, name="bot")
    return user, {"Cookie": cookie}, {"Authorization": f"Bearer {token}"}


@pytest_asyncio.fixture(loop_scope="session")
async def ann() -> tuple[User, Headers, Headers]:
    return await database_sync_to_async(signed_in)("ann")


@pytest_asyncio.fixture(loop_scope="session")
async def bob() -> tuple[User, Headers, Headers]:
    return await database_sync_to_async(signed_in)("bob")


def socket(server: Server, headers: Headers, channel: str = MINE) -> websockets.connect:
    origin = {"Origin": server.url("")} if "Cookie" in headers else {}
    return websockets.connect(server.url(f"/live/v1/ws?ch={channel}", "ws"), additional_headers=headers | origin)


async def hear(connection: Any, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN_S):
        while True:
            message: dict[str, Any] = json.loads(await connection.recv())
            if message["type"] == kind:
                return message


async def ended(connection: Any) -> int | None:
    with contextlib.suppress(websockets.ConnectionClosed):
        async with asyncio.timeout(WITHIN_S):
            while True:
                await connection.recv()
    code: int | None = connection.close_code
    return code


async def announce(text: str, by: User, user: User) -> None:
    await database_sync_to_async(announcements.announce)(text=text, by=by, user=user)


# --- Who hears what --------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", [1, 2], ids=["cookie", "token"])
async def test_each_user_hears_only_what_is_meant_for_that_user(private_servers, ann, bob, shown: int):
    one, other = private_servers
    async with socket(one, ann[shown]) as hers, socket(other, bob[shown]) as his:
        assert (await hear(hers, "hello"))["user"] == "ann"
        for follower in (hers, his):
            await hear(follower, "subscribed")
        await announce("For Ann.", bob[0], ann[0])
        await announce("For Bob.", ann[0], bob[0])
        for follower, text in ((hers, "For Ann."), (his, "For Bob.")):
            [item] = (await hear(follower, "update"))["data"]
            assert (item["kind"], item["text"]) == ("announcement", text)


async def test_nobody_hears_what_is_private_and_all_else(private_servers):
    async with socket(private_servers[0], {}, f"{MINE},system") as follower:
        assert (await hear(follower, "hello"))["user"] is None
        refused = await hear(follower, "error")
        assert (refused["code"], refused["ch"]) == ("auth_required", MINE)
        assert (await hear(follower, "subscribed"))["ch"] == "system"


@pytest.mark.parametrize("transport", ["sse", "poll"])
async def test_without_a_socket_nobody_is_refused_with_401(private_servers, transport: str):
    async with httpx.AsyncClient() as client:
        answer = await client.get(private_servers[0].url(f"/live/v1/{transport}?ch={MINE}"))
    assert (answer.status_code, answer.json()["error"]) == (401, "auth_required")


async def test_a_wrong_token_is_told_so(private_servers):
    async with socket(private_servers[0], {"Authorization": "Bearer td_" + "a" * 43}, "system") as follower:
        assert (await hear(follower, "error"))["code"] == "auth_required"
        assert await ended(follower) == 4503


async def test_a_page_of_another_site_cannot_use_the_cookie_of_its_visitor(private_servers, ann):
    headers = ann[1] | {"Origin": "https://evil.example"}
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(private_servers[0].url(f"/live/v1/ws?ch={MINE}", "ws"), additional_headers=headers)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("place", ["token", "access_token", "authorization"])
async def test_a_token_in_an_address_is_no_token(private_servers, ann, place: str):
    token = ann[2]["Authorization"].removeprefix("Bearer ")
    async with httpx.AsyncClient() as client:
        answer = await client.get(private_servers[0].url(f"/live/v1/sse?ch={MINE}&{place}={token}"))
    assert answer.status_code in (400, 401)
    assert token not in answer.text and token not in private_servers[0].said


# --- For how long ----------------------------------------------------------------------------------


def sign_out(user: User, cookie: Headers) -> None:
    browser = Client()
    browser.cookies.load(cookie["Cookie"])
    assert browser.post("/admin/logout/").status_code == 200


def forget_sessions(user: User, cookie: Headers) -> None:
    Session.objects.all().delete()


def revoke(user: User, cookie: Headers) -> None:
    accounts.revoke(AccessToken.objects.get(user=user))


def change_password(user: User, cookie: Headers) -> None:
    user.set_password("other")
    user.save()


def disable_by_sql(user: User, cookie: Headers) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE auth_user SET is_active = %s WHERE id = %s", [False, user.pk])


COOKIE, TOKEN = 1, 2
ENDS = [
    (COOKIE, sign_out),
    (COOKIE, forget_sessions),
    (COOKIE, change_password),
    (COOKIE, disable_by_sql),
    (TOKEN, revoke),
    (TOKEN, change_password),
    (TOKEN, disable_by_sql),
]


@pytest.mark.parametrize(("shown", "end"), ENDS)
async def test_whoever_is_signed_out_hears_no_more_anywhere(
    private_servers, ann, bob, shown: int, end: Callable[[User, Headers], None]
):
    async with contextlib.AsyncExitStack() as opened:
        hers = [await opened.enter_async_context(socket(server, ann[shown])) for server in private_servers]
        his = await opened.enter_async_context(socket(private_servers[0], bob[TOKEN]))
        streams = httpx.AsyncClient(headers=ann[shown], timeout=WITHIN_S)
        stream = await opened.enter_async_context(
            streams.stream("GET", private_servers[0].url(f"/live/v1/sse?ch={MINE}"))
        )
        assert stream.status_code == 200
        for follower in (*hers, his):
            await hear(follower, "subscribed")
        await database_sync_to_async(end)(ann[0], ann[COOKIE])
        assert [await ended(follower) for follower in hers] == [4503, 4503]
        async with asyncio.timeout(WITHIN_S):
            said = [line async for line in stream.aiter_lines()]
        assert any('"code":4503' in line for line in said)
        await announce("Still there?", bob[0], bob[0])
        await hear(his, "update")
        await streams.aclose()


async def test_whoever_follows_only_what_is_public_goes_on(private_servers, ann):
    user, cookie, _ = ann
    async with socket(private_servers[0], cookie, "system") as public, socket(private_servers[0], cookie) as private:
        for follower in (public, private):
            await hear(follower, "subscribed")
        await database_sync_to_async(sign_out)(user, cookie)
        assert await ended(private) == 4503
        await public.send('{"op":"ping","id":1}')
        await hear(public, "pong")
