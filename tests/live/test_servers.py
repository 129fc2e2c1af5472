"""The application behind servers that others start: plain Daphne is ours, and any other carries it too."""

import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import pytest_asyncio
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.kit.clients import following
from tests.kit.market import Market
from tests.kit.ports import free_ports
from tests.kit.serve import Server, daphne, running, uvicorn

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def strange(
    market: Market, live_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """A server that knows nothing of us."""
    async with uvicorn(tmp_path_factory.mktemp("uvicorn"), **live_settings) as strange:
        yield strange


async def test_plain_daphne_says_why_it_closes(market: Market, live_settings: dict[str, str], tmp_path: Path):
    async with daphne(tmp_path / "daphne", **live_settings) as server:
        async with following(server.port, "trade.SOLUSDT", "ticker.SOLUSDT") as client:
            made = await market.trades(10)
            assert [trade["id"] for trade in await client.take(10)] == [trade.seq for trade in made]
            server.ask_to_end()
            assert (await client.hear("bye"))["code"] == 4000
            assert await client.ended() == (4000, "restart")
        assert await server.ended() == 0


async def test_daphne_with_a_certificate_sends_nothing_in_plain_text(
    market: Market, live_settings: dict[str, str], tmp_path: Path
):
    certificate, key = certified(tmp_path)
    port, plain = free_ports(1), free_ports(1)
    endpoints = (
        f"ssl:port={port}:interface=127.0.0.1:privateKey={key}:certKey={certificate}",
        f"tcp:port={plain}:interface=127.0.0.1",
    )
    words = ("-m", "daphne", "-v", "0", "-e", endpoints[0], "-e", endpoints[1], "tradedash.asgi:application")
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with running(tmp_path / "tls", *words, port=plain, **live_settings):
        address = f"wss://127.0.0.1:{port}/live/v1/ws?ch=trade.SOLUSDT"
        async with websockets.connect(address, ssl=trusting) as socket:
            said = [json.loads(await socket.recv()) for _ in range(2)]
            (made,) = await market.trades(1)
            said.append(json.loads(await socket.recv()))
    assert [one["type"] for one in said] == ["hello", "subscribed", "update"]
    assert said[2]["seq"] == made.seq


def certified(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


async def test_another_server_tells_the_same(strange: Server, server: Server, market: Market):
    channels = ("trade.SOLUSDT", "ticker.SOLUSDT", "candle.SOLUSDT.1m")
    async with (
        following(strange.port, *channels, throttle=0) as theirs,
        following(server.port, *channels, throttle=0) as ours,
    ):
        await market.trades(20)
        for client in (theirs, ours):
            for channel in channels:
                await client.reach(channel, ours.last[channel])
            await client.reach("trade.SOLUSDT", market.seq())
        assert theirs.trades == ours.trades
        await theirs.say("{")
        assert (await theirs.hear("error"))["code"] == "bad_json"
        for _ in range(9):
            await theirs.say("{")
        assert (await theirs.hear("bye"))["code"] == 4500
        assert await theirs.ended() == (4500, "protocol error")


@pytest.mark.parametrize("transport", ["sse", "longpoll"], indirect=True)
async def test_another_server_carries_streams_and_polls(strange: Server, transport: str, market: Market):
    async with following(strange.port, "trade.SOLUSDT", over=transport) as client:
        made = await market.trades(10)
        assert [trade["id"] for trade in await client.take(10)] == [trade.seq for trade in made]


async def test_another_server_carries_the_room(strange: Server):
    async with websockets.connect(strange.url("/live/v1/broadcast", "ws")) as room:
        assert await room.recv() == "Hello! Message From Server!!"
        for frame in ("gm", b"\x00\xff"):
            await room.send(frame)
            assert await room.recv() == frame


async def test_another_server_refuses_unknown_addresses_too(strange: Server):
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(strange.url("/live/v1/nowhere", "ws"))
    assert refused.value.response.status_code == 403
