"""What becomes of trades, and of what is none, when it is added to the record."""

import msgspec
import pytest
from django.db import IntegrityError

from tests.kit.builders import pair_row, trade
from tests.kit.record import run_of
from ticker.market.candles import fold
from ticker.market.rows import STORED
from ticker.models import Candle, Pair, Trade, Unreadable
from ticker.services import recording, trades
from ticker.wire import batches

pytestmark = pytest.mark.django_db
AT = 1_790_000_000_000


@pytest.fixture
def sol() -> Pair:
    return pair_row("SOLUSDT")


def entries(run):
    return [(one.seq, batches.item(one)) for one in run]


def add(*runs):
    """Add what the entries of one stream say, a run at a time."""
    for run in runs:
        recording.record({"SOLUSDT": recording.read("SOLUSDT", run)})


def parked():
    return {one.seq: bytes(one.entry) for one in Unreadable.objects.all()}


def candles(pair, interval):
    return [row.value for row in pair.candles.filter(interval=interval).order_by("open_ms")]


@pytest.mark.parametrize("cuts", [(150,), (1, 149), (60, 60, 30), (7,) * 21])
def test_trades_and_every_stored_candle_are_there_however_they_come(sol, cuts):
    run, at = run_of(150, at=AT, every_ms=997), 0
    for count in cuts:
        add(entries(run[at : at + count]))
        at += count
    assert trades.read(sol, after=0, limit=1_000) == run[:at]
    for interval in STORED:
        assert candles(sol, interval) == list(fold(run[:at], interval))


def test_what_is_recorded_already_is_passed_over(sol):
    run = run_of(30, at=AT)
    add(entries(run[:20]), entries(run[:20]), entries(run[10:]))
    assert trades.read(sol, after=0, limit=100) == run
    assert candles(sol, "1m") == list(fold(run, "1m"))


def test_several_pairs_go_in_together():
    for symbol in ("BTCUSDT", "SOLUSDT"):
        pair_row(symbol)
    found = {symbol: run_of(20, at=AT, pair=symbol) for symbol in ("SOLUSDT", "BTCUSDT", "NOPEUSDT")}
    assert recording.record(found) == {"SOLUSDT": 20, "BTCUSDT": 20}
    for pair in Pair.objects.all():
        assert trades.read(pair, after=0) == found[pair.symbol]
        assert candles(pair, "1d") == list(fold(found[pair.symbol], "1d"))


def test_the_board_after_the_record_is_the_fold_of_it(sol):
    run = run_of(500, at=AT, every_ms=60_000)
    add(entries(run))
    for interval, candle in recording.recorded("SOLUSDT").board.candles.items():
        assert candle == list(fold(run, interval))[-1], interval


# --- What is no trade ------------------------------------------------------------------------------

GOOD = {"id": 3, "p": "142.01", "q": "0.5", "s": "buy", "ts": AT + 2_000}


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"\xff\x00 not JSON",
        b"[1,2]",
        b'{"id":3}',
        *(
            msgspec.json.encode(GOOD | change)
            for change in (
                {"id": 4},
                {"p": "a hundred"},
                {"p": "NaN"},
                {"p": "Infinity"},
                {"p": "1e999999"},
                {"p": "142.005"},
                {"p": "0"},
                {"q": "-1"},
                {"q": "0.0001"},
                {"s": "gift"},
                {"ts": -1},
                {"ts": 2**62},
                {"p": "92233720368547758.08"},
                {"p": "30000000000", "q": "9000000000"},
            )
        ),
    ],
)
def test_what_is_no_trade_is_parked_with_its_error_and_the_rest_is_recorded(sol, caplog, entry):
    run = run_of(6, at=AT)
    mixed = entries(run)
    mixed[2] = (3, entry)
    add(mixed)
    left = [*run[:2], *run[3:]]
    assert trades.read(sol, after=0) == left
    assert candles(sol, "1m") == list(fold(left, "1m"))
    assert list(parked()) == [3]
    assert recording.position("SOLUSDT") == 6
    assert "SOLUSDT: entry 3 is parked: " in caplog.text


def test_it_is_kept_as_it_came(sol):
    add([(1, b"\xff\x00 not JSON")])
    assert parked() == {1: b"\xff\x00 not JSON"}
    add([(1, b"\xff\x00 not JSON")], entries(run_of(3, first=2)))
    assert recording.position("SOLUSDT") == 4


def test_a_database_that_refuses_everything_is_not_taken_at_its_word(sol, monkeypatch):
    def refuse(rows):
        raise IntegrityError("a trigger of somebody else")

    monkeypatch.setattr(recording.ingest, "add_trades", refuse)
    with pytest.raises(IntegrityError):
        add(entries(run_of(40)))
    assert (Unreadable.objects.count(), recording.position("SOLUSDT")) == (0, 0)


def test_a_hole_is_told_and_gone_on_behind(sol, caplog):
    add(entries(run_of(2)), entries(run_of(2, first=5)))
    assert [one.seq for one in trades.read(sol, after=0)] == [1, 2, 5, 6]
    assert "SOLUSDT: trades 3 to 4 were never seen" in caplog.text


def test_nothing_of_a_refused_addition_stays(sol, monkeypatch):
    def refuse(candles):
        raise OSError("the disk is full")

    monkeypatch.setattr(recording.ingest, "merge_candles", refuse)
    with pytest.raises(OSError, match="full"):
        add(entries([trade("142.00", at=AT)]))
    assert (Trade.objects.count(), Candle.objects.count(), recording.position("SOLUSDT")) == (0, 0, 0)
