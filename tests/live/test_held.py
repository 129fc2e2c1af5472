"""What a client that cannot follow gets once it can: less, but nothing that looks like loss."""

from ticker.live.held import Held
from ticker.wire import messages
from ticker.wire.channels import Channel
from ticker.wire.messages import Message, Update

TICKER = Channel("ticker.SOLUSDT", "ticker", "pair.SOLUSDT", "SOLUSDT")
TRADE = Channel("trade.SOLUSDT", "trade", "pair.SOLUSDT", "SOLUSDT")
CANDLE = Channel("candle.SOLUSDT.1m", "candle", "pair.SOLUSDT", "SOLUSDT", "1m")


def news(channel: Channel, seq: int, *, final: bool = False) -> Update:
    return messages.update(channel, from_seq=seq, seq=seq, ts=seq, pt=seq, data=b"%d" % seq, final=final)


def held(*said: Message) -> list[tuple[int, int]]:
    waiting = Held()
    for message in said:
        waiting.add(message)
    assert waiting.size == sum(len(message.text) for message in waiting._messages.values())
    return [(message.from_seq, message.seq) for message in waiting.take() if isinstance(message, Update)]


def test_of_a_state_only_the_newest_is_held_and_it_covers_the_others():
    assert held(*(news(TICKER, seq) for seq in range(5, 9))) == [(5, 8)]


def test_a_log_is_held_in_order_and_whole():
    assert held(*(news(TRADE, seq) for seq in range(5, 9))) == [(5, 5), (6, 6), (7, 7), (8, 8)]


def test_a_closed_candle_is_held_although_newer_ones_come():
    said = [news(CANDLE, 5), news(CANDLE, 6, final=True), news(CANDLE, 7), news(CANDLE, 8)]
    assert held(*said) == [(5, 6), (7, 8)]


def test_a_merged_message_says_in_its_text_what_it_covers():
    waiting = Held()
    waiting.add(news(TICKER, 5))
    waiting.add(news(TICKER, 6))
    assert waiting.take()[0].text == messages.update(TICKER, from_seq=5, seq=6, ts=6, pt=6, data=b"6").text


def test_other_messages_keep_their_place():
    waiting = Held()
    waiting.add(news(TICKER, 5))
    waiting.add(messages.pong(1, 7))
    waiting.add(news(TICKER, 6))
    assert [message.kind for message in waiting.take()] == ["pong", "update"]
    assert len(waiting) == 0
    assert waiting.size == 0


def test_of_a_state_of_many_parts_each_part_is_held():
    everything = Channel("ticker.all", "tickers", "tickers")
    waiting = Held()
    for seq, parts in enumerate([{"A": b"1", "B": b"1"}, {"B": b"2"}, {"C": b"1"}], 5):
        update = messages.update(everything, from_seq=seq, seq=seq, ts=0, pt=0, data=messages.parts(parts), parts=parts)
        waiting.add(update)
    (message,) = waiting.take()
    assert (message.from_seq, message.seq, message.data) == (5, 7, b'{"A":1,"B":2,"C":1}')
