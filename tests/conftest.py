"""What every test may ask for: a real Redis, and a corner of it that is the test's own."""

import itertools
from collections.abc import Iterator

import pytest
from redis import Redis

from tests.kit.redis import running_redis

PREFIXES = (f"test{number}" for number in itertools.count(1))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The address of a real server, started for this run where the settings expect it."""
    from django.conf import settings

    with running_redis(settings.DATA_DIR) as url:
        yield url


@pytest.fixture
def redis(redis_server: str, settings) -> Iterator[Redis]:
    """The real Redis, under a prefix that is this test's own and emptied after it."""
    prefix = settings.REDIS_PREFIX = next(PREFIXES)
    layer = settings.CHANNEL_LAYERS["default"]
    settings.CHANNEL_LAYERS = {
        "default": layer | {"CONFIG": layer["CONFIG"] | {"hosts": [redis_server], "prefix": f"{prefix}:layer:"}}
    }
    with Redis.from_url(redis_server) as client:
        yield client
        for key in client.scan_iter(match=f"{prefix}:*", count=1000):
            client.delete(key)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Keep the database's name under pytest-xdist: each of its processes has a DATA_DIR of its own already."""
