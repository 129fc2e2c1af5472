"""Whatever happens to Redis in between, each trade is in the stream once and in order."""

from decimal import Decimal

import pytest

from tests.kit.builders import candle
from tests.kit.record import run_of
from tests.kit.streams import empty, seqs, written
from ticker.bus import groups as groups_bus
from ticker.bus import trades as bus
from ticker.bus.locks import Lease
from ticker.bus.redis import key
from ticker.market.board import Board
from ticker.market.candles import fold
from ticker.market.errors import Unavailable
from ticker.market.trades import Quote
from ticker.services.recording import Recorded
from ticker.wire import batches, boards, groups
from ticker.workers.publisher import Publisher

QUOTE = Quote(Decimal("141.99"), Decimal("142.01"))
AT = 1_790_000_000_000


def nothing():
    return Recorded(0, [], Board())


def run(count, first=1):
    return run_of(count, first=first, at=AT + first * 1_000)


def publisher(lease, **changes):
    return Publisher("SOLUSDT", lease, **({"longest": 1_000, "wall_ms": lambda: AT} | changes))


async def publish(one, trades):
    await one.publish(trades, QUOTE, trades[-1].time_ms if trades else AT + 3_600_000)


@pytest.fixture
async def opened(lease):
    one = publisher(lease)
    await one.open(nothing())
    return one


@pytest.fixture
def lost_answers(monkeypatch):
    """Switch on: everything is written, and no answer arrives."""
    append, lost = bus.append, []

    async def unanswered(*args, **kwargs):
        number = await append(*args, **kwargs)
        if lost:
            raise Unavailable("the connection was cut")
        return number

    monkeypatch.setattr(bus, "append", unanswered)
    return lost


@pytest.fixture
def away(monkeypatch):
    """Switch on: nothing is written."""
    append, gone = bus.append, []

    async def refused(*args, **kwargs):
        if gone:
            raise Unavailable("Redis does not answer")
        return await append(*args, **kwargs)

    monkeypatch.setattr(bus, "append", refused)
    return gone


# --- Opening ---------------------------------------------------------------------------------------


async def test_a_new_market_begins_at_one(connected, opened):
    assert (opened.seq, opened.last_price) == (0, None)
    await publish(opened, run(3))
    assert written(connected) == run(3)


async def test_a_new_market_with_a_past_begins_at_its_last_price(lease):
    one = publisher(lease)
    await one.open(Recorded(0, [candle("140", close="142", at=AT - 60_000)], Board()))
    assert one.last_price == 142


async def test_the_next_publisher_goes_on_where_the_stream_stands(connected, lease, opened):
    await publish(opened, run(3))
    successor = publisher(lease)
    head = await successor.open(nothing())
    assert (head.seq, successor.seq, successor.last_price) == (3, 3, run(3)[-1].price)
    await publish(successor, run(2, first=4))
    assert written(connected) == [*run(3), *run(2, first=4)]


async def test_the_next_publisher_holds_the_same_day_and_board(lease, opened):
    await publish(opened, run(30))
    recorded = Recorded(10, list(fold(run(10), "1m")), Board())
    successor = publisher(lease)
    await successor.open(recorded)
    await publish(opened, run(5, first=31))
    one, _ = await bus.newest("SOLUSDT", 1)
    successor.doubt()
    with pytest.raises(bus.Moved):
        await successor.reopen(0)
    await successor.open(recorded)
    await publish(successor, [])
    other, _ = await bus.newest("SOLUSDT", 1)
    assert other.ticker == one.ticker


async def test_what_redis_lost_goes_on_behind_the_record(connected, lease, opened):
    await publish(opened, run(10))
    before, _ = await bus.newest("SOLUSDT", 1)
    empty(connected)
    await lease.acquire()
    board = Board()
    board.add(run(7))
    successor = publisher(lease)
    head = await successor.open(Recorded(7, list(fold(run(7), "1m")), board))
    assert (head.seq, successor.seq) == (7, 7)
    assert head.epoch != before.epoch
    await publish(successor, run(2, first=8))
    assert written(connected) == run(2, first=8)
    after, _ = await bus.newest("SOLUSDT", 1)
    assert boards.load(after.seq, after.board).candles["1d"].trades == 9


# --- Trouble ---------------------------------------------------------------------------------------


async def test_an_answer_that_was_lost_does_not_write_twice(connected, opened, lost_answers):
    lost_answers.append(True)
    with pytest.raises(Unavailable):
        await publish(opened, run(3))
    lost_answers.clear()
    assert opened.is_behind
    await opened.reopen(0)
    assert not opened.is_behind
    await publish(opened, run(2, first=4))
    assert written(connected) == [*run(3), *run(2, first=4)]


