"""What every address has: an ETag, 304 for who knows it, and an answer for pages of any other site."""

import pytest
from django.test import Client

from tests.kit.record import recorded, run_of

pytestmark = pytest.mark.django_db
ADDRESSES = ["", "SOLUSDT/", "SOLUSDT/trades/?after=2&before=5", "SOLUSDT/candles/?limit=3", "/api/schema/"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_who_has_the_answer_already_gets_304_with_the_same_headers(get, address):
    recorded(run_of(10))
    first = get(address)
    again = get(address, if_none_match=first["ETag"])
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    for name in ("ETag", "Cache-Control", "Access-Control-Allow-Origin"):
        assert again[name] == first[name]


def test_another_answer_has_another_etag(get):
    recorded(run_of(10))
    before = get("SOLUSDT/trades/")["ETag"]
    recorded(run_of(1, at=20_000, first=11))
    assert get("SOLUSDT/trades/", if_none_match=before).status_code == 200


@pytest.mark.parametrize("address", [*ADDRESSES, "NOPE/", "SOLUSDT/trades/?limit=0"])
def test_pages_of_any_site_may_read(get, address):
    recorded(run_of(10))
    assert get(address)["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("address", ADDRESSES)
def test_head_says_what_get_would(client: Client, get, address):
    recorded(run_of(10))
    whole = get(address)
    head = client.head(address if address.startswith("/") else f"/api/v1/pairs/{address}")
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", whole["ETag"])


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "trace"])
@pytest.mark.parametrize("address", ["/api/v1/pairs/", "/api/v1/pairs/SOLUSDT/trades.csv"])
def test_nothing_can_be_written(client: Client, method, address):
    answer = getattr(client, method)(address)
    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")
    assert answer["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "query",
    [
        "trades/?after=5&before=5",
        "trades/?after=6&before=5",
        "trades/?start=5&end=5",
        "trades/?start=6000&end=5",
        "trades/?start=8000&before=2",
        "candles/?start=5&end=5",
        "candles/?start=6&end=5",
        "candles/?start=9000000&end=60000",
    ],
)
def test_a_range_that_holds_nothing_is_empty_and_no_mistake(get, query):
    recorded(run_of(10))
    answer = get(f"SOLUSDT/{query}")
    assert (answer.status_code, answer.json()) == (200, {"results": [], "next": None})


@pytest.mark.parametrize("address", ["/api/v1/pairs/", "/api/v1/pairs/SOLUSDT/trades.csv", "/udf/config"])
def test_a_browser_that_asks_first_hears_that_it_may(client: Client, address):
    answer = client.options(address, headers={"origin": "https://charts.example"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Allow"] == "GET, HEAD, OPTIONS"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Access-Control-Allow-Headers"] == "If-None-Match"
