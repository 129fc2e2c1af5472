"""Runs of trades for Hypothesis, as any feed might bring them."""

from decimal import Decimal

from hypothesis import strategies as st

from tests.kit.builders import trade
from ticker.market.trades import Trade

# The end of a year, a month, a week's Sunday, a leap day, and no boundary at all.
STARTS_MS = [
    1_798_761_597_000,  # 2026-12-31 23:59:57
    1_790_812_799_999,  # 2026-09-30 23:59:59.999
    1_790_553_590_000,  # 2026-09-27 23:59:50, a Sunday
    1_835_481_585_000,  # 2028-02-29 23:59:45
    1_790_000_012_345,
]


@st.composite
def runs(draw: st.DrawFn, longest_ms: int, most: int = 40) -> list[Trade]:
    """Consecutive trades of one pair, with at most so much silence between two of them."""
    short = st.integers(0, min(2_500, longest_ms))
    gaps = draw(st.lists(st.one_of(short, st.integers(0, longest_ms)), min_size=1, max_size=most))
    at, seq = draw(st.sampled_from(STARTS_MS)), draw(st.integers(1, 10**6))
    found = []
    for gap in gaps:
        at, price, qty = at + gap, draw(st.integers(1, 99_999)), draw(st.integers(1, 10**6))
        found.append(trade(price * Decimal("0.01"), qty=qty * Decimal("0.001"), at=at, seq=seq))
        seq += 1
    return found


@st.composite
def parts_of(draw: st.DrawFn, run: list[Trade]) -> list[list[Trade]]:
    """The same trades cut into batches anywhere."""
    cuts = sorted(draw(st.sets(st.integers(1, len(run)), max_size=8)) | {len(run)})
    return [run[first:last] for first, last in zip([0, *cuts], cuts, strict=False)]
