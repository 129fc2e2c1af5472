"""One TradeDash per DATA_DIR: two would write the same database and the same append-only file."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class Taken(Exception):
    """Another process holds this DATA_DIR."""


@contextlib.contextmanager
def held(data_dir: Path) -> Iterator[bool]:
    """Hold the DATA_DIR while the block runs; gives whether the holder before us was killed rather than ended.

    The kernel lets go of the lock however we end. Raises Taken, naming the other process.
    """
    with os.fdopen(os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Taken(
                f"DATA_DIR={str(data_dir)!r}: TradeDash already runs there (process {file.read().strip() or '?'}); "
                "stop it, or choose another DATA_DIR"
            ) from None
        killed = bool(file.read().strip())
        _write(file.fileno(), str(os.getpid()))
        try:
            yield killed
        finally:
            _write(file.fileno(), "")


def _write(fd: int, text: str) -> None:
    os.ftruncate(fd, 0)
    os.pwrite(fd, text.encode(), 0)
