"""The newest state of pairs and feed, asked from threads and from event loops alike."""

import pytest
from asgiref.sync import sync_to_async

from tests.kit.record import run_of
from ticker.bus import latest
from ticker.bus import trades as bus
from ticker.bus.latest import FeedState
from ticker.market.errors import Unavailable


async def test_heads_are_the_same_from_threads_and_from_loops(stream):
    await stream.write(run_of(3), time_ms=9_000, trade_ms=8_000)
    heads = await latest.aheads(["SOLUSDT", "NOPEUSDT"])
    assert await sync_to_async(latest.heads)(["SOLUSDT", "NOPEUSDT"]) == heads
    assert list(heads) == ["SOLUSDT"]
    assert (heads["SOLUSDT"].seq, heads["SOLUSDT"].time_ms, heads["SOLUSDT"].trade_ms) == (3, 9_000, 8_000)


async def test_a_stream_without_trades_has_no_ticker_yet(stream):
    (head,) = (await latest.aheads(["SOLUSDT"])).values()
    assert (head.seq, head.trade_ms, head.ticker, head.ticker_seq) == (0, 0, None, 0)


async def test_nothing_is_asked_for_no_pairs(connected):
    assert await latest.aheads([]) == {}


async def test_the_feed_is_what_was_last_told(connected):
    state = FeedState(1_790_000_000_000, "simulated", "here", ("SOLUSDT", "BTCUSDT"))
    await bus.tell_feed(state)
    assert await latest.afeed_state() == state
    assert await sync_to_async(latest.feed_state)() == state


async def test_a_feed_without_pairs_feeds_none(connected):
    await bus.tell_feed(FeedState(1, "simulated", "here"))
    assert (await latest.afeed_state()).symbols == ()


async def test_nobody_feeds_an_empty_redis(connected):
    assert await latest.afeed_state() is None


async def test_a_redis_that_is_there_answers(connected):
    await latest.aping()
    await sync_to_async(latest.ping)()


@pytest.mark.parametrize("ask", [lambda: latest.heads(["SOLUSDT"]), latest.feed_state, latest.ping])
def test_without_redis_threads_are_told_so(ask, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    with pytest.raises(Unavailable):
        ask()


@pytest.mark.parametrize("ask", [lambda: latest.aheads(["SOLUSDT"]), latest.afeed_state, latest.aping])
async def test_without_redis_loops_are_told_so(ask, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    with pytest.raises(Unavailable):
        await ask()
