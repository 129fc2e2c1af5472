"""What clients ask for and say stays between them and us: no log holds it."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import websockets

from tests.kit.clients import following
from tests.kit.market import Market
from tests.kit.ports import free_ports
from tests.kit.serve import Server, running, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")

MARK = "ZYZZYVA"


@pytest_asyncio.fixture(loop_scope="session", params=["serve", "daphne"])
async def talkative(
    request: pytest.FixtureRequest, market: Market, live_settings: dict[str, str], collected: Path, tmp_path: Path
) -> AsyncIterator[Server]:
    """A server that logs all it can; Daphne with its access log, as it has it by default."""
    (tmp_path / "static").symlink_to(collected)
    variables = live_settings | {"LOG_LEVEL": "DEBUG"}
    port = free_ports(1)
    words = ("-m", "daphne", "-v", "1", "-p", str(port), "--access-log", "-", "tradedash.asgi:application")
    started = serving(tmp_path, 8, **variables)
    if request.param == "daphne":
        started = running(tmp_path, *words, port=port, **variables)
    async with started as server:
        yield server


async def test_no_log_holds_what_was_asked_for_or_said(talkative: Server, market: Market):
    async with httpx.AsyncClient() as client:
        for path in ("sse", "poll", "ws", "broadcast", "nowhere"):
            for query in (f"ch={MARK}", f"ch=trade.SOLUSDT&cursor={MARK}", f"token={MARK}", MARK):
                await client.get(talkative.url(f"/live/v1/{path}?{query}"), headers={"X-Said": MARK})
        await client.post(talkative.url("/live/v1/poll"), content=MARK)
    for path in ("ws", "broadcast", "nowhere"):
        with contextlib.suppress(websockets.InvalidStatus):
            async with websockets.connect(talkative.url(f"/live/v1/{path}?ch={MARK}&token={MARK}", "ws")) as socket:
                for said in (MARK, f'{{"op":"{MARK}"}}', MARK.encode(), MARK * 3_000):
                    await socket.send(said)
                await socket.wait_closed() if path == "broadcast" else await socket.close()
    async with following(talkative.port) as client:
        await client.hear("hb")
        await client.hear("hb")  # whatever is logged later than it happens has been logged
    assert talkative.said  # it does log
    assert MARK not in talkative.said
