"""The ticker over REST: what plain polling asks for."""

import msgspec
import pytest

from tests.kit.builders import pair_row
from tests.kit.record import recorded, run_of
from ticker.bus.redis import key

pytestmark = pytest.mark.django_db
WIRE = dict.fromkeys(("last", "bid", "ask", "open", "high", "low"), "142.00") | {
    "vol": "1.5",
    "qvol": "213.000",
    "chg": "0.00",
}


@pytest.fixture
def say(redis):
    """Let Redis know a ticker of SOLUSDT."""

    def said(seq: int, **ticker: str) -> None:
        head = {"epoch": "e", "seq": seq, "time_ms": 5_000 + seq, "trade_ms": 4_000 + seq, "ticker_seq": seq}
        redis.hset(key("head", "SOLUSDT"), mapping=head | {"ticker": msgspec.json.encode(WIRE | ticker)})

    return said


def test_the_ticker_is_complete(get, say):
    pair_row()
    say(7, last="143.42", bid="143.41", ask="143.43")
    assert get("SOLUSDT/ticker/").json() == {
        "symbol": "SOLUSDT",
        "status": "open",
        "last": "143.42",
        "bid": "143.41",
        "ask": "143.43",
        "open": "142.00",
        "high": "142.00",
        "low": "142.00",
        "volume": "1.5",
        "quote_volume": "213.000",
        "change_percent": "1.00",
        "seq": 7,
        "time_ms": 4_007,
    }


def test_while_nothing_changes_the_answer_is_304_without_a_body(get, say):
    pair_row()
    say(7)
    first = get("SOLUSDT/ticker/")
    again = get("SOLUSDT/ticker/", if_none_match=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert first["Cache-Control"] == again["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("given", ['"other"', 'W/"other"', "nonsense", ""])
def test_with_another_etag_the_answer_is_whole(get, say, given):
    pair_row()
    say(7)
    assert get("SOLUSDT/ticker/", if_none_match=given).status_code == 200


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_every_form_of_the_same_etag_is_known(get, say, form):
    pair_row()
    say(7)
    known = form.format(get("SOLUSDT/ticker/")["ETag"])
    assert get("SOLUSDT/ticker/", if_none_match=known).status_code == 304


def test_a_new_trade_makes_a_new_etag(get, say):
    pair_row()
    say(7)
    old = get("SOLUSDT/ticker/")["ETag"]
    say(8)
    assert get("SOLUSDT/ticker/", if_none_match=old).status_code == 200


def test_without_redis_the_record_answers_and_knows_no_quotes(get):
    run = run_of(3)
    recorded(run)
    body = get("SOLUSDT/ticker/").json()
    assert (body["last"], body["seq"], body["bid"], body["ask"]) == (format(run[-1].price, "f"), 3, None, None)


def test_where_nothing_was_traded_the_figures_are_null(get):
    pair_row()
    body = get("SOLUSDT/ticker/").json()
    assert body.pop("symbol") == "SOLUSDT"
    assert body.pop("status") == "open"
    assert set(body.values()) == {None}
