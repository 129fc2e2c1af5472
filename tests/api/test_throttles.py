"""One address may ask so often in a minute, every answer says how often still, and nobody waits for Redis."""

import json
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from django.test import RequestFactory
from redis import Redis
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from tests.kit.builders import pair_row
from tests.kit.serve import serving
from ticker.api import throttles
from ticker.api.public import PublicView
from ticker.bus.redis import key

pytestmark = pytest.mark.django_db
LIMIT, REMAINING, RESET = "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"
ADDRESSES = ["", "SOLUSDT/", "SOLUSDT/ticker/", "SOLUSDT/trades/", "SOLUSDT/candles/", "/api/schema/"]


class CsvRenderer(JSONRenderer):
    media_type, format = "text/csv", "csv"


class Csv(PublicView):
    """An address of the stricter kind."""

    renderer_classes = (CsvRenderer,)

    def get(self, request):
        return Response({})


@pytest.fixture
def ask(redis: Redis, client, settings, monkeypatch):
    """Ask from an address on the internet that may do so three times in a minute."""
    settings.REST_LIMITS = {"json": 3, "csv": 1}
    monkeypatch.setattr(throttles, "_count_from", 0.0)
    pair_row()

    def ask(address="", peer="203.0.113.7", method="GET", **headers):
        path = address if address.startswith("/") else f"/api/v1/pairs/{address}"
        return client.generic(method, path, REMOTE_ADDR=peer, headers=headers)

    return ask


def refused(answer) -> bool:
    return answer.status_code == 429


def test_so_many_requests_are_answered_and_no_more(ask):
    assert [ask().status_code for _ in range(5)] == [200, 200, 200, 429, 429]


def test_every_answer_says_how_many_are_left(ask):
    answers = [ask() for _ in range(4)]
    assert [(answer[LIMIT], answer[REMAINING]) for answer in answers] == [
        ("3", "2"),
        ("3", "1"),
        ("3", "0"),
        ("3", "0"),
    ]
    assert all(1 <= int(answer[RESET]) <= 60 for answer in answers)


def test_who_is_refused_hears_it_in_the_one_shape_and_when_to_come_back(ask):
    *_, answer = [ask() for _ in range(4)]
    assert json.loads(answer.content) == {
        "error": "rate_limited",
        "detail": "Too many requests: wait for Retry-After seconds.",
    }
    assert answer["Retry-After"] == answer[RESET]
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_is_counted(ask, address):
    assert [ask(address)[REMAINING] for _ in range(2)] == ["2", "1"]


def test_all_addresses_count_together(ask):
    assert [ask(address).status_code for address in ADDRESSES[:4]] == [200, 200, 200, 429]


def test_what_makes_no_sense_counts_too(ask):
    answers = [ask("?page=2"), ask("NOPE/"), ask("", accept="text/html"), ask("", method="POST")]
    assert [answer.status_code for answer in answers] == [400, 404, 406, 429]
    assert [answer[REMAINING] for answer in answers] == ["2", "1", "0", "0"]


def test_an_answer_without_a_body_says_it_too(ask):
    etag = ask("SOLUSDT/ticker/")["ETag"]
    answer = ask("SOLUSDT/ticker/", if_none_match=etag)
    assert (answer.status_code, answer[REMAINING]) == (304, "1")


def test_a_minute_ends(ask, redis):
    for _ in range(3):
        ask()
    redis.pexpire(key("requests", "json", "203.0.113.7"), 1)
    while redis.exists(key("requests", "json", "203.0.113.7")):
        pass
    assert ask()[REMAINING] == "2"


def test_addresses_do_not_get_in_each_others_way(ask):
    for _ in range(4):
        ask()
    assert ask(peer="203.0.113.8")[REMAINING] == "2"


def test_a_household_of_ipv6_is_one_address(ask):
    assert [ask(peer=f"2001:db8::{number}").status_code for number in range(1, 5)] == [200, 200, 200, 429]


def test_the_stricter_kind_is_counted_apart(ask):
    ask()
    view = Csv.as_view()
    answers = [view(RequestFactory().get("/", REMOTE_ADDR="203.0.113.7")) for _ in range(2)]
    assert [(answer.status_code, answer[LIMIT]) for answer in answers] == [(200, "1"), (429, "1")]
    assert ask().status_code == 200


def test_nobody_gets_more_by_a_header(ask):
    answers = [ask(x_forwarded_for=f"198.51.100.{number}") for number in range(4)]
    assert refused(answers[-1])


def test_whom_a_trusted_proxy_has_heard_is_counted(ask, settings):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    answers = [ask(peer="10.0.0.1", x_forwarded_for=f"junk, 198.51.100.{number}") for number in range(4)]
    assert [answer[REMAINING] for answer in answers] == ["2"] * 4


def test_on_this_machine_nothing_is_counted_and_no_header_says_so(ask, settings):
    answers = [ask(peer="127.0.0.1") for _ in range(4)]
    assert [(answer.status_code, LIMIT in answer) for answer in answers] == [(200, False)] * 4
    settings.LIMIT_LOOPBACK = True
    assert ask(peer="127.0.0.1")[REMAINING] == "2"


def test_without_redis_everybody_is_answered_and_it_is_not_asked_each_time(ask, settings, monkeypatch, tmp_path):
    reachable, settings.REDIS_URL = settings.REDIS_URL, f"unix://{tmp_path}/nobody.sock"
    answers = [ask() for _ in range(5)]
    assert [(answer.status_code, LIMIT in answer) for answer in answers] == [(200, False)] * 5
    settings.REDIS_URL = reachable
    assert LIMIT not in ask()  # not yet
    monkeypatch.setattr(throttles.time, "monotonic", lambda now=throttles._count_from: now)
    assert ask()[REMAINING] == "2"


async def test_instances_count_together(redis_server: str, tmp_path: Path):
    variables = {"REDIS_URL": redis_server, "TICKER_REDIS_PREFIX": "throttles", "TICKER_LIMIT_LOOPBACK": "1"}
    variables["TICKER_REST_PER_MIN"] = "3"
    async with (
        serving(tmp_path / "1", 1, **variables) as one,
        serving(tmp_path / "2", 2, **variables) as two,
        httpx.AsyncClient() as client,
    ):
        answers = [await client.get(server.url("/api/v1/pairs/?page=2")) for server in (one, two, one, two)]
    assert [answer.headers[REMAINING] for answer in answers] == ["2", "1", "0", "0"]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]


def test_the_schema_says_that_requests_may_be_refused(ask):
    responses = ask("/api/schema/").json()["paths"]["/api/v1/pairs/{symbol}/trades/"]["get"]["responses"]
    assert "Retry-After" in responses["429"]["description"]
