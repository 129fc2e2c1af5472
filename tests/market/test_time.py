"""Market time follows the wall clock forward and never back."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ticker.market.time import MarketClock

HOUR_MS = 3_600_000

readings = st.lists(st.tuples(st.integers(0, 2**41), st.floats(0, 100)), min_size=2)


@given(readings)
def test_it_never_goes_back_whatever_the_wall_clock_does(found):
    clock, monotonic_s, times = MarketClock(), 0.0, []
    for wall_ms, passed_s in found:
        monotonic_s += passed_s
        times.append(clock.now(wall_ms, monotonic_s))
    assert all(earlier <= later for earlier, later in pairwise(times))


@given(readings)
def test_it_is_never_behind_the_wall_clock(found):
    clock, monotonic_s = MarketClock(), 0.0
    for wall_ms, passed_s in found:
        monotonic_s += passed_s
        assert clock.now(wall_ms, monotonic_s) >= wall_ms


def test_while_the_wall_clock_is_right_it_is_the_wall_clock():
    clock = MarketClock()
    assert [clock.now(1_000_000 + second * 1000, second) for second in range(5)] == [
        1_000_000 + second * 1000 for second in range(5)
    ]


def test_after_the_wall_clock_was_set_back_it_goes_on_more_slowly():
    clock = MarketClock()
    clock.now(HOUR_MS, 0)
    assert clock.now(0, 10) == HOUR_MS + 9_000


def test_the_wall_clock_catches_up_with_it_in_the_end():
    clock = MarketClock()
    clock.now(HOUR_MS, 0)
    assert clock.now(11 * HOUR_MS, 11 * 3_600) == 11 * HOUR_MS


def test_it_jumps_forward_with_the_wall_clock():
    clock = MarketClock()
    clock.now(0, 0)
    assert clock.now(HOUR_MS, 1) == HOUR_MS


def test_it_does_not_begin_before_what_has_already_happened():
    clock = MarketClock()
    clock.not_before(HOUR_MS)
    assert clock.now(0, 0) == HOUR_MS
