"""Staff run the pairs."""

import msgspec
import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.kit.builders import pair_row
from tests.kit.market import wall_ms
from tests.kit.record import recorded, run_of
from ticker.bus import latest
from ticker.bus.redis import key
from ticker.models import Pair
from ticker.services import candles

pytestmark = pytest.mark.django_db
LIST = "/admin/ticker/pair/"


def form_of(answer, number: int = 0) -> dict[str, object]:
    """What a browser would send back from the list, unchanged."""
    formset = answer.context["cl"].formset
    fields = {f"{formset.prefix}-{name}": value for name, value in formset.management_form.initial.items()}
    for form in formset.forms:
        for name in form.fields:
            value = form[name].value()
            fields[f"{form.prefix}-{name}"] = "" if value is None else value
    return fields | {"_save": "Save"}


def test_the_list_tells_the_last_price_of_each_pair(staff):
    run = run_of(3)
    recorded(run)
    pair_row("BTCUSDT")
    page = staff.get(LIST).content.decode()
    assert f'<td class="field-last_price">{run[-1].price}</td>' in page
    assert '<td class="field-last_price">—</td>' in page


def test_the_list_tells_how_recording_goes(staff, redis):
    now = wall_ms()
    recorded(run_of(30, at=now - 29_000))
    pair_row("BTCUSDT")
    ticker = dict.fromkeys(("last", "bid", "ask", "open", "high", "low", "vol", "qvol", "chg"), "7")
    redis.hset(
        key("head", "SOLUSDT"),
        mapping={"epoch": "e", "seq": 1_234, "time_ms": now, "ticker": msgspec.json.encode(ticker)},
    )
    page = staff.get(LIST).content.decode()
    for name, values in {"recorded": ("30", "0"), "waiting": ("1,204", "—"), "pace": ("0.5", "0.0")}.items():
        for value in values:
            assert f'<td class="field-{name}">{value}</td>' in page, (name, value)


def test_prices_are_asked_for_once_for_all_pairs(staff, redis, monkeypatch):
    ticker = dict.fromkeys(("last", "bid", "ask", "open", "high", "low", "vol", "qvol", "chg"), "7")
    for symbol in ("SOLUSDT", "BTCUSDT", "ETHUSDT"):
        pair_row(symbol)
        redis.hset(
            key("head", symbol), mapping={"epoch": "e", "seq": 1, "time_ms": 1, "ticker": msgspec.json.encode(ticker)}
        )
    asked = []
    heads = latest.heads
    monkeypatch.setattr(latest, "heads", lambda symbols: asked.append(1) or heads(symbols))
    assert staff.get(LIST).content.decode().count('<td class="field-last_price">7</td>') == 3
    assert asked == [1]


def test_halting_is_done_and_logged_for_those_that_were_open(staff):
    pairs = [pair_row("SOLUSDT"), pair_row("BTCUSDT", status="halted")]
    answer = staff.post(LIST, {"action": "halt", "_selected_action": [pair.pk for pair in pairs]}, follow=True)
    assert [pair.status for pair in Pair.objects.all()] == ["halted", "halted"]
    assert [(entry.object_repr, entry.change_message) for entry in LogEntry.objects.all()] == [
        ("SOL/USDT", "Status: halted.")
    ]
    assert "Now halted: SOL/USDT." in answer.content.decode()


def test_a_halted_pair_is_opened_again(staff):
    pair = pair_row("SOLUSDT", status="halted")
    staff.post(LIST, {"action": "open_for_trading", "_selected_action": [pair.pk]})
    pair.refresh_from_db()
    assert pair.status == "open"


def test_rate_and_volatility_are_changed_in_the_list(staff):
    pair = pair_row("SOLUSDT")
    staff.post(LIST, form_of(staff.get(LIST)) | {"form-0-rate": "250", "form-0-volatility": "3.5"})
    pair.refresh_from_db()
    assert (pair.rate, pair.volatility) == (250.0, 3.5)


@pytest.mark.parametrize(("field", "value"), [("rate", "0"), ("rate", "2001"), ("rate", "nan"), ("volatility", "11")])
def test_what_no_market_can_do_is_refused_in_the_list(staff, field, value):
    pair = pair_row("SOLUSDT")
    answer = staff.post(LIST, form_of(staff.get(LIST)) | {f"form-0-{field}": value})
    assert answer.context["cl"].formset.errors[0]
    pair.refresh_from_db()
    assert (pair.rate, pair.volatility) == (None, 0.85)


