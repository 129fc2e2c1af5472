"""`make` on a machine that lacks something says what, before it does anything."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.house import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="these are promises of make")


def make(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=False)


def python(folder: Path, body: str) -> str:
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return str(program)


def test_a_python_that_is_too_old_is_named(tmp_path: Path):
    old = python(tmp_path, 'case "$1" in -V) echo Python 3.9.2;; *) exit 1;; esac')
    ended = make("setup", f"PYTHON={old}", f"VENV={tmp_path}/venv")
    assert ended.returncode != 0
    assert f"error: TradeDash needs Python 3.11 or newer, {old} is Python 3.9.2" in ended.stdout


def test_a_machine_without_python_is_told(tmp_path: Path):
    ended = make("run", "PYTHON=no-such-python", f"VENV={tmp_path}/venv")
    assert ended.returncode != 0
    assert "error: no-such-python not found: TradeDash needs Python 3.11 or newer" in ended.stdout


def test_browser_tests_that_cannot_run_are_said_loudly_and_fail_where_they_must(tmp_path: Path):
    (tmp_path / ".dev").touch()
    words = ("browser", "CHROMIUM=", f"VENV={tmp_path}", "-o", f"{tmp_path}/.dev")
    may_be_absent = make(*words, "REQUIRE_BROWSER=")  # whatever this run itself demands
    assert "NO CHROMIUM FOUND" in may_be_absent.stdout
    assert may_be_absent.returncode == 0
    assert make(*words, "REQUIRE_BROWSER=1").returncode != 0


def test_help_names_every_word():
    said = make("help").stdout
    assert [
        word for word in ("setup", "run", "test", "check", "browser", "lock") if f"\n{word} " not in f"\n{said}"
    ] == []
