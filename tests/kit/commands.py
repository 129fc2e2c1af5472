"""A command of `manage.py`, run to its end as a process of its own."""

import asyncio
import os
import sys
from pathlib import Path

from tests.kit.house import ROOT


async def manage(data_dir: Path, *words: str) -> str:
    """What the command prints; fails with it where the command fails."""
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tradedash.settings", "DATA_DIR": str(data_dir)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "manage.py",
        *words,
        cwd=ROOT,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()
