"""A cursor brings a client back to where it was, and to nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticker.wire import cursors
from ticker.wire.channels import parse

CHANNELS = [parse("trade.SOLUSDT"), parse("ticker.BTCUSDT"), parse("candle.SOLUSDT.1m")]
EPOCHS = ["k3x9f1", "p0w2", "k3x9f1"]  # of each channel's source

seqs = st.lists(st.integers(0, 2**63 - 1), min_size=3, max_size=3)


@given(seqs)
def test_what_was_dumped_is_loaded(found):
    assert cursors.load(cursors.dump(CHANNELS, EPOCHS, found), CHANNELS, EPOCHS) == found


@given(seqs)
def test_a_cursor_is_safe_in_an_address_and_a_header(found):
    assert set(cursors.dump(CHANNELS, EPOCHS, found)) <= set("0123456789abcdef:,")


@pytest.mark.parametrize("channels", [CHANNELS[:2], CHANNELS[::-1], [*CHANNELS[:2], parse("candle.SOLUSDT.5m")]])
def test_a_cursor_of_other_channels_is_outdated(channels):
    cursor = cursors.dump(CHANNELS, EPOCHS, [1, 2, 3])
    assert cursors.load(cursor, channels, EPOCHS[: len(channels)]) is None


def test_a_cursor_of_another_epoch_is_outdated():
    cursor = cursors.dump(CHANNELS, EPOCHS, [1, 2, 3])
    assert cursors.load(cursor, CHANNELS, ["k3x9f1", "new", "k3x9f1"]) is None


def test_a_cursor_with_too_few_or_too_large_numbers_is_outdated():
    hashed = cursors.dump(CHANNELS, EPOCHS, [1, 2, 3]).partition(":")[0]
    assert cursors.load(f"{hashed}:1,2", CHANNELS, EPOCHS) is None
    assert cursors.load(f"{hashed}:1,2,{2**63}", CHANNELS, EPOCHS) is None


@pytest.mark.parametrize(
    "garbage",
    [
        "", ":", "a81c20:1", "0123456789ab", "0123456789ab:", "0123456789ab:,", "0123456789ab:1,", "0123456789ab:-1",
        "0123456789AB:1", "0123456789ab:1 ", "0123456789ab:1\n", "0123456789ab:٣", "0123456789ab:1.0",
        "0123456789ab:" + "9" * 20, "0" * 10_000, "0123456789ab:1;drop table",
    ],
)  # fmt: skip
def test_garbage_is_refused(garbage):
    with pytest.raises(ValueError, match="no cursor"):
        cursors.load(garbage, CHANNELS, EPOCHS)


@given(st.text(max_size=60))
def test_whatever_is_loaded_gives_positions_nothing_or_a_refusal(text):
    try:
        found = cursors.load(text, CHANNELS, EPOCHS)
    except ValueError:
        return
    assert found is None or len(found) == len(CHANNELS)
