"""A board in Redis is the board that was put there."""

import msgspec
import pytest
from hypothesis import given, settings

from tests.kit.builders import trade
from tests.kit.runs import runs
from ticker.market.board import Board
from ticker.market.candles import DAY
from ticker.wire import boards


@settings(max_examples=50, deadline=None)
@given(runs(longest_ms=DAY, most=15))
def test_a_board_comes_back_as_it_was(run):
    board = Board(run[0].seq - 1)
    board.add(run)
    found = boards.load(board.seq, boards.dump(board))
    assert (found.seq, found.candles) == (board.seq, board.candles)


@settings(max_examples=50, deadline=None)
@given(runs(longest_ms=60_000, most=15))
def test_it_goes_on_as_if_it_had_never_been_put_away(run):
    board, put_away = Board(run[0].seq - 1), Board(run[0].seq - 1)
    for one in run:
        put_away = boards.load(put_away.seq, boards.dump(put_away))
        assert put_away.add([one]) == board.add([one])


def test_no_text_is_a_board_that_has_seen_nothing():
    found = boards.load(7, b"")
    assert (found.seq, found.candles) == (7, {})


def test_a_row_is_said_in_plain_numbers():
    board = Board()
    board.add([trade("0.0000001", qty="3", at=61_000)])
    assert msgspec.json.decode(boards.dump(board))["1m"] == [
        60_000, "0.0000001", "0.0000001", "0.0000001", "0.0000001", "3", "0.0000003", 1,
    ]  # fmt: skip


def test_what_is_no_board_is_refused():
    with pytest.raises(msgspec.DecodeError):
        boards.load(1, b'{"1m":[1,2]}')