def test_saving_a_pair_leaves_alone_what_the_recorder_moves_meanwhile(staff):
    pair = pair_row("SOLUSDT")
    with CaptureQueriesContext(connection) as said:
        staff.post(LIST, form_of(staff.get(LIST)) | {"form-0-rate": "250"})
        staff.post(f"{LIST}{pair.pk}/change/", {"status": "halted", "rate": "9", "volatility": "0.5", "position": "3"})
    updates = [query["sql"] for query in said if query["sql"].startswith('UPDATE "ticker_pair"')]
    assert len(updates) == 2
    assert not any("recorded_seq" in sql for sql in updates)
    pair.refresh_from_db()
    assert (pair.status, pair.rate, pair.position) == ("halted", 9.0, 3)


def test_a_symbol_is_enough_for_a_new_pair(staff):
    answer = staff.post(f"{LIST}add/", {"symbol": "dogeusdt", "status": "open", "seed": "1", "position": "9"})
    assert answer.status_code == 302
    pair = Pair.objects.get()
    assert (pair.symbol, pair.base, pair.quote, pair.value.price_tick) == ("DOGEUSDT", "DOGE", "USDT", pair.price(1))
    assert (format(pair.value.price_tick, "f"), format(pair.value.start_price, "f")) == ("0.00001", "0.125")
    assert pair.volatility == 0.95


def test_a_new_pair_has_a_past_from_the_first_moment(staff):
    staff.post(f"{LIST}add/", {"symbol": "DOGEUSDT", "status": "open", "seed": "1", "position": "9"})
    pair = Pair.objects.get()
    month = candles.read(pair, "1m", limit=1_000)
    assert len(month) == 1_000
    assert month[-1][0].close == pair.start_price


def test_what_is_given_for_a_new_pair_is_taken(staff):
    staff.post(
        f"{LIST}add/",
        {
            "symbol": "FOOEUR",
            "price_tick": "0.5",
            "qty_step": "1",
            "start_price": "7.5",
            "volatility": "2",
            "status": "halted",
            "seed": "5",
            "position": "0",
        },
    )
    pair = Pair.objects.get()
    assert [format(number, "f") for number in (pair.value.price_tick, pair.value.start_price)] == ["0.5", "7.5"]
    assert (pair.base, pair.quote, pair.status, pair.volatility) == ("FOO", "EUR", "halted", 2.0)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"symbol": "nonsense"}, "symbol"),
        ({"symbol": ""}, "symbol"),
        ({"symbol": "SOLUSDT"}, "symbol"),  # there already
        ({"symbol": "\x00"}, "symbol"),
        ({"symbol": "BTCUSDT", "price_tick": "0"}, "price_tick"),
        ({"symbol": "BTCUSDT", "qty_step": "-1"}, "qty_step"),
        ({"symbol": "BTCUSDT", "price_tick": "0.5", "start_price": "7.3"}, "start_price"),
        ({"symbol": "BTCUSDT", "start_price": "0"}, "start_price"),
        ({"symbol": "BTCUSDT", "start_price": "NaN"}, "start_price"),
        ({"symbol": "BTCUSDT", "price_tick": "0.0000001"}, "start_price"),
        ({"symbol": "BTCUSDT", "price_tick": "0.00001", "qty_step": "0.00001"}, "qty_step"),
    ],
)
def test_a_new_pair_that_cannot_be_is_refused_where_it_is_wrong(staff, given, field):
    pair_row("SOLUSDT")
    answer = staff.post(f"{LIST}add/", {"status": "open", "seed": "1", "position": "0"} | given)
    assert field in answer.context["adminform"].form.errors
    assert Pair.objects.count() == 1


def test_ticks_and_steps_cannot_be_changed_once_a_pair_exists(staff):
    pair = pair_row("SOLUSDT")
    fields = {"symbol": "X", "price_tick": "5", "qty_step": "5", "start_price": "5", "status": "open"}
    staff.post(f"{LIST}{pair.pk}/change/", fields | {"volatility": "0.85", "position": "0"})
    assert Pair.objects.get().value == pair.value


def test_a_pair_cannot_be_deleted_with_its_record(staff):
    pair = pair_row("SOLUSDT")
    assert staff.post(f"{LIST}{pair.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in staff.get(LIST).content.decode()


def test_the_house_is_named(staff):
    assert "TradeDash" in staff.get("/admin/").content.decode()


@pytest.mark.parametrize("subject", ["pair", "trade", "candle"])
def test_before_there_is_any_pair_the_lists_are_empty(staff, subject):
    assert "0 " in staff.get(f"/admin/ticker/{subject}/").content.decode()
