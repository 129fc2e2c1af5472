"""The supervisor never waits for whoever reads what it prints."""

import subprocess
import sys


def run(body: str) -> "subprocess.Popen[bytes]":
    code = f"from tradedash.console import Console\nconsole = Console()\n{body}"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_lines_come_in_order_and_all_before_the_end():
    told, _ = run("for n in range(1000): console.say(str(n))\nconsole.close(30)").communicate(timeout=60)
    assert told.decode().split() == [str(number) for number in range(1000)]


def test_a_reader_that_has_gone_does_no_harm():
    program = run("for n in range(50_000): console.say('x' * 100)\nconsole.close(30)")
    assert program.stdout and program.stderr
    program.stdout.close()
    with program.stderr as complaints:
        assert complaints.read() == b""
    assert program.wait(60) == 0


def test_a_reader_that_does_not_read_holds_nobody_up():
    program = run("import os\nfor n in range(50_000): console.say('x' * 100)\nos.write(2, b'went on')\nos._exit(0)")
    assert program.stdout and program.stderr
    with program.stdout, program.stderr as told:
        assert told.read() == b"went on"
    assert program.wait(60) == 0
