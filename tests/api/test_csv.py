"""The record as files: every row once, whatever comes while they are read, and never much of it in memory."""

import csv
import io

import pytest
from channels.db import database_sync_to_async
from django.test import AsyncClient, Client

from tests.kit.builders import pair_row
from tests.kit.record import recorded, run_of
from ticker.api import csv as files
from ticker.wire.csv import line

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "/api/v1/pairs/SOLUSDT/"
START = 1_790_000_040_000
FOREVER = "public, max-age=31536000, immutable"
record = database_sync_to_async(recorded)


@pytest.fixture(autouse=True)
def short_pages(monkeypatch):
    monkeypatch.setattr(files, "ROWS", 7)


async def rows(address):
    answer = await AsyncClient().get(BASE + address)
    assert answer.status_code == 200, answer.content
    text = "".join([part.decode() async for part in answer.streaming_content])
    return list(csv.DictReader(io.StringIO(text)))


async def test_a_file_of_trades_holds_what_the_pages_hold():
    await record(run_of(40))
    found = await rows("trades.csv")
    listed = (await AsyncClient().get(BASE + "trades/?after=0&limit=1000")).json()["results"]
    assert found == [{name: str(value) for name, value in row.items()} for row in listed]
    assert len(found) == 40


async def test_a_file_of_candles_holds_what_the_pages_hold():
    await record(run_of(40, at=START, every_ms=20_000))
    found = await rows(f"candles.csv?interval=1m&start={START}&end={START + 40 * 20_000}")
    listed = (await AsyncClient().get(f"{BASE}candles/?interval=1m&start={START}&end={START + 40 * 20_000}")).json()
    assert [{name: str(value).lower() for name, value in row.items()} for row in listed["results"]] == found
    assert len(found) == 13  # up to the end, which is left out


@pytest.mark.parametrize(
    ("query", "expected"),
    [("after=3&before=20", range(4, 20)), ("start=5000&end=9000", range(6, 10)), ("start=2500&end=2600", ())],
)
async def test_a_part_can_be_asked_for(query, expected):
    await record(run_of(40))
    assert [int(row["id"]) for row in await rows(f"trades.csv?{query}")] == list(expected)


async def test_what_is_traded_while_it_is_read_is_not_in_it():
    await record(run_of(20))
    answer = await AsyncClient().get(BASE + "trades.csv")
    parts = answer.streaming_content
    text = (await anext(parts)).decode() + (await anext(parts)).decode()
    await record(run_of(20, at=50_000, first=21))
    text += "".join([part.decode() async for part in parts])
    assert [row.split(",")[0] for row in text.splitlines()] == ["id", *map(str, range(1, 21))]


async def test_nothing_is_read_before_it_is_asked_for(monkeypatch):
    await record(run_of(40))
    asked = []
    read = files.trades_service.read
    monkeypatch.setattr(files.trades_service, "read", lambda *_, **bounds: asked.append(bounds) or read(*_, **bounds))
    answer = await AsyncClient().get(BASE + "trades.csv")
    parts = answer.streaming_content
    await anext(parts)
    assert asked == []
    await anext(parts)
    assert [bounds["limit"] for bounds in asked] == [7]


async def test_a_pair_without_trades_is_a_file_of_a_header():
    await database_sync_to_async(pair_row)()
    assert await rows("trades.csv") == []


async def test_a_file_has_a_name_and_a_part_that_is_over_is_kept_for_ever():
    await record(run_of(10))
    whole, over = [await AsyncClient().get(BASE + f"trades.csv{query}") for query in ("", "?after=2&before=6")]
    assert whole["Content-Disposition"] == 'attachment; filename="SOLUSDT-trades.csv"'
    assert (whole["Cache-Control"], over["Cache-Control"]) == ("no-cache", FOREVER)


@pytest.mark.parametrize(
    ("query", "final"),
    [
        (f"start={START}&end={START + 120_000}", True),
        (f"start={START}&end={START + 9_000_000}", False),
        (f"start={START}", False),
        (f"end={START + 120_000}", False),
    ],
)
def test_candles_that_are_over_are_kept_for_ever(client: Client, query, final):
    recorded(run_of(40, at=START, every_ms=20_000))
    answer = client.head(BASE + f"candles.csv?{query}")
    assert answer["Cache-Control"] == (FOREVER if final else "no-cache")


def test_head_sends_no_rows(client: Client):
    recorded(run_of(10))
    answer = client.head(BASE + "trades.csv")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")


@pytest.mark.parametrize("address", ["trades.csv?limit=3", "candles.csv?interval=7m", "trades.csv?start=-5"])
def test_what_makes_no_sense_is_refused_before_the_file_begins(client: Client, address):
    pair_row()
    answer = client.get(BASE + address)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_param")


def test_no_cell_is_a_formula():
    assert line(["=1+1", "+1", "-1", "@x", "\t=1", "buy", 'a "b", c', "=a,b"]) == (
        '\'=1+1,\'+1,\'-1,\'@x,\'\t=1,buy,"a ""b"", c","\'=a,b"\n'
    )
