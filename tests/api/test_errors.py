"""Whatever is wrong with a request, the answer has one shape and repeats nothing."""

import json
import logging
from urllib.parse import quote

import pytest
from django.db import OperationalError
from django.test import Client

from tests.kit.builders import pair_row
from ticker.services import pairs

pytestmark = pytest.mark.django_db
HOSTILE = [
    "",
    " ",
    "-1",
    "+1",
    "1.0",
    "1e3",
    "1_000",
    " 1",
    "1 ",
    "0x10",
    "1%0a",
    "NaN",
    "Infinity",
    "-Infinity",
    "null",
    "true",
    "undefined",
    "٣",  # a three, in Arabic
    "１２",  # twelve, full width
    "²",
    "9223372036854775808",  # 2**63
    "18446744073709551616",
    "9" * 400,
    "0" * 400,
    "\x00",
    "1\x00",
    "\ud800",  # half of a pair of surrogates
    "\udcff",
    "\u202e1",
    "' OR 1=1 --",
    "1; DROP TABLE ticker_trade",
    "{{ 7 * 7 }}",
    "{% debug %}",
    "${jndi:ldap://example.org}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "[]",
    '{"$gt": 0}',
    "1,2",
    "%",
    "%zz",
    "A" * 3_000,
    "\r\nSet-Cookie: a=b",
]


def sent(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"))


def check(answer, status: int, code: str) -> None:
    body = json.loads(answer.content)
    assert (answer.status_code, body["error"]) == (status, code)
    assert set(body) == {"error", "detail"}
    assert body["detail"].endswith(".")
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "name", ["trades/?after", "trades/?before", "trades/?limit", "candles/?start", "candles/?interval"]
)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_value_is_refused_and_not_repeated(get, name, text):
    pair_row()
    answer = get(f"SOLUSDT/{name}={sent(text)}")
    check(answer, 400, "bad_param")
    assert not (len(text) > 5 and text in answer.content.decode())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_refused_and_not_repeated(get, text):
    pair_row()
    answer = get(f"SOLUSDT/trades/?{sent(text)}x=1")
    check(answer, 400, "bad_param")
    assert not set("<>{}'\x00\n") & set(answer.json()["detail"])


@pytest.mark.parametrize("text", [text for text in HOSTILE if text and "/" not in text])
def test_a_hostile_symbol_is_not_found_and_not_repeated(get, text):
    pair_row()
    check(get(f"{sent(text)}/candles/"), 404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        "trades/?limit=0",
        "trades/?limit=1001",
        "candles/?limit=1001",
        "trades/?limit=1&limit=2",
        "candles/?interval=1M&interval=1m",
        "candles/?interval=1H",
        "candles/?Interval=1m",
        "ticker/?format=json",
        "?page=2",
        "trades/?" + "&".join(f"a{number}=1" for number in range(2_000)),
    ],
)
def test_what_makes_no_sense_is_refused(get, query):
    pair_row()
    answer = get(f"SOLUSDT/{query}")
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "detail"}


def test_an_unknown_parameter_is_named_with_those_that_there_are(get):
    pair_row()
    detail = get("SOLUSDT/candles/?from=1").json()["detail"]
    assert detail == "Unknown parameter `from`: expected `interval`, `start`, `end`, `limit`."


def test_an_unknown_interval_is_answered_with_all_of_them(get):
    pair_row()
    assert "1s, 1m, 3m" in get("SOLUSDT/candles/?interval=2m").json()["detail"]


@pytest.mark.parametrize(
    "address", ["/api", "/api/", "/api/v1/", "/api/v2/pairs/", "/api/v1/pairs/A/B/C/", "/api/v1/nope"]
)
def test_an_unknown_address_is_not_found(get, address):
    check(get(address), 404, "not_found")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("address", ["", "SOLUSDT/", "SOLUSDT/ticker/", "SOLUSDT/trades/", "SOLUSDT/candles/"])
def test_nothing_can_be_written(client, method, address):
    pair_row()
    answer = client.generic(method, f"/api/v1/pairs/{address}", b"{", content_type="application/json")
    check(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("address", ["", "SOLUSDT/", "SOLUSDT/ticker/", "SOLUSDT/trades/", "SOLUSDT/candles/"])
def test_heads_and_options_are_answered(client, address):
    pair_row()
    head, options = client.head(f"/api/v1/pairs/{address}"), client.options(f"/api/v1/pairs/{address}")
    assert (head.status_code, head.content, options.status_code) == (200, b"", 200)


def test_who_accepts_no_json_is_told_so_in_json(get):
    check(get(accept="text/html"), 406, "not_acceptable")


@pytest.mark.parametrize(
    "accept",
    [
        "garbage",
        "///",
        ";",
        "\xff",
        ",",
        "application/json;q=x",
        "text/html",
        "*",
        'application/json; a="',
        "a" * 9_000,
    ],
)
def test_a_hostile_accept_header_is_answered_in_json(get, accept):
    pair_row()
    answer = get("SOLUSDT/", accept=accept)
    assert answer.status_code in (200, 406)
    assert answer["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(("address", "status"), [("/api/v1/nope/", 404), ("/api/docs/", 405), ("/api/v1/pairs/", 405)])
def test_who_writes_hears_what_is_wrong_and_not_of_cookies(address, status):
    answer = Client(enforce_csrf_checks=True).post(address, {"a": 1})
    assert (answer.status_code, set(answer.json())) == (status, {"error", "detail"})


def test_a_wrong_host_is_told_so_in_json(client):
    check(client.get("/api/v1/pairs/", headers={"host": "elsewhere.example"}), 400, "bad_request")


def test_without_the_database_the_answer_is_try_again(get, monkeypatch, caplog):
    def away() -> None:
        raise OperationalError("connection to server at 10.0.0.7 failed")

    monkeypatch.setattr(pairs, "shown", away)
    answer = get()
    check(answer, 503, "unavailable")
    assert b"10.0.0.7" not in answer.content
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_what_nobody_expected_is_logged_and_not_told(get, monkeypatch, caplog):
    def broken() -> None:
        raise KeyError("secret")

    monkeypatch.setattr(pairs, "shown", broken)
    with caplog.at_level(logging.ERROR):
        answer = get()
    check(answer, 500, "internal")
    assert b"secret" not in answer.content
    assert [record.exc_info is not None for record in caplog.records] == [True]
