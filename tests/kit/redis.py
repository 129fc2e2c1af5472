"""A real Redis server for tests, started exactly as `make run` starts it, and killed where a test says so."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import BusyLoadingError, ConnectionError

from tradedash import redis_server


class RedisServer:
    """The server of one DATA_DIR: what it was told is in its append-only file, and there again when it comes back."""

    def __init__(self, data_dir: Path) -> None:
        self.url = redis_server.url_of(redis_server.prepare(data_dir))
        self._data_dir, self._log = data_dir, data_dir / "redis.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait for its first answer. Fails with its own words."""
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                redis_server.command(self._data_dir), stdout=log, stderr=log, start_new_session=True
            )
        with Redis.from_url(self.url) as client:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and self._process.poll() is None:
                with suppress(ConnectionError, BusyLoadingError):
                    if client.ping():
                        return
                time.sleep(0.02)  # between two questions: a unix socket cannot be waited for
        raise RuntimeError(f"Redis did not start:\n{self._log.read_text()}")

    def kill(self) -> None:
        """As `kill -9` does it; returns when it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def running_redis(data_dir: Path) -> Iterator[str]:
    """A server for this DATA_DIR while the block runs; gives its URL."""
    server = RedisServer(data_dir)
    try:
        server.start()
        yield server.url
    finally:
        server.stop()
