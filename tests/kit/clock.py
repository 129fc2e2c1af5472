"""A wall clock that jumps under running processes: each that inherits these variables looks where a file says it is."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path

# Python imports a module of this name before anything else, in every process that finds one.
SITE = """
import os, signal, time

def jump(*_):
    ahead_s = int(open(os.environ["CLOCK_AHEAD"]).read())
    time.time = lambda: right() + ahead_s
    time.time_ns = lambda: right_ns() + ahead_s * 1_000_000_000

right, right_ns = time.time, time.time_ns
signal.signal(signal.SIGUSR1, jump)
"""


class Clock:
    """The wall clock of all Python processes that were started with these variables. Monotonic clocks stay right."""

    def __init__(self, folder: Path) -> None:
        (folder / "sitecustomize.py").write_text(SITE)
        self._ahead = folder / "ahead"
        self.variables = {"PYTHONPATH": str(folder), "CLOCK_AHEAD": str(self._ahead)}

    def jump(self, pids: Iterable[int], ahead_s: int) -> None:
        """Have these processes believe that it is so much later than it is."""
        self._ahead.write_text(str(ahead_s))
        for pid in pids:
            os.kill(pid, signal.SIGUSR1)
