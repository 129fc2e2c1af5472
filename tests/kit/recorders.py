"""Recorders as processes of their own, on the database and the Redis of the test."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator

from django.conf import settings
from django.db import connection

from tests.kit.house import ROOT


class RecorderProcess:
    """A running `manage.py record`: what it says, and what is done to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout
        while line := await self.process.stdout.readline():
            self.lines.append(line.decode().rstrip())

    def says(self, part: str) -> bool:
        return any(part in line for line in self.lines)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def kill(self) -> None:
        """As `kill -9`; returns when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await self._reading


def url_of_the_database() -> str:
    """The address of the test's database, for processes that use the settings of everybody."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    return f"postgres://{found['USER']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


@contextlib.asynccontextmanager
async def recorder() -> AsyncIterator[RecorderProcess]:
    """A recorder that may be doing its work already; killed at the end if it still runs."""
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tradedash.settings",
        "DATABASE_URL": url_of_the_database(),
        "REDIS_URL": settings.REDIS_URL,
        "TICKER_REDIS_PREFIX": settings.REDIS_PREFIX,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "manage.py"),
        "record",
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    running = RecorderProcess(process)
    try:
        yield running
    finally:
        await running.kill()
