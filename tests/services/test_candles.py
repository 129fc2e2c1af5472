"""The law of recorded candles: whatever part is read equals that part of the fold of all trades."""

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.builders import pair_row, trade
from tests.kit.record import recorded, run_of
from ticker.bus.latest import Head
from ticker.market.candles import DAY, HOUR, INTERVALS, MINUTE, SECOND, fill, fold, index_of, open_of
from ticker.models import Candle
from ticker.services import candles

pytestmark = pytest.mark.django_db
START = int(datetime(2026, 1, 30, 23, 58, tzinfo=UTC).timestamp()) * 1000  # soon a new hour, day, week and month


@st.composite
def markets(draw):
    """An interval, and trades with gaps from none to a few of its candles."""
    interval = draw(st.sampled_from(list(INTERVALS)))
    span = INTERVALS[interval] or 31 * DAY
    gaps = st.one_of(st.integers(0, 3), st.integers(0, span), st.integers(0, 4 * span))
    at, trades = START, []
    for seq in range(1, draw(st.integers(1, 25)) + 1):
        at += draw(gaps)
        ticks, steps = draw(st.integers(1, 30_000)), draw(st.integers(1, 10**9))
        trades.append(trade(f"{ticks}e-2", qty=f"{steps}e-3", at=at, seq=seq))
    return interval, trades, at + draw(st.integers(0, 3 * span))


@given(markets(), st.data())
@settings(max_examples=120, deadline=None)
def test_any_part_of_any_interval_equals_that_part_of_the_fold(market, data):
    interval, trades, now_ms = market
    everything = list(fill(fold(trades, interval), interval, now_ms + 1))
    moments = st.none() | st.integers(START - DAY, now_ms + DAY) | st.sampled_from(everything).map(lambda c: c.open_ms)
    start_ms, end_ms, limit = data.draw(moments), data.draw(moments), data.draw(st.integers(1, 30))
    first = 0 if start_ms is None else open_of(index_of(start_ms, interval), interval)
    stop = 2**63 if end_ms is None else open_of(index_of(end_ms, interval), interval)
    part = [candle for candle in everything if first <= candle.open_ms < stop]
    expected = part[-limit:] if start_ms is None else part[:limit]
    with transaction.atomic():
        pair = recorded(trades)
        found = candles.read(pair, interval, start_ms=start_ms, end_ms=end_ms, limit=limit, now_ms=now_ms)
        transaction.set_rollback(True)
    assert [candle for candle, _ in found] == expected
    for candle, closed in found:  # without word from the feed, the newest trade is the end of what is known
        ends_ms = open_of(index_of(candle.open_ms, interval) + 1, interval)
        assert closed == (ends_ms <= trades[-1].time_ms)


@given(markets(), st.integers(1, 7))
@settings(max_examples=40, deadline=None)
def test_pages_read_one_after_the_other_are_the_whole(market, limit):
    interval, trades, now_ms = market
    everything = list(fill(fold(trades, interval), interval, now_ms + 1))
    forward, backward = [], []
    with transaction.atomic():
        pair = recorded(trades)
        start_ms, end_ms = 0, None
        while start_ms is not None:
            page = candles.page(pair, interval, start_ms=start_ms, limit=limit, now_ms=now_ms)
            forward, start_ms = forward + page.candles, page.next_ms
        while True:
            page = candles.page(pair, interval, end_ms=end_ms, limit=limit, now_ms=now_ms)
            backward, end_ms = page.candles + backward, page.before_ms
            if end_ms is None:
                break
        transaction.set_rollback(True)
    assert [candle for candle, _ in forward] == [candle for candle, _ in backward] == everything


def test_a_quiet_pair_has_candles_until_now_that_carry_the_last_close():
    pair = recorded([trade("142.00", at=0)])
    found = candles.read(pair, "1m", now_ms=3 * MINUTE + 5)
    assert [(candle.open_ms, candle.close, candle.trades) for candle, _ in found] == [
        (0, 142, 1),
        (MINUTE, 142, 0),
        (2 * MINUTE, 142, 0),
        (3 * MINUTE, 142, 0),
    ]


