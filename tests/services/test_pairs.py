"""Which pairs there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.kit.builders import pair_row
from ticker.market.errors import BadRequest, NotFound
from ticker.market.pairs import PairStatus
from ticker.models import Pair
from ticker.services import pairs

pytestmark = pytest.mark.django_db


def test_missing_pairs_are_made_in_the_order_given():
    pairs.ensure(["ETHUSDT", "SOLUSDT"])
    assert [pair.symbol for pair in pairs.shown()] == ["ETHUSDT", "SOLUSDT"]


def test_a_pair_that_exists_keeps_what_staff_have_set():
    pair_row("SOLUSDT", rate=99.0, status=PairStatus.HALTED)
    pairs.ensure(["BTCUSDT", "SOLUSDT"])
    sol = pairs.get("SOLUSDT")
    assert (sol.rate, sol.status, sol.position) == (99.0, "halted", 1)


def test_a_delisted_pair_is_listed_again_when_it_is_wanted():
    pair_row("SOLUSDT", status=PairStatus.DELISTED)
    pairs.ensure(["SOLUSDT"])
    assert pairs.get("SOLUSDT").status == "open"


def test_listing_only_some_delists_the_others_and_keeps_their_record():
    pairs.ensure(["SOLUSDT", "BTCUSDT"])
    pairs.list_only(["BTCUSDT"])
    assert [pair.symbol for pair in pairs.shown()] == ["BTCUSDT"]
    assert Pair.objects.filter(symbol="SOLUSDT", status="delisted").exists()


def test_ensuring_a_pair_writes_nothing_that_belongs_to_the_recorder():
    pair_row("SOLUSDT")
    with CaptureQueriesContext(connection) as said:
        pairs.ensure(["SOLUSDT"])
    updates = [query["sql"] for query in said if query["sql"].startswith("UPDATE")]
    assert updates and not any("recorded_seq" in sql for sql in updates)


def test_what_is_no_symbol_changes_nothing():
    with pytest.raises(ValueError, match="expected symbols such as SOLUSDT"):
        pairs.ensure(["SOLUSDT", "nonsense"])
    assert not Pair.objects.exists()


@pytest.mark.parametrize("symbol", ["solusdt", "SOLUSDT ", "SOL-USDT", "", "\x00", "\ud800", "ХРП", "X" * 10_000])
def test_a_symbol_is_taken_letter_by_letter(symbol):
    pairs.ensure(["SOLUSDT"])
    with pytest.raises(NotFound):
        pairs.get(symbol)


def test_a_delisted_pair_is_not_found():
    pair_row("SOLUSDT", status=PairStatus.DELISTED)
    with pytest.raises(NotFound):
        pairs.get("SOLUSDT")


def test_halting_says_whether_it_changed_anything():
    pair = pair_row("SOLUSDT")
    assert [pairs.halt(pair), pairs.halt(pair), pairs.open_for_trading(pair)] == [True, False, True]


def test_a_rate_is_kept_unless_it_is_out_of_reach():
    pair = pair_row("SOLUSDT")
    pairs.set_rate(pair, 100)
    with pytest.raises(BadRequest):
        pairs.set_rate(pair, 0)
    assert [pair.rate, Pair.objects.get().rate] == [100, 100]
