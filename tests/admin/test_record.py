"""Staff look at trades and candles: read only, and along an index however many there are."""

import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.kit.builders import pair_row
from ticker.admin.record import MOST, span_of
from ticker.market.candles import DAY, HOUR, MINUTE
from ticker.models import Candle, Trade

pytestmark = pytest.mark.django_db
START = 1_790_000_000_000 // DAY * DAY  # 2026-09-21
MANY = 100_000
TRADES, CANDLES = "/admin/ticker/trade/", "/admin/ticker/candle/"


@pytest.fixture(scope="module")
def crowd(django_db_setup, django_db_blocker):
    """Two hundred thousand trades of two pairs, one a second, and three thousand minutes; made once."""
    with django_db_blocker.unblock():
        pairs = [pair_row("SOLUSDT"), pair_row("BTCUSDT", position=1)]
        with transaction.atomic(), connection.cursor() as cursor:
            for pair in pairs:
                cursor.executemany(
                    "INSERT INTO ticker_trade (pair_id, seq, price_ticks, qty_steps, side, time_ms) "
                    "VALUES (%s, %s, 14200, 7, 'buy', %s)",
                    ((pair.pk, seq, START + seq * 1_000) for seq in range(1, MANY + 1)),
                )
                cursor.executemany(
                    "INSERT INTO ticker_candle (pair_id, interval, open_ms, open_ticks, high_ticks, low_ticks, "
                    "close_ticks, volume_steps, quote_units, trades) VALUES (%s, '1m', %s, 1, 2, 1, 2, 3, 4, 5)",
                    ((pair.pk, START + number * MINUTE) for number in range(3_000)),
                )
        yield pairs
        Trade.objects.all().delete()
        Candle.objects.all().delete()
        for pair in pairs:
            pair.delete()


def plans(staff, address):
    """The page, and how the database finds the rows of each query on the record."""
    with CaptureQueriesContext(connection) as said:
        page = staff.get(address)
    assert page.status_code == 200, page
    record = [query["sql"] for query in said if re.search(r'FROM "ticker_(trade|candle)"', query["sql"])]
    with connection.cursor() as cursor:
        for number, sql in enumerate(record):
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            record[number] = (sql, " / ".join(row[3] for row in cursor.fetchall()))
    return page, record


@pytest.mark.parametrize(
    "address",
    [
        TRADES,
        f"{TRADES}?pair=BTCUSDT",
        f"{TRADES}?pair=BTCUSDT&p=40",
        f"{TRADES}?q=77777",
        f"{TRADES}?q=2026-09-21+03",
        f"{TRADES}?q=2026-09-21+03:05..2026-09-21+23:59",
        f"{TRADES}?o=1.-3.2",
        f"{TRADES}?_facets=1",
        CANDLES,
        f"{CANDLES}?pair=BTCUSDT&interval=1h",
        f"{CANDLES}?q=2026-09-21",
        f"{CANDLES}?o=4",
    ],
)
def test_no_list_counts_or_scans_or_sorts_the_table(staff, crowd, address):
    _, record = plans(staff, address)
    assert record
    for sql, plan in record:
        assert "COUNT(" not in sql or f"LIMIT {MOST}" in sql, sql
        assert "DISTINCT" not in sql
        # Sorting is fine for the one row with a number, and among trades of the same millisecond.
        sorts = "TEMP B-TREE FOR ORDER BY" in plan and "seq=?" not in plan
        assert not sorts and "SCAN ticker_" not in plan, (sql, plan)


def test_the_newest_trades_of_a_pair_come_first(staff, crowd):
    page, _ = plans(staff, f"{TRADES}?pair=BTCUSDT")
    found = page.context["cl"].result_list
    assert [trade.seq for trade in found] == list(range(MANY, MANY - 100, -1))
    assert {str(trade.pair) for trade in found} == {"BTC/USDT"}


def test_without_a_choice_the_first_pair_is_shown(staff, crowd):
    page, _ = plans(staff, TRADES)
    assert {str(trade.pair) for trade in page.context["cl"].result_list} == {"SOL/USDT"}


def test_no_more_is_counted_than_one_can_page_to(staff, crowd):
    page, _ = plans(staff, TRADES)
    assert page.context["cl"].result_count == MOST


def test_a_list_asks_the_same_few_questions_however_many_rows_it_shows(staff, crowd):
    _, record = plans(staff, TRADES)
    assert len(record) == 2


def test_a_trade_is_found_by_its_number(staff, crowd):
    page, _ = plans(staff, f"{TRADES}?q=77777")
    assert [trade.seq for trade in page.context["cl"].result_list] == [77_777]


def test_trades_are_found_by_their_minute(staff, crowd):
    page, _ = plans(staff, f"{TRADES}?q=2026-09-21+03:05")
    first = (3 * HOUR + 5 * MINUTE) // 1_000
    assert [trade.seq for trade in page.context["cl"].result_list] == list(range(first + 59, first - 1, -1))


def test_candles_are_found_by_their_hour(staff, crowd):
    page, _ = plans(staff, f"{CANDLES}?q=2026-09-22T01")
    found = page.context["cl"].result_list
    assert [candle.open_ms for candle in found] == [START + DAY + HOUR + n * MINUTE for n in range(59, -1, -1)]


@pytest.mark.parametrize("words", ["99999999999999999999", "-1", "' OR 1=1", "2026-13-45", "yesterday", "..", "٣"])
@pytest.mark.parametrize("address", [TRADES, CANDLES])
def test_a_search_for_what_cannot_be_finds_nothing(staff, crowd, address, words):
    page = staff.get(address, {"q": words})
    assert (page.status_code, len(page.context["cl"].result_list)) == (200, 0)


def test_a_filter_made_up_by_hand_is_refused(staff, crowd):
    assert staff.get(f"{TRADES}?price_ticks__gt=5").status_code == 400


def test_a_pair_that_there_is_not_shows_the_first(staff, crowd):
    assert staff.get(f"{TRADES}?pair=NOPE").context["cl"].result_list[0].pair.symbol == "SOLUSDT"


@pytest.mark.parametrize(("model", "address"), [(Trade, TRADES), (Candle, CANDLES)])
def test_the_record_is_shown_in_full_and_cannot_be_touched(staff, crowd, model, address):
    row = model.objects.first()
    page = staff.get(f"{address}{row.pk}/change/")
    assert "SOL/USDT" in page.content.decode()
    assert 'name="_save"' not in page.content.decode()
    for request in (
        staff.get(f"{address}add/"),
        staff.post(f"{address}add/", {}),
        staff.post(f"{address}{row.pk}/change/", {"seq": 5}),
        staff.post(f"{address}{row.pk}/delete/", {"post": "yes"}),
    ):
        assert request.status_code == 403


@pytest.mark.parametrize(
    ("words", "length_ms"),
    [
        ("2026-09-21", DAY),
        ("2026-09-21 14", HOUR),
        ("2026-09-21T14:05", MINUTE),
        ("2026-09-21 14:05:59Z", 1_000),
        ("2026-09-21 .. 2026-09-22", 2 * DAY),
    ],
)
def test_a_time_names_a_span(words, length_ms):
    opened, closed = span_of(words)
    assert closed - opened == length_ms