async def test_what_could_not_be_written_is_written_next(connected, opened, away):
    await publish(opened, run(3))
    away.append(True)
    with pytest.raises(Unavailable):
        await publish(opened, run(2, first=4))
    away.clear()
    await opened.reopen(0)
    assert opened.is_behind
    await publish(opened, [])
    assert written(connected) == [*run(3), *run(2, first=4)]
    assert not opened.is_behind


async def test_what_a_redis_without_its_data_forgot_is_written_again(connected, lease, opened):
    await publish(opened, run(10))
    before, _ = await bus.newest("SOLUSDT", 1)
    empty(connected)
    await lease.acquire()
    await opened.reopen(recorded_seq=4)
    await publish(opened, run(2, first=11))
    after, _ = await bus.newest("SOLUSDT", 1)
    assert after.epoch != before.epoch
    assert written(connected)[-8:] == [*run(10)[4:], *run(2, first=11)]


async def test_with_nothing_recorded_all_that_is_remembered_is_written_again(connected, lease, opened):
    await publish(opened, run(10))
    empty(connected)
    await lease.acquire()
    await opened.reopen(recorded_seq=0)
    await publish(opened, [])
    assert written(connected) == run(10)


async def test_a_redis_that_went_back_a_little_is_brought_up_to_date(connected, opened):
    await publish(opened, run(5))
    head, stream = connected.hgetall(key("head", "SOLUSDT")), connected.dump(key("trades", "SOLUSDT"))
    await publish(opened, run(3, first=6))
    connected.restore(key("trades", "SOLUSDT"), 0, stream, replace=True)
    connected.hset(key("head", "SOLUSDT"), mapping=head)
    opened.doubt()
    await opened.reopen(recorded_seq=2)
    await publish(opened, [])
    assert written(connected) == [*run(5), *run(3, first=6)]


async def test_a_stream_that_somebody_else_wrote_is_not_gone_on_with(lease, opened):
    other = publisher(lease)
    await other.open(nothing())
    await publish(other, run(3))
    with pytest.raises(bus.Moved):
        await publish(opened, run(1))
    with pytest.raises(bus.Moved):
        await opened.reopen(0)


async def test_a_full_stream_takes_it_when_the_recorder_has_made_room(connected, lease):
    one = publisher(lease, longest=3)
    await one.open(nothing())
    await publish(one, run(3))
    with pytest.raises(bus.Full):
        await publish(one, run(2, first=4))
    assert one.is_behind and one.is_sure
    connected.xtrim(key("trades", "SOLUSDT"), maxlen=1, approximate=False)
    await publish(one, [])
    assert seqs(written(connected)) == [3, 4, 5]


async def test_a_fenced_publisher_writes_nothing(connected, lease, opened):
    stale = lease.token
    await lease.release()
    await Lease("feed", owner="another").acquire()
    lease.token = stale
    with pytest.raises(bus.Fenced):
        await publish(opened, run(1))
    assert written(connected) == []


# --- Telling ---------------------------------------------------------------------------------------


async def test_the_group_hears_what_was_written(opened):
    ear = groups_bus.Ear()
    await ear.join(groups.of_pair("SOLUSDT"))
    await publish(opened, run(3))
    heard = batches.load((await ear.hear())["text"])
    assert (heard.from_, heard.seq, heard.ticker_seq) == (1, 3, 1)
    assert batches.trades("SOLUSDT", heard.trades) == run(3)


async def test_a_batch_without_trades_covers_nothing(opened):
    ear = groups_bus.Ear()
    await ear.join(groups.of_pair("SOLUSDT"))
    await publish(opened, run(3))
    await publish(opened, [])
    await ear.hear()
    heard = batches.load((await ear.hear())["text"])
    assert (heard.from_, heard.seq, heard.trades) == (4, 3, [])


async def test_a_group_that_cannot_be_told_loses_nothing(connected, opened, monkeypatch, caplog):
    async def away(*args, **kwargs):
        raise Unavailable("Redis does not answer")

    monkeypatch.setattr(groups_bus, "send", away)
    await publish(opened, run(3))
    await publish(opened, run(2, first=4))
    assert seqs(written(connected)) == [1, 2, 3, 4, 5]
    assert "was not told of trade 3" in caplog.text


async def test_the_head_carries_the_ticker_and_the_board_of_its_trades(opened):
    await publish(opened, run(5))
    head, _ = await bus.newest("SOLUSDT", 1)
    board = Board()
    board.add(run(5))
    assert boards.load(head.seq, head.board).candles == board.candles
    assert head.ticker["last"] == format(run(5)[-1].price, "f")
