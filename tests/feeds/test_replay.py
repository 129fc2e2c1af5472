"""A recording plays at the pace of then times the speed, whole and in order, whatever the clock does."""

from decimal import Decimal

import pytest

from tests.kit.builders import trade
from tests.kit.record import run_of
from ticker.feeds.replay import AT_ONCE, ReplayFeed, Tape
from ticker.market.pairs import pair_of
from ticker.market.simulation import Conditions
from ticker.market.trades import Side

PAIR = pair_of("SOLUSDT")
NOW = 1_790_000_000_000
CONDITIONS = Conditions(rate=1, volatility=1)


def feed(trades, speed=1.0, seq=100):
    """A feed whose tape has been read to its end."""
    tape = Tape(trades)
    tape.reader.join()
    played = ReplayFeed(PAIR, tape, first_ms=trades[0].time_ms, speed=speed, conditions=CONDITIONS)
    played.go_on(seq=seq, price=Decimal("142"), now_ms=NOW)
    return played, tape


def told(trades):
    return [(one.price, one.qty, one.side) for one in trades]


def test_what_happened_within_a_second_is_played_within_a_second():
    tape = run_of(10, at=5_000, every_ms=500)
    played, _ = feed(tape)
    first, second = played.trades(NOW + 1_000), played.trades(NOW + 2_000)
    assert [one.time_ms - NOW for one in first] == [0, 500, 1_000]
    assert [one.time_ms - NOW for one in second] == [1_500, 2_000]
    assert told(first + second) == told(tape[:5])
    assert [one.seq for one in first + second] == [101, 102, 103, 104, 105]


def test_ten_times_as_fast_ten_times_as_much_happens():
    played, _ = feed(run_of(100, every_ms=1_000), speed=10)
    found = played.trades(NOW + 1_000)
    assert [one.time_ms - NOW for one in found] == list(range(0, 1_001, 100))


def test_while_it_is_halted_the_tape_stands_still():
    played, _ = feed(run_of(10, every_ms=1_000))
    played.trades(NOW + 500)
    played.halt(NOW + 60_000)
    (only,) = played.trades(NOW + 60_600)
    assert (only.seq, only.time_ms) == (102, NOW + 60_500)


def test_after_a_long_pause_nothing_is_left_out_and_no_time_goes_back():
    tape = run_of(100, every_ms=1_000)
    played, _ = feed(tape)
    found, now = [], NOW
    for passed in (900, 50_000, 3_000, *[1_000] * 200):
        now += passed
        found += played.trades(now)
    assert told(found) == told(tape)
    assert [one.time_ms for one in found] == sorted(one.time_ms for one in found)


def test_a_crowd_comes_in_parts_none_of_which_is_older_than_what_was_said():
    tape = run_of(AT_ONCE * 2 + 10, every_ms=0)
    played, over = feed(tape)
    found = []
    for tick in range(1, 5):
        part = played.trades(NOW + tick * 40)
        assert len(part) <= AT_ONCE
        assert all(NOW + (tick - 1) * 40 <= one.time_ms <= NOW + tick * 40 for one in part)
        found += part
    assert told(found) == told(tape)
    assert over.is_over


def test_it_goes_on_behind_another_number_where_the_tape_stands():
    tape = run_of(10, every_ms=1_000)
    played, _ = feed(tape)
    played.trades(NOW + 1_900)
    played.go_on(seq=7, price=Decimal("142"), now_ms=NOW + 9_000)
    (only,) = played.trades(NOW + 9_600)
    assert (only.seq, told([only])) == (8, told(tape[2:3]))


@pytest.mark.parametrize(("side", "bid", "ask"), [(Side.BUY, "141.99", "142"), (Side.SELL, "142", "142.01")])
def test_the_quote_is_where_the_taker_met_it(side, bid, ask):
    played, _ = feed([trade("142", side=side)])
    played.trades(NOW)
    assert (played.quote.bid, played.quote.ask) == (Decimal(bid), Decimal(ask))


def test_what_cannot_be_read_on_ends_the_tape_and_is_told():
    def torn():
        yield from run_of(3, every_ms=0)
        raise OSError("the disk is gone")

    tape = Tape(torn())
    tape.reader.join()
    while not tape.is_over:
        tape.until(10_000)
    assert str(tape.error) == "the disk is gone"
