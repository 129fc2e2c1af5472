"""Staff look at trades and candles: read only, and along an index however many there are."""

import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.kit.builders import pair_row
from ticker.admin.record import span_of
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
        f"{TRADES}?pair=BTCUSDT&below=500",
        f"{TRADES}?pair=BTCUSDT&above=500",
        f"{TRADES}?at=2026-09-21",
        f"{TRADES}?pair=BTCUSDT&at=2026-09-21+03&below=11000",
        f"{TRADES}?q=77777",
        f"{TRADES}?q=2026-09-21+03",
        f"{TRADES}?q=2026-09-21+03:05..2026-09-21+23:59",
        f"{TRADES}?o=1.-3.2",
        f"{TRADES}?_facets=1",
        CANDLES,
        f"{CANDLES}?pair=BTCUSDT&interval=1h",
        f"{CANDLES}?q=2026-09-21",
        f"{CANDLES}?at=2026-09&below={START + DAY}",
        f"{CANDLES}?o=4",
    ],
)
def test_no_list_counts_or_scans_or_sorts_the_table(staff, crowd, address):
    _, record = plans(staff, address)
    assert record
    for sql, plan in record:
        assert "COUNT(" not in sql, sql
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


def walked(staff, address, way, most=2_000):
    """The keys of all rows, from page to page."""
    seen, links = [], set()
    while address and address not in links:
        links.add(address)
        changelist = staff.get(address).context["cl"]
        seen.append([getattr(row, changelist.model_admin.key) for row in changelist.result_list])
        link = getattr(changelist, way)
        address = address.partition("?")[0] + link if link else ""
    return seen


def test_older_pages_lead_to_the_first_row_and_newer_ones_back(staff, crowd):
    down = walked(staff, f"{TRADES}?pair=BTCUSDT&below=1050", "older")
    assert [seq for page in down for seq in page] == list(range(1_049, 0, -1))
    up = walked(staff, f"{TRADES}?pair=BTCUSDT&above={MANY - 1_050}", "newer")
    assert [seq for page in reversed(up) for seq in page] == list(range(MANY, MANY - 1_050, -1))


def test_the_newest_page_has_no_newer_one_and_the_oldest_no_older_one(staff, crowd):
    newest, oldest = (staff.get(f"{TRADES}?{query}").context["cl"] for query in ("", "below=101"))
    assert (bool(newest.newer), bool(newest.older)) == (False, True)
    assert (bool(oldest.newer), bool(oldest.older)) == (True, False)


@pytest.mark.parametrize("words", ["-1", "x", "", "9" * 30, "²"])
def test_a_page_that_cannot_be_is_the_newest(staff, crowd, words):
    assert staff.get(TRADES, {"below": words}).context["cl"].result_list[0].seq == MANY


def offered(page):
    (chosen,) = [spec for spec in page.context["cl"].filter_specs if spec.parameter_name == "at"]
    return [part for part, _ in chosen.lookup_choices]


def test_time_is_narrowed_down_from_days_to_hours(staff, crowd):
    assert offered(staff.get(TRADES)) == ["2026-09-21", "2026-09-22"]  # the only year and month are no choice
    day = staff.get(f"{TRADES}?at=2026-09-22")
    assert offered(day) == ["2026-09-22 00", "2026-09-22 01", "2026-09-22 02", "2026-09-22 03"]
    assert day.context["cl"].result_list[-1].seq >= DAY // 1_000
    hour = staff.get(f"{TRADES}?at=2026-09-22+01&above={(DAY + HOUR) // 1_000 - 1}")
    assert hour.context["cl"].result_list[-1].seq == (DAY + HOUR) // 1_000
    assert staff.get(f"{TRADES}?at=2026-10").context["cl"].result_count == 0


@pytest.mark.parametrize(
    "words", ["2026-13", "20x6", "0000", "9999-12-31 25", "2026-09-21 03:00 .. nonsense", "yesterday"]
)
def test_a_time_that_cannot_be_is_empty(staff, crowd, words):
    page = staff.get(TRADES, {"at": words})
    assert (page.status_code, page.context["cl"].result_count) == (200, 0)


@pytest.mark.parametrize(
    ("address", "link"),
    [
        (TRADES, "/api/v1/pairs/SOLUSDT/trades.csv?"),
        (
            f"{TRADES}?pair=BTCUSDT&at=2026-09-22",
            f"/api/v1/pairs/BTCUSDT/trades.csv?start={START + DAY}&end={START + 2 * DAY}",
        ),
        (
            f"{CANDLES}?q=2026-09-21+03:05",
            f"/api/v1/pairs/SOLUSDT/candles.csv?interval=1s&start={START + 3 * HOUR + 5 * MINUTE}&end={START + 3 * HOUR + 6 * MINUTE}",
        ),
        (f"{CANDLES}?interval=1m", "/api/v1/pairs/SOLUSDT/candles.csv?interval=1m"),
    ],
)
def test_what_is_listed_is_had_as_a_file(staff, crowd, address, link):
    page = staff.get(address)
    assert page.context["cl"].csv == link
    assert f'href="{link.replace("&", "&amp;")}"' in page.content.decode()


def test_a_list_asks_the_same_few_questions_however_many_rows_it_shows(staff, crowd):
    _, record = plans(staff, TRADES)
    assert len(record) == 3  # the page, and the two ends of time


def test_a_trade_is_found_by_its_number(staff, crowd):
    page, _ = plans(staff, f"{TRADES}?q=77777")
    assert [trade.seq for trade in page.context["cl"].result_list] == [77_777]


def test_trades_are_found_by_their_minute(staff, crowd):
    page, _ = plans(staff, f"{TRADES}?q=2026-09-21+03:05")
    first = (3 * HOUR + 5 * MINUTE) // 1_000
    assert [trade.seq for trade in page.context["cl"].result_list] == list(range(first + 59, first - 1, -1))


def test_candles_are_found_by_their_hour(staff, crowd):
    page, _ = plans(staff, f"{CANDLES}?interval=1m&q=2026-09-22T01")
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
        ("2026-09", 30 * DAY),
        ("2026-12", 31 * DAY),
        ("2024", 366 * DAY),
    ],
)
def test_a_time_names_a_span(words, length_ms):
    opened, closed = span_of(words)
    assert closed - opened == length_ms
