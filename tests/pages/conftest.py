"""Pages as a browser without scripts gets them."""

import time
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from tests.kit.record import recorded, run_of
from ticker.market.candles import MINUTE, open_at
from ticker.models import Pair


@pytest.fixture(autouse=True)
def nothing_cached() -> Iterator[None]:
    """Sparklines are kept for a while: each test has its own."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def page(client: Client, db: None) -> Callable[[str], str]:
    """The HTML at an address that answers 200."""

    def ask(address: str) -> str:
        response = client.get(address)
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    return ask


@pytest.fixture
def sol(db: None) -> Pair:
    """SOL/USDT with ninety trades in its record, from two whole minutes ago on."""
    minute_ms = open_at(time.time_ns() // 1_000_000, "1m")
    return recorded(run_of(90, at=minute_ms - 2 * MINUTE))
