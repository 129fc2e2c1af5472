"""Workers as a test runs them: in its own event loop, and never for longer than the test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol


class Worker(Protocol):
    async def run(self, stop: asyncio.Event) -> None: ...


@contextlib.asynccontextmanager
async def running(worker: Worker) -> AsyncIterator["asyncio.Task[None]"]:
    """The worker while the block runs, told to stop after it. What broke it breaks the test."""
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    try:
        yield task
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def killed(task: "asyncio.Task[None]") -> None:
    """End a worker wherever it is, as far as that goes within one process."""
    while not task.done():
        # Again if need be: in Python 3.11 asyncio.wait_for, through which redis-py sends, swallows some cancellations.
        task.cancel()
        await asyncio.wait([task], timeout=0.1)


async def reached(condition: Callable[[], bool | Awaitable[bool]], within_s: float = 30.0) -> None:
    """Wait until this holds; for what nobody tells, such as what another task has written."""
    async with asyncio.timeout(within_s):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)
