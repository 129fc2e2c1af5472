"""What our Daphne does with requests that would cost it more than they are worth."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.kit.serve import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def much() -> AsyncIterator[bytes]:
    """A body whose length nobody has said: three megabytes in pieces."""
    for _ in range(48):
        yield bytes(65_536)


async def is_refused(server: Server, content: bytes | AsyncIterator[bytes]) -> bool:
    """Whether the request was ended with 413, or cut while its body was still being sent."""
    async with httpx.AsyncClient(timeout=30) as client:
        try:
            return (await client.post(server.url("/admin/login/"), content=content)).status_code == 413
        except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
            return True


async def test_a_body_that_says_it_is_too_long_is_refused(server: Server):
    assert await is_refused(server, bytes(3_000_000))


async def test_a_body_that_grows_too_long_is_refused(server: Server):
    assert await is_refused(server, much())


async def test_a_client_cannot_move_our_addresses_by_a_header(server: Server):
    async with httpx.AsyncClient() as client:
        answer = await client.get(server.url("/api/v1/pairs"), headers={"Daphne-Root-Path": "/elsewhere"})
    assert (answer.status_code, answer.headers["location"]) == (301, "/api/v1/pairs/")
