"""Recorded trades over REST."""

import pytest

from tests.kit.builders import pair_row, trade
from tests.kit.record import ids, recorded, run_of

pytestmark = pytest.mark.django_db
FOREVER = "public, max-age=31536000, immutable"


def test_a_trade_is_plain(get):
    recorded([trade("142.10", qty="0.500", at=1_790_000_000_123, seq=1)])
    (row,) = get("SOLUSDT/trades/").json()["results"]
    assert row == {"id": 1, "price": "142.10", "qty": "0.500", "side": "buy", "time_ms": 1_790_000_000_123}


def test_a_tiny_price_has_no_exponent(get):
    recorded([trade("0.00001", qty="1", pair="DOGEUSDT")])
    assert get("DOGEUSDT/trades/").json()["results"][0]["price"] == "0.00001"


def test_a_hundred_of_the_newest_come_unless_told_otherwise(get):
    recorded(run_of(120))
    assert ids(get("SOLUSDT/trades/").json()["results"]) == list(range(21, 121))


def test_walking_up_from_the_first_trade_meets_each_once(get):
    recorded(run_of(25))
    seen, address = [], "SOLUSDT/trades/?after=0&limit=10"
    while address:
        body = get(address.removeprefix("http://testserver")).json()
        seen, address = seen + ids(body["results"]), body["next"]
    assert seen == list(range(1, 26))


def test_walking_back_from_the_newest_meets_each_once(get):
    recorded(run_of(25))
    seen, address = [], "SOLUSDT/trades/?limit=10"
    while address:
        body = get(address.removeprefix("http://testserver")).json()
        seen, address = ids(body["results"]) + seen, body["next"]
    assert seen == list(range(1, 26))


def test_a_walk_stays_within_what_was_asked_for(get):
    recorded(run_of(25))
    body = get("SOLUSDT/trades/?after=3&before=20&limit=10").json()
    assert ids(body["results"]) == list(range(4, 14))
    assert ids(get(body["next"].removeprefix("http://testserver")).json()["results"]) == list(range(14, 20))


def test_after_the_newest_there_is_nothing_yet(get):
    recorded(run_of(3))
    assert get("SOLUSDT/trades/?after=3").json() == {"results": [], "next": None}


@pytest.mark.parametrize(
    ("query", "final"),
    [
        ("after=2&before=6", True),
        ("after=2&before=9&limit=3", True),
        ("after=2", False),
        ("before=6", False),
        ("after=8&before=11", True),
        ("after=8&before=12", False),  # 11 is still to come
        ("after=7&before=12&limit=3", False),  # full, but `next` is still to come
        ("after=10&before=12", False),
    ],
)
def test_only_a_page_that_can_never_change_is_kept_for_ever(get, query, final):
    recorded(run_of(10))
    assert get(f"SOLUSDT/trades/?{query}")["Cache-Control"] == (FOREVER if final else "no-cache")


def test_a_pair_without_trades_has_an_empty_page(get):
    pair_row()
    assert get("SOLUSDT/trades/").json() == {"results": [], "next": None}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("start=5000", range(6, 11)),
        ("start=4001", range(6, 11)),
        ("end=5000", range(1, 6)),
        ("start=2000&end=4000", range(3, 5)),
        ("start=2000&end=4001", range(3, 6)),
        ("start=2500&end=2600", ()),
        ("start=99999999", ()),
        ("end=0", ()),
        ("start=2000&after=6", range(7, 11)),
        ("start=6000&after=2", range(7, 11)),
        ("start=2000&before=6", range(3, 6)),
        ("end=3000&after=8", ()),
        ("start=2000&end=9000&after=4&before=7", range(5, 7)),
        ("start=9223372036854775807", ()),
    ],
)
def test_a_span_of_time_holds_the_trades_of_that_time(get, query, expected):
    recorded(run_of(10))  # one a second, from 0 on
    assert ids(get(f"SOLUSDT/trades/?{query}").json()["results"]) == list(expected)


def test_a_walk_through_a_span_of_time_stays_in_it_while_more_is_traded(get):
    recorded(run_of(10))
    seen, address = [], "SOLUSDT/trades/?start=2000&end=20000&limit=3"
    while address:
        body = get(address.removeprefix("http://testserver")).json()
        seen, address = seen + ids(body["results"]), body["next"]
        if len(seen) == 3:
            recorded(run_of(15, at=10_000, first=11))
    assert seen == list(range(3, 21))


def test_a_walk_back_is_not_moved_by_what_is_traded_meanwhile(get):
    recorded(run_of(10))
    seen, address = [], "SOLUSDT/trades/?limit=4"
    while address:
        body = get(address.removeprefix("http://testserver")).json()
        seen, address = ids(body["results"]) + seen, body["next"]
        recorded(run_of(5, at=20_000, first=1 + get("SOLUSDT/trades/?limit=1").json()["results"][0]["id"]))
    assert seen == list(range(1, 11))


@pytest.mark.parametrize(
    ("query", "final"),
    [
        ("start=2000&end=4000", True),
        ("start=2000&end=9000", True),  # the newest trade happened then, and none that comes is older
        ("start=2000&end=9001", False),
        ("start=2500&end=2600", True),
        ("start=2000&end=9000&limit=3", True),
        ("start=2000", False),
        ("end=4000", False),
        ("start=99000&end=99999", False),
    ],
)
def test_only_a_span_that_is_over_is_kept_for_ever(get, query, final):
    recorded(run_of(10))
    assert get(f"SOLUSDT/trades/?{query}")["Cache-Control"] == (FOREVER if final else "no-cache")
