"""One server as a process of its own: ours by `manage.py serve`, or any other that can carry the application."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import httpx
from django.conf import settings
from django.test.utils import override_settings

from tests.kit.house import ROOT
from tests.kit.ports import free_ports


class Server:
    """A running server: where it listens, what it has said, how it ends."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self.process, self.port, self._log = process, port, log

    @property
    def said(self) -> str:
        return self._log.read_text()

    def url(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    async def answers(self, within_s: float = 60.0) -> None:
        """Wait until it serves; fails with its own words when it ends instead."""
        async with asyncio.timeout(within_s), httpx.AsyncClient() as client:
            while True:
                assert self.process.returncode is None, f"the server has ended:\n{self.said}"
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(self.url("/healthz"))).status_code == 200:
                        return
                await asyncio.sleep(0.05)  # between two questions: it does not listen yet

    async def gauge(self, line: str) -> float:
        """The value of a line in its /metrics, such as `tradedash_followers{transport="sse"}`; 0 where it has none."""
        async with httpx.AsyncClient() as client:
            text = (await client.get(self.url("/metrics"))).text
        found = [row.rpartition(" ") for row in text.splitlines()]
        return next((float(value) for name, _, value in found if name == line), 0.0)

    async def becomes(self, line: str, value: float, within_s: float = 30.0) -> None:
        """Wait until a line of /metrics has this value."""
        async with asyncio.timeout(within_s):
            while await self.gauge(line) != value:
                await asyncio.sleep(0.05)

    async def memory(self) -> float:
        """Bytes that it has in memory."""
        return await self.gauge("process_resident_memory_bytes")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)

    def ask_to_end(self) -> None:
        self.send(signal.SIGTERM)

    async def ended(self, within_s: float = 30.0) -> int:
        async with asyncio.timeout(within_s):
            return await self.process.wait()


@contextlib.asynccontextmanager
async def running(
    data_dir: Path, *words: str, port: int, fds: Sequence[int] = (), **variables: str
) -> AsyncIterator[Server]:
    """A process of these words that serves on this port and inherits these sockets; killed at the end if it still runs."""
    data_dir.mkdir(exist_ok=True)  # noqa: ASYNC240 (once, before anything runs)
    log = data_dir / "server.log"
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tradedash.settings", "DATA_DIR": str(data_dir)} | variables
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=fds,
        )
    server = Server(process, port, log)
    try:
        await server.answers()
        yield server
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def serving(data_dir: Path, instance: int, **variables: str) -> contextlib.AbstractAsyncContextManager[Server]:
    """`manage.py serve`."""
    port = free_ports(1)
    words = ("manage.py", "serve", "--port", str(port), "--instance", str(instance))
    return running(data_dir, *words, port=port, **variables)


def daphne(data_dir: Path, **variables: str) -> contextlib.AbstractAsyncContextManager[Server]:
    """Plain `daphne`, as many deployments start it."""
    port = free_ports(1)
    words = ("-m", "daphne", "-v", "0", "-p", str(port), "tradedash.asgi:application")
    return running(data_dir, *words, port=port, **variables)


def uvicorn(data_dir: Path, **variables: str) -> contextlib.AbstractAsyncContextManager[Server]:
    """A server that is not Daphne."""
    port = free_ports(1)
    words = ("-m", "uvicorn", "--port", str(port), "--log-level", "warning", "tradedash.asgi:application")
    return running(data_dir, *words, port=port, **variables)


class Instance:
    """One instance that a test ends and starts again, on the port that it has had."""

    def __init__(
        self,
        data_dir: Path,
        number: int,
        variables: dict[str, str],
        stack: contextlib.AsyncExitStack,
        *,
        shared: int | None = None,
    ) -> None:
        self.port = free_ports(1)
        self.server: Server
        self._data_dir, self._variables, self._stack = data_dir, variables, stack
        self._words = ["manage.py", "serve", "--port", str(self.port), "--instance", str(number)]
        self._fds = () if shared is None else (shared,)  # a socket on which others listen too, as under `make run`
        self._words += [word for fd in self._fds for word in ("--fd", str(fd))]

    async def start(self) -> None:
        instance = running(self._data_dir, *self._words, port=self.port, fds=self._fds, **self._variables)
        self.server = await self._stack.enter_async_context(instance)

    async def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        self.server.send(number)
        return await self.server.ended()


@contextlib.contextmanager
def speaking(redis_url: str, prefix: str) -> Iterator[dict[str, str]]:
    """Have this process speak where instances listen; gives the variables that make them."""
    layer = settings.CHANNEL_LAYERS["default"]
    config = layer["CONFIG"] | {"hosts": [redis_url], "prefix": f"{prefix}:layer:"}
    changed = {
        "REDIS_URL": redis_url,
        "REDIS_PREFIX": prefix,
        "CHANNEL_LAYERS": {"default": layer | {"CONFIG": config}},
    }
    with override_settings(**changed):
        yield {
            "REDIS_URL": redis_url,
            "TICKER_REDIS_PREFIX": prefix,
            "TICKER_HEARTBEAT_MS": "1000",
            "TICKER_DRAIN_S": "0.2",
        }
