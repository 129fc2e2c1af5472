"""A real PostgreSQL for tests: a cluster of its own in a folder of its own, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.kit.ports import free_ports

BINARIES = [Path("/usr/lib/postgresql"), Path("/opt/homebrew/opt")]  # Debian keeps them off the PATH


class NoPostgres(Exception):
    """There is no server program on this machine."""


def program(name: str) -> str:
    """The newest such program of PostgreSQL. Raises NoPostgres."""
    found = shutil.which(name) or max(
        (str(path) for folder in BINARIES for path in folder.glob(f"*/bin/{name}")), default=None
    )
    if found is None:
        raise NoPostgres(f"no {name} found: install PostgreSQL (Debian: apt install postgresql)")
    return found


class Postgres:
    """A server on a loopback port that a test may end in any way it likes."""

    def __init__(self, *, is_durable: bool = False) -> None:
        self._fsync = "on" if is_durable else "off"  # off where processes are killed, and no machines
        initdb = program("initdb")
        self.folder = Path(tempfile.mkdtemp(prefix="tradedash-postgres-"))
        self.port = free_ports(1)
        # It refuses to run as root, so there it runs as the user that Debian's package made for it.
        self._user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._server: subprocess.Popen[bytes] | None = None
        self._run([initdb, "--pgdata", str(self.data), "--username=tradedash", "--auth=trust", "--no-sync"])

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"postgres://tradedash@127.0.0.1:{self.port}/tradedash"

    def start(self) -> None:
        """Start it, and wait until it answers; fails with its own words."""
        options = [
            f"fsync={self._fsync}",
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
        ]
        words = [program("postgres"), "-D", str(self.data), *(word for option in options for word in ("-c", option))]
        with (self.folder / "log").open("a") as log:
            self._server = subprocess.Popen(
                words, stdout=log, stderr=log, cwd="/", start_new_session=True, **self._as()
            )
        asks = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        deadline = time.monotonic() + 60
        while subprocess.run(asks, check=False).returncode:
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.05)  # between two questions

    def kill(self) -> None:
        """As `kill -9` of the server and of all that it has started."""
        if self._server and self._server.poll() is None:
            os.killpg(self._server.pid, 9)
            self._server.wait()

    def stop(self) -> None:
        """End it at once, and leave nothing behind."""
        if self._server and self._server.poll() is None:
            self._server.send_signal(3)  # immediate: nobody needs its files any more
            try:
                self._server.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _as(self) -> dict[str, int]:
        return {"user": self._user.pw_uid, "group": self._user.pw_gid} if self._user else {}

    def _run(self, words: list[str]) -> None:
        done = subprocess.run(words, capture_output=True, text=True, cwd="/", check=False, **self._as())
        if done.returncode:
            raise RuntimeError(f"{words[0]}: {done.stderr}")
