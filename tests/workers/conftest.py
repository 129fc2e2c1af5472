"""Pairs to feed and record, and an event loop that leaves no connection behind."""

import pytest

from tests.kit.builders import pair_row
from tests.kit.fixtures import connected as connected
from tests.kit.fixtures import lease as lease
from ticker.models import Pair


@pytest.fixture
def pairs(transactional_db: None) -> list[Pair]:
    """Two pairs, committed, so that every thread sees them."""
    return [pair_row("SOLUSDT", position=0), pair_row("BTCUSDT", position=1)]
