"""The messages of PROTOCOL version 1, as examples: whatever else changes, clients rely on these."""

import json

import pytest

from tests.kit.builders import candle, trade
from ticker.wire import batches, closing, messages, sse
from ticker.wire.channels import parse
from ticker.wire.limits import Bucket

TRADES, TICKER = parse("trade.SOLUSDT"), parse("ticker.SOLUSDT")
NOW = 1_790_000_000_123
LIMITS = {"channels": 100, "msgs_per_s": 10, "burst": 30, "msg_bytes": 16384}

GOLDEN = [
    (
        messages.hello(conn="c7Qm2", server="8001", time_ms=NOW, hb_ms=10_000, user=None, limits=LIMITS),
        '{"type":"hello","v":1,"conn":"c7Qm2","server":"8001","time":1790000000123,"hb_ms":10000,"user":null,'
        '"limits":{"channels":100,"msgs_per_s":10,"burst":30,"msg_bytes":16384}}',
    ),
    (
        messages.subscribed(TICKER, id=3, throttle=250, epoch="p0w2", seq=88120),
        '{"type":"subscribed","id":3,"ch":"ticker.SOLUSDT","mode":"state","throttle":250,"epoch":"p0w2","seq":88120}',
    ),
    (
        messages.subscribed(TRADES, id=3, throttle=0, epoch="k3x9f1", seq=1050, resume="ok", replay=8),
        '{"type":"subscribed","id":3,"ch":"trade.SOLUSDT","mode":"log","throttle":0,"epoch":"k3x9f1","resume":"ok",'
        '"seq":1050,"replay":8}',
    ),
    (
        messages.subscribed(TRADES, throttle=0, epoch="e2", seq=9, resume="reset", why="epoch", first=5),
        '{"type":"subscribed","ch":"trade.SOLUSDT","mode":"log","throttle":0,"epoch":"e2","resume":"reset",'
        '"why":"epoch","first":5,"seq":9}',
    ),
    (
        messages.snapshot(TICKER, seq=88120, ts=NOW, data=b'{"last":"142.37"}'),
        '{"type":"snapshot","ch":"ticker.SOLUSDT","seq":88120,"ts":1790000000123,"data":{"last":"142.37"}}',
    ),
    (
        messages.Update(
            TRADES,
            from_seq=1051,
            seq=1051,
            ts=NOW,
            pt=NOW + 2,
            data=messages.items([batches.item(trade("142.37", qty="0.9", seq=1051, at=NOW))]),
        ),
        '{"type":"update","ch":"trade.SOLUSDT","seq":1051,"ts":1790000000123,"pt":1790000000125,'
        '"data":[{"id":1051,"p":"142.37","q":"0.9","s":"buy","ts":1790000000123}]}',
    ),
    (
        messages.Update(TICKER, from_seq=88121, seq=88127, ts=NOW, pt=NOW, data=b'{"last":"142.39"}'),
        '{"type":"update","ch":"ticker.SOLUSDT","from":88121,"seq":88127,"ts":1790000000123,"pt":1790000000123,'
        '"data":{"last":"142.39"}}',
    ),
    (messages.unsubscribed("book.SOLUSDT", 4), '{"type":"unsubscribed","id":4,"ch":"book.SOLUSDT"}'),
    (messages.listed(["a.B"], 5), '{"type":"list","id":5,"channels":["a.B"]}'),
    (messages.pong(NOW, 6), '{"type":"pong","id":6,"time":1790000000123}'),
    (
        messages.heartbeat(NOW, {"trade.SOLUSDT": 1051}),
        '{"type":"hb","time":1790000000123,"top":{"trade.SOLUSDT":1051}}',
    ),
    (messages.status(feed="stale", since=NOW), '{"type":"status","feed":"stale","since":1790000000123}'),
    (messages.status(feed="live", filled=37), '{"type":"status","feed":"live","filled":37}'),
    (
        messages.bye(4000, "restart", reconnect=True, after_ms=(0, 5000)),
        '{"type":"bye","code":4000,"reason":"restart","reconnect":true,"after_ms":[0,5000]}',
    ),
    (
        messages.error("unknown_channel", "no channel trade.NOPE", id=3, channel="trade.NOPE"),
        '{"type":"error","id":3,"ch":"trade.NOPE","code":"unknown_channel","retry":false,"msg":"no channel trade.NOPE"}',
    ),
]


@pytest.mark.parametrize(("message", "text"), GOLDEN, ids=lambda value: getattr(value, "kind", ""))
def test_a_message_is_what_the_protocol_promises(message, text):
    assert message.text.decode() == text
    assert message.kind == json.loads(text)["type"]


def test_an_open_candle_is_told_with_its_state():
    value = candle("10", "12", "9", "11", at=60_000, volume="7", quote_volume="70", trades=4)
    assert json.loads(messages.candle(value, closed=False)) == {
        "open_ms": 60_000, "open": "10", "high": "12", "low": "9", "close": "11", "volume": "7", "quote_volume": "70",
        "trades": 4, "closed": False,
    }  # fmt: skip


def test_only_what_moves_a_position_carries_one():
    moved = [message.kind for message, _ in GOLDEN if message.channel]
    assert moved == ["subscribed", "snapshot", "update", "update"]  # of the introductions only the reset


def test_each_encoding_is_made_once():
    message = messages.pong(NOW, None)
    assert message.frame is message.frame
    assert message.event is message.event


def test_a_server_sent_event_carries_the_same_text():
    message = messages.pong(NOW, 6)
    assert message.event == b'event: pong\ndata: {"type":"pong","id":6,"time":1790000000123}\n\n'


def test_no_text_can_break_out_of_a_server_sent_event():
    event = messages.error("bad_param", "one\n\ntwo\r\nevent: bye", id="\r\n\n").event
    assert event.count(b"\n") == 3
    assert b"\r" not in event


def test_a_stream_says_when_to_come_back_and_from_where():
    assert sse.retry(1500) == b"retry: 1500\n\n"
    assert sse.position("a81c20:1,2") == b"id: a81c20:1,2\n\n"


@pytest.mark.parametrize(
    ("goodbye", "reconnect", "after_ms"),
    [
        (closing.RESTART, True, (0, 5_000)),
        (closing.SLOW, True, (0, 5_000)),
        (closing.RATE_LIMITED, True, (5_000, 15_000)),
        (closing.PROTOCOL_ERROR, False, None),
        (closing.TOO_BIG, False, None),
    ],
)
def test_a_close_code_says_by_its_range_whether_to_come_back(goodbye, reconnect, after_ms):
    assert (goodbye.reconnect, goodbye.after_ms) == (reconnect, after_ms)


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate():
    bucket = Bucket(per_s=10, burst=3)
    assert [bucket.take(0.0) for _ in range(4)] == [0, 0, 0, pytest.approx(0.1)]
    assert bucket.take(0.1) == 0


def test_a_bucket_never_saves_more_than_its_burst():
    bucket = Bucket(per_s=10, burst=3)
    bucket.take(0.0)
    assert sum(not bucket.take(1_000.0) for _ in range(100)) == 3
