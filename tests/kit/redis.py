"""A real Redis server for tests, started exactly as `make run` starts it."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import BusyLoadingError, ConnectionError

from tradedash import redis_server


@contextmanager
def running_redis(data_dir: Path) -> Iterator[str]:
    """A server for this DATA_DIR while the block runs; gives its URL. Fails with the server's own words."""
    url = redis_server.url_of(redis_server.prepare(data_dir))
    with (
        (data_dir / "redis.log").open("w+") as log,
        subprocess.Popen(redis_server.command(data_dir), stdout=log, stderr=log, start_new_session=True) as server,
    ):
        try:
            _await_answer(url, server, data_dir / "redis.log")
            yield url
        finally:
            server.terminate()
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.kill()


def _await_answer(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    with Redis.from_url(url) as client:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and server.poll() is None:
            with suppress(ConnectionError, BusyLoadingError):
                if client.ping():
                    return
            time.sleep(0.02)  # between two questions: a unix socket cannot be waited for
    raise RuntimeError(f"Redis did not start:\n{log.read_text()}")
