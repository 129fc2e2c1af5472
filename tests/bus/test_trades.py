"""The stream is the truth: what is appended is contiguous, or refused as a whole."""

import asyncio

import pytest

from tests.kit.record import run_of
from tests.kit.streams import Stream, empty, seqs, written
from ticker.bus import groups as groups_bus
from ticker.bus import latest
from ticker.bus import trades as bus
from ticker.bus.locks import Lease
from ticker.bus.redis import key
from ticker.market.errors import Unavailable
from ticker.wire import batches, groups
from ticker.wire.batches import Batch


async def test_what_is_appended_is_read_back(connected, stream):
    await stream.write(run_of(3))
    await stream.write(run_of(2, first=4))
    assert written(connected) == [*run_of(3), *run_of(2, first=4)]


async def test_the_head_moves_with_the_trades(stream):
    await stream.write(run_of(3, at=5_000), time_ms=9_000, board=b"b")
    head, entries = await bus.newest("SOLUSDT", 10)
    assert (head.epoch, head.seq, head.time_ms, head.trade_ms) == (stream.epoch, 3, 9_000, 7_000)
    assert (head.ticker, head.ticker_seq, head.board) == ({"last": "1"}, 1, b"b")
    assert [seq for seq, _ in entries] == [1, 2, 3]


async def test_without_trades_only_time_passes(connected, stream):
    await stream.write(run_of(3))
    assert await stream.write([], time_ms=60_000) == 1  # the ticker's number stays
    head, _ = await bus.newest("SOLUSDT", 1)
    assert (head.seq, head.time_ms) == (3, 60_000)
    assert seqs(written(connected)) == [1, 2, 3]


@pytest.mark.parametrize("from_seq", [1, 3, 5, 40])
async def test_a_batch_that_does_not_follow_is_refused_as_a_whole(connected, stream, from_seq):
    await stream.write(run_of(3))
    with pytest.raises(bus.Moved, match="stands at 3"):
        await stream.write(run_of(2, first=from_seq), from_seq=from_seq)
    assert written(connected) == run_of(3)


async def test_a_batch_of_another_epoch_is_refused(connected, stream):
    with pytest.raises(bus.Moved):
        await stream.write(run_of(1), epoch="another")
    assert written(connected) == []


async def test_a_stream_that_nobody_opened_takes_nothing(connected, lease):
    with pytest.raises(bus.Moved):
        await Stream("BTCUSDT", lease).write(run_of(1))
    assert written(connected, "BTCUSDT") == []


async def test_who_has_lost_the_lease_can_neither_write_nor_open(connected, stream):
    stale = stream.lease.token
    await stream.lease.release()
    assert await Lease("feed", owner="another").acquire()
    with pytest.raises(bus.Fenced):
        await stream.write(run_of(1), token=stale)
    with pytest.raises(bus.Fenced):
        await bus.open_stream("SOLUSDT", recorded_seq=0, fence=stream.lease.fence, token=stale)
    assert written(connected) == []


async def test_of_two_writers_only_the_newest_writes(connected, stream):
    stale = stream.lease.token
    await stream.lease.release()
    newer = Stream("SOLUSDT", Lease("feed", owner="another"))
    await newer.lease.acquire()
    await newer.open()
    results = await asyncio.gather(
        *(stream.write(run_of(1), token=stale) for _ in range(10)), newer.write(run_of(5)), return_exceptions=True
    )
    assert [type(result) for result in results] == [bus.Fenced] * 10 + [int]
    assert written(connected) == run_of(5)


async def test_a_full_stream_takes_no_more_trades_but_lets_time_pass(connected, stream):
    await stream.write(run_of(5), longest=5)
    with pytest.raises(bus.Full):
        await stream.write(run_of(1, first=6), longest=5)
    await stream.write([], time_ms=60_000, longest=5)
    assert seqs(written(connected)) == [1, 2, 3, 4, 5]


async def test_an_opened_stream_stands_where_it_stood(stream):
    await stream.write(run_of(3))
    head = await stream.open(recorded_seq=2)
    assert (head.seq, head.epoch) == (3, stream.epoch)


async def test_opening_twice_keeps_the_epoch(stream):
    before = stream.epoch
    assert (await stream.open()).epoch == before


async def test_what_redis_lost_but_the_record_has_begins_a_new_epoch_behind_it(connected, stream):
    await stream.write(run_of(3))
    before = stream.epoch
    empty(connected)
    await stream.lease.acquire()
    head = await stream.open(recorded_seq=3)
    assert (head.seq, head.ticker, head.board) == (3, None, b"")
    assert head.epoch != before


async def test_a_redis_that_went_back_behind_the_record_begins_anew(connected, stream):
    await stream.write(run_of(3))
    before = stream.epoch
    assert (await stream.open(recorded_seq=10)).epoch != before
    await stream.write(run_of(1, first=11))
    assert seqs(written(connected)) == [11]


async def test_what_comes_after_a_position_is_read_in_order(stream):
    await stream.write(run_of(9))
    head, entries = await bus.after("SOLUSDT", 4, 3)
    assert (head.seq, [seq for seq, _ in entries]) == (9, [5, 6, 7])


async def test_tails_are_known_of_what_exists_only(stream):
    await stream.write(run_of(2))
    here, nowhere = bus.head_of("SOLUSDT"), bus.head_of("NOPEUSDT")
    assert await latest.tails([here, nowhere]) == {here: latest.Tail(stream.epoch, 2)}


async def test_an_emptied_stream_goes_on_in_its_numbers(connected, stream):
    await stream.write(run_of(300))
    connected.xtrim(key("trades", "SOLUSDT"), maxlen=0, approximate=False)
    await stream.write(run_of(1, first=301))
    assert seqs(written(connected)) == [301]


async def test_a_batch_is_announced_to_whoever_joined_the_group(stream):
    ear = groups_bus.Ear()
    await ear.join(groups.of_pair("SOLUSDT"))
    batch = Batch("SOLUSDT", stream.epoch, 1, 0, 5, 6, [], 1, batches.msgspec.Raw(b"null"))
    await bus.announce(batch)
    heard = await ear.hear()
    assert heard["group"] == "pair.SOLUSDT"
    assert batches.load(heard["text"]).t == 5


async def test_without_redis_it_is_unavailable(redis, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    with pytest.raises(Unavailable):
        await bus.newest("SOLUSDT", 1)