def test_a_pair_without_a_record_has_no_candles():
    assert candles.read(pair_row(), "1m", now_ms=HOUR) == []


def test_the_clock_alone_closes_no_candle():
    pair = recorded([trade("142.00", at=0)])
    assert [closed for _, closed in candles.read(pair, "1m", now_ms=2 * MINUTE)] == [False, False, False]


@pytest.mark.parametrize(("published", "closed"), [(1, [True, True, False]), (2, [False, False, False])])
def test_the_word_of_the_feed_closes_candles_once_all_that_it_published_is_recorded(monkeypatch, published, closed):
    pair = recorded([trade("142.00", at=0)])
    head = Head("e", published, time_ms=2 * MINUTE + 1, trade_ms=0, ticker_seq=1, ticker=None, board=b"")
    monkeypatch.setattr(candles.latest, "heads", lambda symbols: {"SOLUSDT": head})
    assert [closed for _, closed in candles.read(pair, "1m", now_ms=2 * MINUTE + 2)] == closed


def test_a_clock_that_lags_behind_the_trades_hides_none():
    pair = recorded([trade("142.00", at=0), trade("143.00", at=5 * MINUTE, seq=2)])
    assert len(candles.read(pair, "1m", now_ms=MINUTE)) == 6


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize(("start_ms", "end_ms"), [(2**63 - 1, None), (None, 2**63 - 1), (0, 1), (None, 0)])
def test_bounds_at_the_ends_of_time_are_no_calendar_dates(interval, start_ms, end_ms):
    pair = recorded([trade("142.00", at=START)])
    found = candles.read(pair, interval, start_ms=start_ms, end_ms=end_ms, now_ms=START)
    assert len(found) == (1 if end_ms == 2**63 - 1 else 0)


def test_only_a_page_whose_trades_are_all_recorded_is_final():
    pair = recorded(run_of(10, every_ms=MINUTE))
    until = [candles.page(pair, "1m", end_ms=number * MINUTE, now_ms=HOUR).final for number in (8, 9, 10)]
    assert until == [True, True, False]
    assert not candles.page(pair, "1m", now_ms=HOUR).final


def plans_of(read):
    """How the database finds the rows of each query of `read`."""
    with CaptureQueriesContext(connection) as said:
        read()
    is_postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if is_postgres:
            cursor.execute("SET LOCAL enable_seqscan = off")  # a small table would be scanned though it has an index
        for query in said.captured_queries:
            if "ticker_candle" in query["sql"] or "ticker_trade" in query["sql"]:
                cursor.execute(f"EXPLAIN {'' if is_postgres else 'QUERY PLAN '}{query['sql']}")
                yield query["sql"], " / ".join(row[-1] for row in cursor.fetchall())


@pytest.mark.parametrize("interval", ["1s", "1m", "15m", "1h", "1M"])
def test_reading_searches_indexes_and_scans_no_table(interval):
    pair = recorded(run_of(30, every_ms=10 * SECOND))
    plans = list(plans_of(lambda: candles.read(pair, interval, start_ms=60_500, limit=3, now_ms=HOUR)))
    assert plans
    for sql, plan in plans:
        assert "SEARCH" in plan or "Index" in plan, (sql, plan)
        assert "SCAN" not in plan and "Seq Scan" not in plan, (sql, plan)


def test_reading_costs_the_same_however_long_the_record_is():
    pair = recorded(run_of(5))
    Candle.objects.bulk_create(
        Candle(
            pair=pair,
            interval="1m",
            open_ms=number * MINUTE,
            **dict.fromkeys(("open_ticks", "high_ticks", "low_ticks", "close_ticks"), 14_200),
            volume_steps=1,
            quote_units=14_200,
            trades=1,
        )
        for number in range(1, 3_000)
    )
    with CaptureQueriesContext(connection) as said:
        found = candles.read(pair, "5m", limit=10, now_ms=3_000 * MINUTE)
    assert len(found) == 10
    assert len(said) <= 6
