"""What the supervisor asks of ports and of the instances behind them."""

import asyncio
import socket

import pytest

from tests.kit.ports import free_ports
from tradedash import ports


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes, asked: list[bytes]) -> None:
    asked.append(await reader.readuntil(b"\r\n\r\n"))
    writer.write(text)
    await writer.drain()
    writer.close()


async def ask(text: bytes, header: str = "localhost", tls: bool = False) -> tuple[str | None, bytes]:
    """What `unready` makes of this answer, and what it had asked."""
    asked: list[bytes] = []
    server = await asyncio.start_server(lambda r, w: answer(r, w, text, asked), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        return await ports.unready("0.0.0.0", port, header, tls=tls), asked[0]


async def test_200_is_ready():
    assert (await ask(b"HTTP/1.1 200 OK\r\n\r\n{}"))[0] is None


async def test_503_tells_what_it_waits_for():
    body = b'{"ready": false, "checks": {"redis": "ok", "feed": "No feed has spoken yet."}}'
    reason, _ = await ask(b"HTTP/1.1 503 Service Unavailable\r\n\r\n" + body)
    assert reason == "feed: No feed has spoken yet."


@pytest.mark.parametrize("body", [b"", b"<h1>Server Error</h1>", b"[]", b'{"checks": 7}'])
async def test_another_answer_is_told_by_its_status(body: bytes):
    assert (await ask(b"HTTP/1.1 500 Oops\r\n\r\n" + body))[0] == "/readyz says 500"


async def test_nobody_there_is_not_ready():
    assert await ports.unready("127.0.0.1", free_ports(1), "localhost", tls=False) == "it does not answer yet"


async def test_behind_tls_it_asks_as_the_proxy_would():
    _, asked = await ask(b"HTTP/1.1 200 OK\r\n\r\n", header="dash.example", tls=True)
    assert b"Host: dash.example\r\n" in asked
    assert b"X-Forwarded-Proto: https\r\n" in asked


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [(["*"], "localhost"), ([], "localhost"), ([".dash.example"], "dash.example"), (["[::1]"], "[::1]")],
)
def test_the_host_is_one_that_django_lets_in(allowed: list[str], expected: str):
    assert ports.host_header(allowed) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", "http://127.0.0.1:8000/"), ("0.0.0.0", "http://127.0.0.1:8000/"), ("::", "http://[::1]:8000/")],
)
def test_the_address_told_is_one_that_a_browser_can_open(host: str, expected: str):
    assert ports.url(host, 8000) == expected


def test_a_socket_is_ready_for_a_crowd_and_not_inherited_by_chance():
    with ports.bind("127.0.0.1", free_ports(1)) as bound:
        assert bound.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        assert not bound.getblocking()
        assert not bound.get_inheritable()


def test_a_taken_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ports.PortTaken, match=f"port {port} is taken"):
            ports.bind("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_named():
    with pytest.raises(ports.PortTaken, match=r"HOST='192\.0\.2\.1'"):
        ports.bind("192.0.2.1", free_ports(1))
