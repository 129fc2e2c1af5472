"""How every worker runs: until it is told to stop, and patiently while something it needs is away."""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress


async def until_stopped(run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run a worker; SIGTERM and SIGINT set the event that tells it to finish what it is at and return."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run(stop)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not for longer than until the worker is told to stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


class Trouble:
    """Says what a worker waits for: once when it begins, then every half minute, and once when it is over."""

    AGAIN_AFTER_S = 30

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._since: float | None = None
        self._said = 0.0

    def waits(self, why: object) -> None:
        now = time.monotonic()
        if self._since is None:
            self._since = now
        elif now - self._said < self.AGAIN_AFTER_S:
            return
        self._said = now
        self._log.warning("waiting: %s", why)

    def over(self) -> None:
        if self._since is not None:
            self._log.warning("going on after %.1f s", time.monotonic() - self._since)
            self._since = None
