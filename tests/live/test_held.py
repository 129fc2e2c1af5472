"""What a client that cannot follow gets once it can: less, but nothing that looks like loss."""

import json

from ticker.live.held import Held
from ticker.wire import messages
from ticker.wire.channels import Channel
from ticker.wire.messages import Message, Update

TICKER = Channel("ticker.SOLUSDT", "ticker", "pair.SOLUSDT", "SOLUSDT")
TRADE = Channel("trade.SOLUSDT", "trade", "pair.SOLUSDT", "SOLUSDT")
CANDLE = Channel("candle.SOLUSDT.1m", "candle", "pair.SOLUSDT", "SOLUSDT", "1m")


def news(channel: Channel, seq: int, *, final: bool = False) -> Update:
    return messages.Update(channel, from_seq=seq, seq=seq, ts=seq, pt=seq, data=b"%d" % seq, final=final)


def held(*said: Message) -> list[tuple[int, int]]:
    waiting = Held(encoded)
    for message in said:
        waiting.add(message)
    size = waiting.size
    taken = waiting.take()
    assert size <= len(taken.data)  # states are weighed by their text
    assert not waiting
    found = [json.loads(line) for line in taken.data.splitlines()]
    assert taken.count == len(found)
    return [(one.get("from", one["seq"]), one["seq"]) for one in found]


def encoded(message: Message) -> bytes:
    return message.text + b"\n"


def test_of_a_state_only_the_newest_is_held_and_it_covers_the_others():
    assert held(*(news(TICKER, seq) for seq in range(5, 9))) == [(5, 8)]


def test_a_log_is_held_in_order_and_whole():
    assert held(*(news(TRADE, seq) for seq in range(5, 9))) == [(5, 5), (6, 6), (7, 7), (8, 8)]


def test_a_closed_candle_is_held_although_newer_ones_come():
    said = [news(CANDLE, 5), news(CANDLE, 6, final=True), news(CANDLE, 7), news(CANDLE, 8)]
    assert held(*said) == [(5, 6), (7, 8)]


def test_a_merged_message_says_in_its_text_what_it_covers():
    waiting = Held(encoded)
    waiting.add(news(TICKER, 5))
    waiting.add(news(TICKER, 6))
    assert waiting.take().data == encoded(messages.Update(TICKER, from_seq=5, seq=6, ts=6, pt=6, data=b"6"))


def test_other_messages_keep_their_place():
    waiting = Held(encoded)
    for message in (news(TRADE, 3), news(TICKER, 5), messages.pong(1, 7), news(TICKER, 6), news(TRADE, 4)):
        waiting.add(message)
    taken = waiting.take()
    kinds = [(json.loads(line)["type"], json.loads(line).get("seq")) for line in taken.data.splitlines()]
    assert kinds == [("update", 3), ("pong", None), ("update", 6), ("update", 4)]
    assert taken.seqs == {TRADE: 4, TICKER: 6}
    assert (waiting.size, waiting.take().data) == (0, b"")


def test_of_a_state_of_many_parts_each_part_is_held():
    everything = Channel("ticker.all", "tickers", "tickers")
    waiting = Held(encoded)
    for seq, parts in enumerate([{"A": b"1", "B": b"1"}, {"B": b"2"}, {"C": b"1"}], 5):
        update = messages.Update(everything, from_seq=seq, seq=seq, ts=0, pt=0, data=messages.parts(parts), parts=parts)
        waiting.add(update)
    (line,) = waiting.take().data.splitlines()
    told = json.loads(line)
    assert (told["from"], told["seq"], told["data"]) == (5, 7, {"A": 1, "B": 2, "C": 1})


def test_nothing_is_merged_across_an_introduction():
    snapshot = messages.snapshot(TICKER, seq=3, ts=0, data=b"3")
    waiting = Held(encoded)
    for message in (news(TICKER, 100), snapshot, news(TICKER, 4), news(TICKER, 5)):
        waiting.add(message)
    told = [json.loads(line) for line in waiting.take().data.splitlines()]
    assert [(one["type"], one.get("from"), one["seq"]) for one in told] == [
        ("update", None, 100),
        ("snapshot", None, 3),
        ("update", 4, 5),
    ]
