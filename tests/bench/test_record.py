"""The figures of the record are judged and told as they are."""

import pytest

from bench import record
from bench.recording import START_MS, Found, Ingest, trades, without_repeats


def found(
    database="PostgreSQL", *, ours=60_000.0, bulk=10_000.0, bare=100_000.0, few=2.0, many=2.2, usual=8.0, slow=9.0
):
    return Found(
        database,
        Ingest([ours] * 3, [ours] * 3, [bulk] * 3, [bare] * 3),
        {
            "1000": {"1s": [few] * 100, "1m": [few] * 100, "3m": [0.1] * 100},
            "10000": {"1s": [many] * 100, "1m": [many] * 98 + [usual] * 2, "3m": [many] * 98 + [slow] * 2},
        },
        {"1000": [3.0], "10000": [3.0]},
    )


def kept(run):
    return [goal.kept for goal in record.goals(run)]


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({}, [True, True, True, True, True]),
        ({"bulk": 12_001.0}, [False, True, True, True, True]),
        ({"bare": 120_001.0}, [True, False, True, True, True]),
        ({"slow": 10.1}, [True, True, True, False, True]),
        ({"usual": 10.1}, [True, True, False, False, True]),
        ({"many": 2.5}, [True, True, True, True, False]),
        ({"database": "SQLite", "bulk": 30_000.0}, [True, True, True, True, True]),
        ({"database": "SQLite", "bulk": 30_001.0}, [False, True, True, True, True]),
        ({"database": "SQLite", "ours": 19_999.0, "bulk": 1.0}, [True, False, True, True, True]),
    ],
)
def test_each_goal_is_kept_or_it_is_said(figures, expected):
    assert kept(found(**figures)) == expected


def test_every_interval_and_every_way_has_its_row():
    runs = [found("SQLite"), found("PostgreSQL")]
    assert record.ingests(runs).count("\n") == 1 + 8
    assert "PostgreSQL: 1s" in record.reads(runs)
    assert "yes" in record.promises(runs)


def test_trades_go_on_where_others_end():
    parts = [*trades(50), *trades(50, first=51)]
    assert [seq for seq, *_ in parts] == list(range(1, 101))
    times = [row[-1] for row in parts]
    assert times == sorted(times) and times[0] >= START_MS


def test_a_candle_of_two_transactions_is_copied_once():
    first, again, other = (1, "1m", (0, 1)), (1, "1m", (0, 2)), (1, "1h", (0, 1))
    assert without_repeats([[first], [again, other]]) == [[first], [other]]
