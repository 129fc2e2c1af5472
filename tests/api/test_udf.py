"""What a UDF client asks, one after the other, and what it must hear: TradingView's charts, and OpenBB."""

import time

import pytest

from tests.kit.builders import pair_row, trade
from tests.kit.record import recorded, run_of
from ticker.api.udf import INTERVALS
from ticker.market.candles import DAY, HOUR, MINUTE

pytestmark = pytest.mark.django_db
NOW = time.time_ns() // 1_000_000 // MINUTE * MINUTE
START = NOW - 10 * MINUTE  # of a market with a trade every twenty seconds
BARS = [(START + number * MINUTE) // 1000 for number in range(11)]


@pytest.fixture
def ask(get):
    def ask(address, **parameters):
        query = "&".join(f"{name.rstrip('_')}={value}" for name, value in parameters.items())
        return get(f"/udf/{address}?{query}").json()

    return ask


@pytest.fixture
def market(redis):
    """Ten minutes of trades; the eleventh bar is open and empty."""
    return recorded(run_of(30, at=START, every_ms=20_000))


def test_a_chart_opens_and_goes_back_until_there_is_no_more(ask, market):
    config = ask("config")
    assert config["supports_search"] and not config["supports_group_request"]
    assert config["exchanges"][0]["value"] == ""
    (found,) = ask("search", query="SOL", type="", exchange="", limit=30)
    symbol = ask("symbols", symbol=found["ticker"])
    assert set(symbol["supported_resolutions"]) <= set(config["supported_resolutions"])
    seen, until = [], int(time.time())
    while True:
        bars = ask("history", symbol=symbol["ticker"], resolution="1", from_=0, to=until, countback=4)
        if bars["s"] == "no_data":
            break
        seen, until = bars["t"] + seen, bars["t"][0] - 1
    assert "nextTime" not in bars
    assert seen[:11] == BARS


def test_the_time_is_plain_seconds(get):
    answer = get("/udf/time")
    assert answer["Content-Type"] == "text/plain"
    assert abs(int(answer.content) - time.time()) < 60


def test_a_symbol_says_how_it_is_drawn(ask, market):
    found = ask("symbols", symbol="TradeDash:SOLUSDT", currencyCode="USD", unitId="x")
    assert found["name"] == found["ticker"] == "SOLUSDT"
    assert (found["minmov"], found["pricescale"], found["volume_precision"]) == (1, 100, 3)
    assert found["session"] == "24x7" and found["timezone"] == "Etc/UTC" and found["format"] == "price"
    assert found["intraday_multipliers"] == [name for name in INTERVALS if name.isdecimal()]
    assert "s" not in found  # would mean an error


def test_a_tick_that_is_no_power_of_ten_is_counted_in_parts(ask):
    pair_row("SOLUSDT", price_tick="0.05", qty_step="10", start_price="100")
    found = ask("symbols", symbol="SOLUSDT")
    assert (found["minmov"], found["pricescale"], found["volume_precision"]) == (5, 100, 0)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"query": "usdt"}, ["SOLUSDT", "BTCUSDT"]),
        ({"query": "SOL/"}, ["SOLUSDT"]),
        ({"query": "", "type": "crypto", "exchange": "TradeDash"}, ["SOLUSDT", "BTCUSDT"]),
        ({"query": "", "limit": "1"}, ["SOLUSDT"]),
        ({"query": "", "type": "stock"}, []),
        ({"query": "", "exchange": "NYSE"}, []),
        ({"query": "NOPE"}, []),
    ],
)
def test_a_search_finds_by_any_part_of_the_name(ask, query, found):
    pair_row("SOLUSDT", position=0)
    pair_row("BTCUSDT", position=1)
    assert [row["symbol"] for row in ask("search", **query)] == found


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (BARS[0], BARS[3], BARS[:4]),  # both ends belong to it
        (BARS[0] + 1, BARS[3] - 1, BARS[1:3]),
        (0, BARS[1], BARS[:2]),
        (-5_000_000_000, BARS[1], BARS[:2]),
    ],
)
def test_without_a_count_the_bars_of_that_time_come(ask, market, since, until, found):
    answer = ask("history", symbol="SOLUSDT", resolution="1", from_=since, to=until)
    assert (answer["s"], answer["t"]) == ("ok", found)


def test_a_time_beyond_all_calendars_is_the_end(ask, market):
    answer = ask("history", symbol="SOLUSDT", resolution="1", from_=BARS[9], to=99_999_999_999_999)
    assert answer["t"][:2] == BARS[9:]


def test_a_count_goes_before_the_beginning(ask, market):
    answer = ask("history", symbol="SOLUSDT", resolution="1", from_=BARS[8], to=BARS[9] + 30, countback=5)
    assert answer["t"] == BARS[5:10]
    assert {len(answer[column]) for column in "tohlcv"} == {5}


