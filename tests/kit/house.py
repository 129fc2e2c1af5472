"""The real thing: `manage.py up` as a process of its own, watched through what it prints."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from tests.kit.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
READY = "TradeDash is ready: "


class House:
    """A running `manage.py up`: its lines, its processes, its end."""

    def __init__(self, process: asyncio.subprocess.Process, port: str) -> None:
        self.process, self.port = process, port
        self.lines: list[str] = []
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout
        while line := await self.process.stdout.readline():
            async with self._news:
                self.lines.append(line.decode().rstrip())
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    async def hear(self, part: str, count: int = 1, within_s: float = 90.0) -> str:
        """The line that holds this part for the `count`-th time; fails, showing all lines, when it ends without."""
        found: list[str] = []

        def heard() -> bool:
            found[:] = [line for line in self.lines if part in line]
            return len(found) >= count or self._reading.done()

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(heard)
        if len(found) < count:
            raise AssertionError(f"{part!r} was not said {count} times:\n" + "\n".join(self.lines))
        return found[count - 1]

    async def ended(self, within_s: float = 60.0) -> int:
        async with asyncio.timeout(within_s):
            code = await self.process.wait()
            await self._reading
        return code

    def ask_to_end(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    @property
    def children(self) -> dict[str, int]:
        """Process ids by what they run: redis, record, simulate, daphne-1 …"""
        found: dict[str, int] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) == self.process.pid:
                    words = (stat.parent / "cmdline").read_bytes().decode().split("\0")
                    found[_name(words)] = int(stat.parent.name)
        return found


def _name(words: list[str]) -> str:
    if "--instance" in words:
        return f"daphne-{words[words.index('--instance') + 1]}"
    for name in ("record", "simulate", "prepare"):
        if name in words:
            return name
    return "redis" if "unixsocket:" in " ".join(words) or "-server" in words[0] else words[0]


@contextlib.asynccontextmanager
async def house(data_dir: Path, **variables: str) -> AsyncIterator[House]:
    """`manage.py up` on free ports with these variables on top; killed at the end if it still runs."""
    variables.setdefault("PORT", str(free_ports(5)))
    env = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DATABASE_URL")}
    env |= {"DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "tradedash.settings"} | variables
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "manage.py"),
        "up",
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    running = House(process, variables["PORT"])
    try:
        yield running
    finally:
        if process.returncode is None:
            children = running.children
            process.terminate()
            try:
                await running.ended(20)
            except TimeoutError:
                process.kill()
                for pid in children.values():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                await process.wait()


async def until(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    """Wait until this holds; for what the system tells nobody, such as the end of a process that is not our child."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
