"""The pairs over REST."""

import pytest

from tests.kit.builders import pair_row
from ticker.market.pairs import PairStatus
from ticker.services import pairs

pytestmark = pytest.mark.django_db


def test_the_list_has_all_pairs_in_their_order(get):
    pairs.ensure(["SOLUSDT", "BTCUSDT"])
    body = get().json()
    assert [pair["symbol"] for pair in body["results"]] == ["SOLUSDT", "BTCUSDT"]
    assert body["next"] is None


def test_a_pair_tells_what_it_is(get):
    pair_row("DOGEUSDT")
    assert get("DOGEUSDT/").json() == {
        "symbol": "DOGEUSDT",
        "base": "DOGE",
        "quote": "USDT",
        "name": "DOGE/USDT",
        "price_tick": "0.00001",
        "qty_step": "1",
        "status": "open",
    }


def test_a_halted_pair_is_shown_and_a_delisted_one_is_not(get):
    pair_row("SOLUSDT", status=PairStatus.HALTED)
    pair_row("BTCUSDT", status=PairStatus.DELISTED)
    assert [(pair["symbol"], pair["status"]) for pair in get().json()["results"]] == [("SOLUSDT", "halted")]
    assert get("BTCUSDT/").status_code == 404


def test_a_symbol_in_lower_case_is_another_one(get):
    pair_row("SOLUSDT")
    answer = get("solusdt/")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_an_address_without_its_last_slash_leads_to_it(get):
    pair_row("SOLUSDT")
    answer = get("SOLUSDT/trades?limit=1")
    assert (answer.status_code, answer["Location"]) == (301, "/api/v1/pairs/SOLUSDT/trades/?limit=1")
