"""The one place that opens Redis: a client for threads, a client for each event loop, and the names of keys."""

import asyncio
import functools
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import redis
import redis.asyncio
from django.conf import settings
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ticker.market.errors import Unavailable

# A Redis on the same network answers in milliseconds. Without an answer for so long it counts as away,
# and whoever asked says so instead of hanging.
TIMEOUT_S = 2.0

_of_loop: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis]" = weakref.WeakKeyDictionary()


def key(*parts: str) -> str:
    """The name of a key of this deployment: `tradedash:head:SOLUSDT`."""
    return ":".join((settings.REDIS_PREFIX, *parts))


@functools.cache
def _client(url: str) -> redis.Redis:
    # One quick retry: a connection that Redis closed while it lay idle in the pool is not an outage.
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(ExponentialBackoff(0.05, 0.01), 1)
    )


def client() -> redis.Redis:
    """The client for code that runs in threads; safe to share between them."""
    return _client(settings.REDIS_URL)


def aclient() -> redis.asyncio.Redis:
    """The client of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _of_loop:
        _of_loop[loop] = redis.asyncio.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=redis.asyncio.retry.Retry(ExponentialBackoff(0.05, 0.01), 1),
        )
    return _of_loop[loop]


async def aclose() -> None:
    """Close the connections of the running event loop."""
    opened = _of_loop.pop(asyncio.get_running_loop(), None)
    if opened is not None:
        await opened.aclose()


@contextmanager
def translated() -> Iterator[None]:
    """Say Unavailable where Redis is away, restarting, loading or full, instead of redis-py's many exceptions."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable(f"Redis does not answer: {error}") from error