def test_fewer_come_only_where_history_begins(ask, market):
    assert ask("history", symbol="SOLUSDT", resolution="1", from_=0, to=BARS[2], countback=5)["t"] == BARS[:3]


def test_the_bars_are_the_candles(ask, get, market):
    candles = get(f"SOLUSDT/candles/?interval=5m&end={START // (5 * MINUTE) * 5 * MINUTE + 10 * MINUTE}").json()
    until = candles["results"][-1]["open_ms"] // 1000
    bars = ask("history", symbol="SOLUSDT", resolution="5", from_=0, to=until)
    for column, name in zip("ohlcv", ("open", "high", "low", "close", "volume"), strict=True):
        assert bars[column] == [float(candle[name]) for candle in candles["results"]]


@pytest.mark.parametrize("resolution", [*INTERVALS, "D", "W", "M"])
def test_every_resolution_is_answered_and_the_last_bar_is_the_open_one(ask, market, resolution):
    bars = ask("history", symbol="SOLUSDT", resolution=resolution, from_=0, to=int(time.time()), countback=2)
    assert bars["s"] == "ok"
    assert bars["t"][-1] <= time.time()


def test_a_chart_that_lives_gets_the_two_bars_that_it_asks_for(ask, market):
    now = int(time.time())
    answer = ask("history", symbol="SOLUSDT", resolution="1", from_=now - 600, to=now, countback=2)
    assert [at - answer["t"][0] for at in answer["t"]] == [0, 60]


def test_before_the_first_bar_there_is_nothing_and_nowhere_else_to_look(ask, market):
    assert ask("history", symbol="SOLUSDT", resolution="1", from_=0, to=BARS[0] - 1) == {"s": "no_data"}
    assert ask("history", symbol="SOLUSDT", resolution="1", from_=0, to=BARS[0] - 1, countback=9) == {"s": "no_data"}


def test_where_no_bar_opens_the_one_before_is_named(ask, market):
    answer = ask("history", symbol="SOLUSDT", resolution="1", from_=BARS[4] + 5, to=BARS[4] + 50)
    assert answer == {"s": "no_data", "nextTime": BARS[4]}


def test_a_pair_without_trades_has_no_data(ask, redis):
    pair_row()
    assert ask("history", symbol="SOLUSDT", resolution="1D", from_=0, to=1, countback=300) == {"s": "no_data"}


def test_weeks_and_months_open_where_calendars_say(ask, redis):
    recorded([trade("142", at=20 * DAY + HOUR), trade("143", at=50 * DAY, seq=2)])
    weeks = ask("history", symbol="SOLUSDT", resolution="W", from_=0, to=30 * DAY // 1000)["t"]
    assert weeks == [18 * DAY // 1000, 25 * DAY // 1000]
    assert ask("history", symbol="SOLUSDT", resolution="M", from_=0, to=50 * DAY // 1000)["t"] == [0, 31 * DAY // 1000]


def test_quotes_of_several_symbols_come_under_the_names_that_were_asked_for(ask, market):
    answer = ask("quotes", symbols="TradeDash:SOLUSDT,NOPE")
    (known, unknown) = answer["d"]
    assert (known["n"], known["s"], known["v"]["short_name"]) == ("TradeDash:SOLUSDT", "ok", "SOLUSDT")
    assert known["v"]["lp"] == 142.04
    assert unknown == {"s": "error", "n": "NOPE", "v": {}}


@pytest.mark.parametrize(
    ("address", "parameters", "status"),
    [
        ("symbols", {"symbol": "NOPE"}, 404),
        ("symbols", {}, 404),
        ("symbols", {"symbol": "%00"}, 404),
        ("history", {"symbol": "NOPE", "resolution": "1", "to": "1", "from": "0"}, 404),
        ("history", {"symbol": "SOLUSDT", "resolution": "7", "to": "1", "from": "0"}, 400),
        ("history", {"symbol": "SOLUSDT", "resolution": "1"}, 400),
        ("history", {"symbol": "SOLUSDT", "resolution": "1", "to": "1e9", "from": "0"}, 400),
        ("nothing", {}, 404),
        ("", {}, 404),
    ],
)
def test_a_failure_is_said_in_the_words_of_the_protocol(get, address, parameters, status):
    pair_row()
    answer = get(f"/udf/{address}?" + "&".join(f"{name}={value}" for name, value in parameters.items()))
    assert answer.status_code == status
    assert set(answer.json()) == {"s", "errmsg"} and answer.json()["s"] == "error"
    assert answer["Access-Control-Allow-Origin"] == "*"
