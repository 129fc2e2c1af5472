import json

import pytest

from bench.counting import Counter, Frames, Sample, percentile, text_frame
from bench.dialects import OURS, SOCKET_IO, TEXTBOOK, WS
from tests.kit.builders import trade
from ticker.market.trades import Side
from ticker.wire import batches, frames, messages
from ticker.wire.channels import Channel

TRADES = [trade("142.35", qty="0.9", at=1_790_000_000_000 + number, seq=number, side=Side.SELL) for number in (1, 2, 3)]


def chunks(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def ours() -> bytes:
    """What our server writes for these trades."""
    channel = Channel("trade.SOLUSDT", "trade", "SOLUSDT")
    return b"".join(
        messages.Update(
            channel, from_seq=one.seq, seq=one.seq, ts=one.time_ms, pt=one.time_ms + 5, data=b"[%b]" % batches.item(one)
        ).frame
        for one in TRADES
    )


@pytest.mark.parametrize("size", [1, 2, 7, 15, 16, 200, 10_000])
def test_each_trade_is_counted_once_wherever_the_stream_is_cut(size):
    counter = Counter(OURS.trade)
    assert sum(counter.count(chunk) for chunk in chunks(ours(), size)) == 3


@pytest.mark.parametrize("size", [1, 3, 126, 10_000])
def test_messages_are_taken_out_of_a_stream_wherever_it_is_cut(size):
    said = [b"", b"short", b"x" * 126, b"y" * 70_000]
    stream = b"".join(frames.frame(frames.TEXT, payload) for payload in said)
    taken = Frames()
    found = [frame for chunk in chunks(stream, size) for frame in taken.take(chunk)]
    assert found == [(frames.TEXT, payload) for payload in said]


def test_the_age_of_a_trade_counts_from_when_it_happened():
    sample = Sample()
    for _, payload in Frames().take(ours()):
        sample.add(payload, 1_790_000_000_010.0)
    assert sample.ages_ms == [9, 8, 7]


def test_what_holds_no_trade_is_no_sample():
    sample = Sample()
    sample.add(messages.heartbeat(1_790_000_000_000, {"trade.SOLUSDT": 3}).text, 0.0)
    sample.add(b"Hello! Message From Server!!", 0.0)
    assert not sample.ages_ms


def test_a_trade_that_never_comes_is_missed_also_across_a_restart():
    sample = Sample()
    for seq in (1, 2):
        sample.add(b'{"seq":%d,"ts":0}' % seq, 1.0)
    sample.restart()
    for seq in (5, 6, 8):
        sample.add(b'{"seq":%d,"ts":0}' % seq, 1.0)
    assert sample.missing == 3
    assert len(sample.ages_ms) == 3


def test_every_server_says_a_trade_in_its_dialect_once():
    said = '{"type":"update","ch":"trade.SOLUSDT","seq":1,"ts":2,"pt":2,"data":[{"id":1}]}'
    by_dialect = {
        OURS: said,
        WS: said,
        TEXTBOOK: json.dumps(json.loads(said)),
        SOCKET_IO: f'42["trade",{said}]',
    }
    for dialect, text in by_dialect.items():
        assert Counter(dialect.trade).count(text.encode() * 2) == 2
        sample = Sample()
        sample.add(text.encode(), 3.0)
        assert sample.ages_ms == [1]


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 50), (99, 99), (100, 100)])
def test_a_percentile_is_one_of_the_values(percent, value):
    assert percentile(range(1, 101), percent) == value


def test_nothing_measured_has_no_percentile():
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 50)


@pytest.mark.parametrize("size", [0, 40, 125, 126, 300])
def test_a_text_of_a_client_is_masked(size):
    frame = text_frame(b"x" * size)
    assert frame[0] == 0x81
    assert frame[1] & 0x80
    assert frame.endswith(bytes(4) + b"x" * size)
    assert len(frame) == size + (6 if size < 126 else 8)
