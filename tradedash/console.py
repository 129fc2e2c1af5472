"""Prints what several processes say, without ever waiting for whoever reads it."""

import contextlib
import os
import queue
import sys
import threading

# Enough for any start; a reader that is further behind (a paused terminal, a full pipe) loses the newest lines,
# because to wait for it would stop the market.
LINES_MAX = 10_000


class Console:
    """Standard output, written by a thread of its own: `say` returns at once, also when nobody reads or listens."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue(LINES_MAX)
        self._thread = threading.Thread(target=self._write, name="console", daemon=True)
        self._thread.start()

    def say(self, line: str) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(line)

    def close(self, timeout_s: float = 1.0) -> None:
        """Print what is left, within the time given."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=timeout_s)
        self._thread.join(timeout_s)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                print(line, flush=True)
            except (OSError, ValueError):
                # `make run | head`: the pipe is gone, the market goes on. Without this the interpreter would
                # also complain at its end, and exit with 120.
                with contextlib.suppress(OSError):
                    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
