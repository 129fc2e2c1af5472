"""The sockets of all instances, bound once before anything starts, and whether the instances behind them can serve."""

import asyncio
import errno
import json
import socket
import time
from contextlib import ExitStack

# A thousand browsers that come back in the same second; the usual 50 made them retry after 1 and 3 s.
BACKLOG = 2048


class PortTaken(Exception):
    """A port that we need cannot be had."""


def bind(host: str, port: int, *, patience_s: float = 0.0) -> socket.socket:
    """A listening socket. Raises PortTaken, with what to do about it, when it is still taken after `patience_s`."""
    until_s = time.monotonic() + patience_s
    while True:
        try:
            return _bind(host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < until_s:
                time.sleep(0.1)
                continue
            raise PortTaken(_sentence(host, port, error)) from None


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with ExitStack() as undo:
        listening = undo.enter_context(socket.socket(family, kind, protocol))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # not the minute of TIME_WAIT after a restart
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.setblocking(False)
        undo.pop_all()
    return listening


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is taken by another program: stop it, or choose another with PORT "
            "(PORT and the INSTANCES ports after it are needed)"
        )
    return f"HOST={host!r}, port {port}: cannot listen: {error.strerror or error}"


def reachable(host: str) -> str:
    """Where a program on this machine finds a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (it is what we turn away from)


def url(host: str, port: int) -> str:
    address = reachable(host)
    return f"http://[{address}]:{port}/" if ":" in address else f"http://{address}:{port}/"


def host_header(allowed: list[str]) -> str:
    """A Host that Django will let in, whatever the deployment is called."""
    first = allowed[0] if allowed else "localhost"
    return "localhost" if first == "*" else first.lstrip(".")


async def unready(host: str, port: int, header: str, *, tls: bool, within_s: float = 5.0) -> str | None:
    """None where the instance on this port can serve; else what it waits for, in its own words."""
    proto = "X-Forwarded-Proto: https\r\n" if tls else ""  # else Django redirects us to where no proxy listens
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(reachable(host), port)
            try:
                # HTTP/1.0: the answer ends with the connection, and is not chunked
                writer.write(f"GET /readyz HTTP/1.0\r\nHost: {header}\r\n{proto}\r\n".encode())
                answer = await reader.read(65_536)
                while more := await reader.read(65_536):
                    answer += more
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return "it does not answer yet"
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    return None if status == [b"200"] else _reason(status, body)


def _reason(status: list[bytes], body: bytes) -> str:
    try:
        checks = json.loads(body)["checks"]
        wrong = [f"{part}: {word}" for part, word in checks.items() if word != "ok"]
    except (ValueError, KeyError, TypeError, AttributeError):
        wrong = []
    return "; ".join(wrong) or f"/readyz says {b''.join(status).decode(errors='replace') or 'nothing'}"
