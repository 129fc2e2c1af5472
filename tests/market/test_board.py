"""A board is the same on every instance, however its trades were cut into batches and whenever it was told the time."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.builders import trade
from tests.kit.runs import parts_of, runs
from ticker.market.board import MOST_TOLD, Board
from ticker.market.candles import HOUR, INTERVALS, MINUTE, fill, fold, index_of

# Between two trades no more seconds pass than are told one by one: beyond, see MOST_TOLD below.
told_runs = runs(longest_ms=(MOST_TOLD - 2) * 1_000)


def one_by_one(run):
    board, closed = Board(run[0].seq - 1), []
    for one in run:
        closed += board.add([one])
    return board, closed


def by_interval(closed):
    """Intervals close side by side; within one of them the order counts."""
    return {name: [(one.number, one.candle) for one in closed if one.interval == name] for name in INTERVALS}


@settings(max_examples=60, deadline=None)
@given(data=st.data(), run=told_runs)
def test_batches_and_rolls_in_between_change_nothing(data: st.DataObject, run):
    expected, expected_closed = one_by_one(run)
    board, closed, done = Board(run[0].seq - 1), [], 0
    for part in data.draw(parts_of(run)):
        closed += board.add(part)
        done += len(part)
        until_ms = run[done].time_ms if done < len(run) else part[-1].time_ms
        for now_ms in sorted(data.draw(st.lists(st.integers(part[-1].time_ms, until_ms), max_size=3))):
            closed += board.roll(now_ms)
    assert (board.seq, board.candles) == (expected.seq, expected.candles)
    assert by_interval(closed) == by_interval(expected_closed)


@settings(max_examples=60, deadline=None)
@given(run=told_runs)
def test_a_board_holds_the_fold_of_its_trades_with_the_gaps_filled(run):
    board, closed = one_by_one(run)
    for interval in INTERVALS:
        held = [one.candle for one in closed if one.interval == interval] + [board.candles[interval]]
        assert held == list(fill(fold(run, interval), interval))


@settings(max_examples=40, deadline=None)
@given(run=runs(longest_ms=100 * 24 * HOUR, most=12))
def test_numbers_rise_by_one_for_each_trade_and_count_every_close_told_or_not(run):
    board = Board(run[0].seq - 1)
    board.add(run[:1])
    for earlier, later in pairwise(run):
        before = {name: board.number(name) for name in INTERVALS}
        board.add([later])
        for name in INTERVALS:
            passed = index_of(later.time_ms, name) - index_of(earlier.time_ms, name)
            assert board.number(name) == before[name] + 1 + passed


@settings(max_examples=40, deadline=None)
@given(run=told_runs)
def test_closed_candles_are_numbered_one_after_the_other(run):
    board = Board(run[0].seq - 1)
    board.add(run[:1])
    for one in run[1:]:
        before = {name: board.number(name) for name in INTERVALS}
        for name, closed in by_interval(board.add([one])).items():
            assert [number for number, _ in closed] == list(range(before[name] + 1, before[name] + 1 + len(closed)))


@settings(max_examples=40, deadline=None)
@given(data=st.data(), run=runs(longest_ms=40 * 24 * HOUR, most=12))
def test_after_any_silence_the_open_candles_and_numbers_are_the_same_again(data: st.DataObject, run):
    expected, _ = one_by_one(run)
    board = Board(run[0].seq - 1)
    for earlier, later in zip(run, [*run[1:], run[-1]], strict=True):
        board.add([earlier])
        board.roll(data.draw(st.integers(earlier.time_ms, later.time_ms)))
    assert board.candles == expected.candles
    assert all(board.number(name) == expected.number(name) for name in INTERVALS)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), run=told_runs)
def test_a_board_that_goes_on_from_another_ones_candles_is_that_board(data: st.DataObject, run):
    expected, _ = one_by_one(run)
    cut = data.draw(st.integers(1, len(run)))
    first, _ = one_by_one(run[:cut])
    board = Board(first.seq, first.candles)
    board.add(run[cut:])
    assert (board.seq, board.candles) == (expected.seq, expected.candles)


def test_a_long_silence_is_told_only_in_part():
    board = Board()
    board.add([trade("10", at=0)])
    closed = by_interval(board.roll(6 * HOUR))
    assert len(closed["1s"]) == MOST_TOLD + 1
    assert len(closed["1m"]) == MOST_TOLD + 1
    assert len(closed["1h"]) == 6
    assert board.candles["1s"].open_ms == 6 * HOUR


def test_of_a_long_silence_the_candle_with_trades_is_told_first():
    board = Board()
    board.add([trade("10", at=0)])
    first = by_interval(board.roll(6 * HOUR))["1m"][0][1]
    assert (first.open_ms, first.trades) == (0, 1)


def test_a_trade_on_the_boundary_closes_the_minute_before():
    board = Board()
    board.add([trade("10", at=MINUTE - 1, seq=1)])
    (closed,) = [one for one in board.add([trade("11", at=MINUTE, seq=2)]) if one.interval == "1m"]
    assert (closed.candle.open_ms, closed.candle.close) == (0, 10)
    assert board.candles["1m"].open_ms == MINUTE


def test_time_that_has_not_come_closes_nothing():
    board = Board()
    board.add([trade("10", at=500)])
    assert board.roll(999) == []
    assert {one.interval for one in board.roll(1_000)} == {"1s"}


def test_telling_the_time_twice_closes_nothing_more():
    board = Board()
    board.add([trade("10", at=0)])
    board.roll(MINUTE)
    assert board.roll(MINUTE) == []


def test_a_board_that_has_seen_nothing_has_nothing_to_close():
    board = Board()
    assert board.roll(10**13) == []
    assert board.candles == {}
