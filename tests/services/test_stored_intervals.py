"""A database from before seconds, quarters and days were stored gets them from what it has."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.kit.record import recorded, run_of
from ticker.market.candles import fold
from ticker.market.rows import STORED
from ticker.models import Candle
from ticker.services import folding

BEFORE = ("ticker", "0002_accounts_and_announcements")


def migrate_to(*targets):
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets) or executor.loader.graph.leaf_nodes())


@pytest.fixture
def old_record(transactional_db):
    """The record of a pair with minutes and hours only."""
    run = run_of(400, at=1_790_000_000_000, every_ms=97_000)
    pair = recorded(run)
    recorded(run_of(50, at=1_790_000_000_000, pair="BTCUSDT"))
    migrate_to(BEFORE)
    try:
        yield pair, run
    finally:
        migrate_to()


def test_they_are_the_fold_of_its_trades(old_record):
    pair, run = old_record
    assert set(Candle.objects.values_list("interval", flat=True)) == {"1m", "1h"}
    migrate_to()
    for interval in STORED:
        stored = [row.value for row in pair.candles.filter(interval=interval).order_by("open_ms")]
        assert stored == list(fold(run, interval))
    assert [proof.wrong for proof in folding.prove(pair, repair=False)] == [0] * 6
