"""What a process has cost so far, as Linux keeps the books, and where it listens."""

import asyncio
import os
import re
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
START_WITHIN_S = 30.0
END_WITHIN_S = 15.0
ESTABLISHED = "01"  # include/net/tcp_states.h


def parse_cpu_s(stat: str) -> float:
    """User and system seconds of all threads in a /proc/<pid>/stat, whatever the program is called."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def parse_memory_kb(status: str) -> int:
    """VmRSS in a /proc/<pid>/status."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    if not found:
        raise ValueError("no VmRSS: the process has ended")
    return int(found[1])


def parse_connections(table: str, port: int) -> dict[int, str]:
    """The state of each connection of a local port, by the other side's port, in a /proc/net/tcp."""
    found: dict[int, str] = {}
    for line in table.splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        if int(local.partition(":")[2], 16) == port:
            found[int(remote.partition(":")[2], 16)] = state
    return found


def is_connected(port: int, other_port: int) -> bool:
    """Whether the owner of a port regards this connection as open."""
    return parse_connections(Path("/proc/net/tcp").read_text(), port).get(other_port) == ESTABLISHED


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def parse_busy_s(stat: str) -> float:
    """Seconds that all processors together were not idle since the start, in a /proc/stat."""
    user, nice, system, _idle, _waiting, irq, softirq, steal, *_ = map(int, stat.splitlines()[0].split()[1:])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_S


def busy_s() -> float:
    return parse_busy_s(Path("/proc/stat").read_text())


class Process:
    """A process that we have started and shall end."""

    def __init__(self, started: asyncio.subprocess.Process, log: Path) -> None:
        self.started, self._log = started, log

    @property
    def cpu_s(self) -> float:
        return parse_cpu_s(Path(f"/proc/{self.started.pid}/stat").read_text())

    @property
    def memory_kb(self) -> int:
        return parse_memory_kb(Path(f"/proc/{self.started.pid}/status").read_text())

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    async def listens(self, port: int) -> None:
        """Wait until it does. Raises RuntimeError with its last words when it ends instead."""
        async with asyncio.timeout(START_WITHIN_S):
            while self.started.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return
        raise RuntimeError(f"it has ended: {self.said}")

    async def idles(self, within_s: float = 10.0) -> bool:
        """Wait until it has nothing to do; whether it got there."""
        for _ in range(int(within_s / 0.25)):
            before = self.cpu_s
            await asyncio.sleep(0.25)
            if self.cpu_s - before <= 0.02:
                return True
        return False

    async def end(self) -> None:
        if self.started.returncode is None:
            self.started.terminate()
            try:
                async with asyncio.timeout(END_WITHIN_S):
                    await self.started.wait()
            except TimeoutError:
                self.started.kill()
                await self.started.wait()


async def start(words: Sequence[str], *, cwd: Path, log: Path, env: Mapping[str, str], pipes: bool = False) -> Process:
    """Start a program whose words go to a file; with `pipes` its input and output are ours."""
    pipe = asyncio.subprocess.PIPE if pipes else None
    with log.open("wb") as output:
        started = await asyncio.create_subprocess_exec(
            *words,
            cwd=cwd,
            env=os.environ | env,
            stdin=pipe or asyncio.subprocess.DEVNULL,
            stdout=pipe or output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us: we end them in order
        )
    return Process(started, log)


PYTHON = sys.executable
