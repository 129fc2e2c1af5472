"""The supervisor, with small real programs: what dies starts again, what ends ends in order, nothing is left."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from tradedash import supervisor as supervision
from tradedash.supervisor import Program, Supervisor


class Told:
    """What a supervisor said, and a way to wait for a line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.news = asyncio.Condition()

    def say(self, line: str) -> None:
        self.lines.append(line)
        asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        async with self.news:
            self.news.notify_all()

    async def hear(self, part: str, count: int = 1) -> list[str]:
        """The first `count` lines that contain this part; waits for them."""
        async with asyncio.timeout(30), self.news:
            await self.news.wait_for(lambda: sum(part in line for line in self.lines) >= count)
        return [line for line in self.lines if part in line][:count]


@pytest.fixture
async def told() -> Told:
    return Told()


@pytest.fixture
async def supervisor(told: Told) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(told.say)
    yield supervisor
    await supervisor.end()


def program(name: str, body: str, **options: object) -> Program:
    text = f"import os, signal, sys, time\nprint('up', os.getpid(), flush=True)\n{body}"
    return Program(name, [sys.executable, "-c", text], **options)  # type: ignore[arg-type]


WAITS = "time.sleep(600)"
POLITE = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye', flush=True)))\nprint('polite', flush=True)\ntime.sleep(600)"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(600)"


def pid_of(line: str) -> int:
    return int(line.split()[-1])


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").is_dir() else True


async def gone(pid: int) -> None:
    async with asyncio.timeout(30):
        while lives(pid):
            await asyncio.sleep(0.02)


async def test_lines_carry_the_name_of_their_program(supervisor: Supervisor, told: Told):
    supervisor.start(program("one", WAITS), program("two", WAITS))
    assert [line.split(" ")[:3] for line in sorted(await told.hear("up", 2))] == [
        ["one", "|", "up"],
        ["two", "|", "up"],
    ]


async def test_a_program_that_is_killed_starts_again_and_it_is_said(supervisor: Supervisor, told: Told):
    supervisor.start(program("one", WAITS))
    [first] = await told.hear("up")
    os.kill(pid_of(first), signal.SIGKILL)
    assert pid_of((await told.hear("up", 2))[1]) != pid_of(first)
    assert "one was ended by SIGKILL; starting it again in 0.2 s" in told.lines


async def test_pauses_grow_while_a_program_keeps_dying(supervisor: Supervisor, told: Told):
    supervisor.start(program("one", "sys.exit(3)"))
    said = await told.hear("starting it again", 3)
    assert said == [f"one ended with 3; starting it again in {pause:g} s" for pause in (0.2, 0.4, 0.8)]


async def test_pauses_are_short_again_after_a_steady_life(
    supervisor: Supervisor, told: Told, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(supervision, "STEADY_S", 0.0)
    supervisor.start(program("one", "sys.exit(3)"))
    said = await told.hear("starting it again", 3)
    assert said == ["one ended with 3; starting it again in 0.2 s"] * 3


async def test_a_program_that_runs_once_is_not_started_again(supervisor: Supervisor, told: Told):
    [child] = supervisor.start(program("once", "sys.exit(7)"), again=False)
    assert await supervisor.ended(child) == 7
    assert not any("starting it again" in line for line in told.lines)


async def test_a_program_that_does_not_exist_is_named(supervisor: Supervisor, told: Told):
    [child] = supervisor.start(Program("none", ["/nowhere/none"]), again=False)
    assert await supervisor.ended(child) != 0
    assert any("/nowhere/none: No such file or directory" in line for line in told.lines)


async def test_the_last_to_start_are_the_first_to_end(supervisor: Supervisor, told: Told):
    for name in ("redis", "record", "simulate"):
        supervisor.start(program(name, POLITE))
    supervisor.start(program("daphne-1", POLITE), program("daphne-2", POLITE))
    await told.hear("polite", 5)
    pids = [pid_of(line) for line in await told.hear("up", 5)]
    await supervisor.end()
    order = [line.split(" ")[0] for line in told.lines if line.endswith("bye")]
    assert sorted(order[:2]) == ["daphne-1", "daphne-2"]
    assert order[2:] == ["simulate", "record", "redis"]
    assert not any(lives(pid) for pid in pids)


async def test_what_does_not_end_is_killed_and_the_others_still_end_orderly(
    supervisor: Supervisor, told: Told, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Supervisor, "PATIENCE_S", 0.5)
    supervisor.start(program("redis", POLITE))
    supervisor.start(program("deaf", STUBBORN))
    [deaf] = await told.hear("deaf | up")
    await told.hear("deaf | deaf")
    await told.hear("redis | polite")
    await supervisor.end()
    assert "deaf did not end in time and is killed" in told.lines
    assert "redis | bye" in told.lines
    assert not lives(pid_of(deaf))


async def test_whoever_asks_twice_does_not_wait(supervisor: Supervisor, told: Told):
    supervisor.start(program("redis", POLITE))
    supervisor.start(program("deaf", STUBBORN))
    await told.hear("deaf | deaf")
    await told.hear("redis | polite")
    supervisor.hurry()
    async with asyncio.timeout(Supervisor.PATIENCE_S):
        await supervisor.end()
    assert "redis | bye" in told.lines


async def test_a_line_without_end_does_not_stop_the_reading(
    supervisor: Supervisor, told: Told, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(supervision, "LINE_BYTES", 1000)
    supervisor.start(program("one", "print('x' * 100_000)\nprint('after', flush=True)\n" + WAITS))
    await told.hear("one | after")


async def test_inherited_sockets_arrive(supervisor: Supervisor, told: Told):
    read, write = os.pipe()
    try:
        supervisor.start(program("one", f"os.write({write}, b'here')", fds=(write,)), again=False)
        assert await asyncio.to_thread(os.read, read, 4) == b"here"
    finally:
        os.close(read)
        os.close(write)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
async def test_a_supervisor_killed_with_9_leaves_nothing_behind():
    body = (
        "import asyncio, sys\n"
        "from tradedash.supervisor import Program, Supervisor\n"
        "async def main():\n"
        "    say = lambda line: print(line, flush=True)\n"
        "    child = Program('child', [sys.executable, '-c', 'import os, time; print(os.getpid(), flush=True); time.sleep(600)'])\n"
        "    Supervisor(say).start(child)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", body, stdout=asyncio.subprocess.PIPE)
    try:
        assert parent.stdout
        async with asyncio.timeout(30):
            child = pid_of((await parent.stdout.readline()).decode())
        assert lives(child)
    finally:
        with suppress(ProcessLookupError):
            parent.kill()
        await parent.wait()
    await gone(child)
