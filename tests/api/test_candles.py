"""Candles over REST."""

import pytest

from tests.kit.builders import trade
from tests.kit.record import recorded, run_of
from ticker.market.candles import INTERVALS, MINUTE

pytestmark = pytest.mark.django_db
FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """It is ten minutes past the beginning of time."""
    monkeypatch.setattr("ticker.services.candles.time.time_ns", lambda: 10 * MINUTE * 1_000_000)


def opens(answer) -> list[int]:
    return [row["open_ms"] // MINUTE for row in answer.json()["results"]]


def test_a_candle_is_plain(get):
    recorded(
        [
            trade("142.10", qty="0.500", at=1_000),
            trade("141.90", qty="2", at=2_000, seq=2),
            trade("142", at=60_000, seq=3),
        ]
    )
    assert get("SOLUSDT/candles/?end=60000").json()["results"] == [
        {
            "open_ms": 0,
            "open": "142.10",
            "high": "142.10",
            "low": "141.90",
            "close": "141.90",
            "volume": "2.500",
            "quote_volume": "354.85000",
            "trades": 2,
            "closed": True,
        }
    ]


def test_an_empty_candle_carries_the_last_close(get):
    recorded([trade("142.10")])
    row = get("SOLUSDT/candles/").json()["results"][-1]
    assert (row["open"], row["close"], row["volume"], row["trades"], row["closed"]) == (
        "142.10",
        "142.10",
        "0",
        0,
        False,
    )


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_interval_is_there(get, interval):
    recorded(run_of(5))
    assert get(f"SOLUSDT/candles/?interval={interval}&limit=1").json()["results"][0]["open"]


def test_without_bounds_the_newest_come_with_the_open_one_last(get):
    recorded(run_of(3))
    assert opens(get("SOLUSDT/candles/?limit=3")) == [8, 9, 10]


def test_from_a_start_the_first_ones_come(get):
    recorded(run_of(3))
    assert opens(get(f"SOLUSDT/candles/?start={2 * MINUTE + 7}&limit=3")) == [2, 3, 4]


def test_the_end_is_left_out(get):
    recorded(run_of(3))
    assert opens(get(f"SOLUSDT/candles/?start={2 * MINUTE}&end={5 * MINUTE}")) == [2, 3, 4]


@pytest.mark.parametrize(("address", "back"), [("?start=0&limit=4", False), ("?limit=4", True)])
def test_walking_meets_each_candle_once(get, address, back):
    recorded(run_of(3))
    seen, address = [], f"SOLUSDT/candles/{address}"
    while address:
        answer = get(address.removeprefix("http://testserver"))
        seen = opens(answer) + seen if back else seen + opens(answer)
        address = answer.json()["next"]
    assert seen == list(range(11))


@pytest.mark.parametrize(
    ("query", "final"),
    [
        ("start=0&end=300000", True),
        ("end=300000", True),
        ("start=0", False),
        ("start=0&end=360000", False),
        ("", False),
    ],
)
def test_only_what_is_recorded_to_its_end_is_kept_for_ever(get, query, final):
    recorded(run_of(2, every_ms=5 * MINUTE))  # the newest trade opens the minute 5
    assert get(f"SOLUSDT/candles/?{query}")["Cache-Control"] == (FOREVER if final else "no-cache")
