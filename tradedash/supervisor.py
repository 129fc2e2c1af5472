"""Keeps the processes of TradeDash running on one machine, and ends them in order.

The standard library only: honcho ends everything when one process ends, circus brings a message broker of its own,
supervisor wants to be a daemon. What is needed is a page: restart, order, and nothing left behind.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0  # before a program that died starts again; doubled each time …
STEADY_S = 30.0  # … until it has lived for so long
TAIL = 30  # last lines of each program that are kept, to say why it did not start
LINE_BYTES = 1 << 20  # a longer line (a traceback is many lines) is cut

TIED = Path(__file__).with_name("tied.py")


@dataclass(frozen=True)
class Program:
    """What is to run; `fds` are sockets that it inherits."""

    name: str
    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)  # on top of ours
    fds: tuple[int, ...] = ()
    prefix: bool = True  # its lines are printed as "name | line"

    @property
    def command(self) -> list[str]:
        if sys.platform != "linux":
            return self.argv
        return [sys.executable, "-SE", str(TIED), str(os.getpid()), *self.argv]


class Child:
    """One program, started again whenever it ends, until it is let go."""

    def __init__(self, program: Program, say: Callable[[str], None]) -> None:
        self.program = program
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.again = True  # False: the end of the program is the end of this
        self.code: int | None = None  # how it ended last
        self._say = say
        self._let_go = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Run the program, again and again, each time after a longer pause; returns once it is let go and gone."""
        pause_s = FIRST_PAUSE_S
        while not self._let_go.is_set():
            started_s = time.monotonic()
            self.code = await self._live()
            if self._let_go.is_set() or not self.again:
                return
            if time.monotonic() - started_s > STEADY_S:
                pause_s = FIRST_PAUSE_S
            self._say(f"{self.program.name} {ended(self.code)}; starting it again in {pause_s:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._let_go.wait(), pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def let_go(self) -> None:
        """Ask it to end (SIGTERM) and do not start it again."""
        self._let_go.set()
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it, and whatever it started, without asking."""
        self._let_go.set()
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)  # each child leads a session of its own

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _live(self) -> int:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=os.environ | self.program.env,
                pass_fds=self.program.fds,
                start_new_session=True,  # Ctrl-C reaches us only, so that the end has an order
                limit=LINE_BYTES,
            )
        except OSError as error:
            self._hear(f"{error.filename}: {error.strerror}")
            return 127
        if self._let_go.is_set():  # let go while it was being started
            self._signal(signal.SIGTERM)
        reading = asyncio.create_task(self._read(self._process.stdout))
        code = await self._process.wait()
        # A grandchild may hold the pipe open: what the program itself said has been read by then.
        await asyncio.wait({reading}, timeout=0.5)
        reading.cancel()
        return code

    async def _read(self, output: asyncio.StreamReader | None) -> None:
        assert output is not None
        while True:
            try:
                line = await output.readline()
            except ValueError:  # longer than LINE_BYTES; the reader has dropped it
                continue
            if not line:
                return
            self._hear(line.decode(errors="replace").rstrip())

    def _hear(self, line: str) -> None:
        self.tail.append(line)
        self._say(f"{self.program.name} | {line}" if self.program.prefix else line)


def ended(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended with {code}"


class Supervisor:
    """The programs of one machine, in the order in which they were started."""

    # What is served ends first and has its time to say goodbye; whatever is still there after 12 s is killed.
    # The first to start (Redis) may take 2 s more after that, because everybody else needs it to end well.
    PATIENCE_S, LAST_PATIENCE_S = 12.0, 2.0

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.stages: list[dict[Child, asyncio.Task[None]]] = []
        self._impatient = asyncio.Event()

    def start(self, *programs: Program, again: bool = True) -> list[Child]:
        """Start these programs as one stage: they will be ended together, before the stages started earlier."""
        stage: dict[Child, asyncio.Task[None]] = {}
        for program in programs:
            child = Child(program, self.say)
            child.again = again
            stage[child] = asyncio.create_task(child.keep(), name=program.name)
        self.stages.append(stage)
        return list(stage)

    async def ended(self, child: Child) -> int | None:
        """Wait until this child is gone for good; returns its exit code."""
        for stage in self.stages:
            if child in stage:
                await asyncio.shield(stage[child])
        return child.code

    def hurry(self) -> None:
        """Somebody asked twice: stop being patient."""
        self._impatient.set()

    async def end(self) -> None:
        """End every program, the last stage first; none is left when this returns."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + self.PATIENCE_S
        first, *rest = self.stages or [{}]
        others = [stage for stage in reversed(rest) if not all(task.done() for task in stage.values())]
        for number, stage in enumerate(others):
            for child in stage:
                child.let_go()
            # A stage that hangs leaves time for those after it, which have more to lose.
            await self._gone(stage, end_s - 1.5 * (len(others) - number - 1))
        await self._killed(*others)
        for child in first:
            child.let_go()
        await self._gone(first, loop.time() + self.LAST_PATIENCE_S, hurried=False)
        await self._killed(first)

    async def _gone(self, stage: dict[Child, asyncio.Task[None]], until_s: float, *, hurried: bool = True) -> None:
        """Wait until all of a stage are gone, the time is over, or somebody is impatient."""
        left_s = max(0.0, until_s - asyncio.get_running_loop().time())
        gone = asyncio.ensure_future(asyncio.wait(stage.values())) if stage else None
        if gone is None:
            return
        impatient = asyncio.ensure_future(self._impatient.wait())
        try:
            await asyncio.wait(
                {gone, impatient} if hurried else {gone}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            gone.cancel()
            impatient.cancel()

    async def _killed(self, *stages: dict[Child, asyncio.Task[None]]) -> None:
        tasks: Iterable[asyncio.Task[None]] = [task for stage in stages for task in stage.values()]
        for stage in stages:
            for child, task in stage.items():
                if not task.done():
                    self.say(f"{child.program.name} did not end in time and is killed")
                    child.kill()
        if tasks:
            await asyncio.wait(tasks)
