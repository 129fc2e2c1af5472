"""The tickers of all pairs change under one number, and only in the hands of the one feed."""

import pytest
import pytest_asyncio

from ticker.bus import latest, tickers
from ticker.bus.locks import Lease
from ticker.bus.trades import Fenced
from ticker.workers.tickers import Tickers


@pytest_asyncio.fixture
async def lease(connected):
    lease = Lease("feed", owner="test")
    assert await lease.acquire()
    return lease


async def test_what_changed_is_added_to_what_was(lease):
    told = Tickers(lease)
    await told.tell({"SOLUSDT": b'{"last":"1"}', "BTCUSDT": b'{"last":"1"}'}, time_ms=5)
    await told.tell({"SOLUSDT": b'{"last":"2"}', "BTCUSDT": b'{"last":"1"}'}, time_ms=6)
    epoch, seq, time_ms, found = await tickers.read()
    assert (seq, time_ms) == (2, 6)
    assert found == {"SOLUSDT": b'{"last":"2"}', "BTCUSDT": b'{"last":"1"}'}
    assert await latest.tails([tickers.head_of()]) == {tickers.head_of(): latest.Tail(epoch, 2)}


async def test_nothing_is_told_where_nothing_changed(lease):
    told = Tickers(lease)
    for _ in range(3):
        await told.tell({"SOLUSDT": b"{}"}, time_ms=5)
    assert (await tickers.read())[1] == 1


async def test_a_pair_that_is_gone_is_not_among_them(lease):
    told = Tickers(lease)
    await told.tell({"SOLUSDT": b"{}", "BTCUSDT": b"{}"}, time_ms=5)
    await told.tell({"SOLUSDT": b"{}"}, time_ms=6)
    assert (await tickers.read())[3] == {"SOLUSDT": b"{}"}


async def test_what_an_earlier_feed_left_behind_is_replaced(lease):
    await Tickers(lease).tell({"OLDUSDT": b"{}"}, time_ms=5)
    await Tickers(lease).tell({"SOLUSDT": b"{}"}, time_ms=6)
    epoch, seq, _, found = await tickers.read()
    assert (bool(epoch), seq, found) == (True, 2, {"SOLUSDT": b"{}"})


async def test_whoever_lost_the_lease_tells_nothing(lease):
    told = Tickers(lease)
    await told.tell({"SOLUSDT": b"{}"}, time_ms=5)
    await lease.release()
    assert await Lease("feed", owner="other").acquire()
    with pytest.raises(Fenced):
        await told.tell({"SOLUSDT": b'{"last":"2"}'}, time_ms=6)
    assert (await tickers.read())[3] == {"SOLUSDT": b"{}"}
