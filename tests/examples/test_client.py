"""The Python client against a server that breaks in every way the protocol knows."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from examples import tradedash_client
from examples.tradedash_client import Closed, Following, Market, Missing, NotPublished, Refused, connect
from tests.examples.exchange import LOG, STATE, Exchange, exchange, ids

OTHER = "candle.SOLUSDT.1m"


@pytest.fixture(autouse=True)
def endings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """How connections ended. The waits after them are counted, not sat out; silences are short."""
    seen: list[Any] = []
    wait_after = tradedash_client.wait_after

    def at_once(ending: Any, attempt: int) -> float | None:
        seen.append(ending)
        return None if wait_after(ending, attempt) is None else 0.0

    monkeypatch.setattr(tradedash_client, "wait_after", at_once)
    monkeypatch.setattr(tradedash_client, "THROTTLED_S", 0.01)
    monkeypatch.setattr(tradedash_client, "RECORDED_S", 0.01)
    return seen


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Exchange]:
    async with exchange() as opened:
        yield opened


@pytest_asyncio.fixture
async def market(server: Exchange, told: list[Missing]) -> AsyncIterator[Market]:
    async with connect(server.url, missing=told.append) as market:
        yield market


@pytest.fixture
def told() -> list[Missing]:
    """What the client could not have."""
    return []


async def take(following: Following, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(20):
        return [await anext(following) for _ in range(count)]


async def followed(server: Exchange, market: Market, channel: str = LOG, **options: Any) -> Following:
    """A reader that stands at the channel's newest."""
    following = market.follow(channel, **options)
    await server.followed(channel)
    return following


# --- The five rules --------------------------------------------------------------------------------


async def test_trades_come_in_order_from_now_on(server: Exchange, market: Market):
    await server.trade(3)
    trades = await followed(server, market)
    await server.trade(2)
    await server.trade(4, batch=2)
    assert ids(await take(trades, 6)) == [4, 5, 6, 7, 8, 9]


async def test_nothing_is_missed_and_nothing_doubled_when_a_connection_breaks(server: Exchange, market: Market):
    trades = await followed(server, market)
    heard: list[int] = []
    for _ in range(3):
        await server.trade(2)
        heard += ids(await take(trades, 2))
        await server.cut()
        await server.trade(2)
        await server.followed(LOG)
        assert server.asked[-1]["channels"] == [{"ch": LOG, "epoch": "e1", "seq": heard[-1]}]
        heard += ids(await take(trades, 2))
    assert heard == list(range(1, 13))


async def test_what_is_known_is_dropped_or_trimmed(server: Exchange, market: Market):
    trades = await followed(server, market)
    await server.trade(4)
    await server.update(2, 3)
    await server.update(3, 6)
    await server.update(7, 7)
    assert ids(await take(trades, 7)) == [1, 2, 3, 4, 5, 6, 7]
    assert len(server.asked) == 1


async def test_a_hole_is_asked_for(server: Exchange, market: Market, told: list[Missing]):
    trades = await followed(server, market)
    await server.trade(2)
    await server.trade(3, is_lost=True)
    await server.trade(2)
    assert ids(await take(trades, 7)) == list(range(1, 8))
    assert server.asked[-1]["channels"] == [{"ch": LOG, "epoch": "e1", "seq": 2}]
    assert not told


async def test_too_few_items_are_a_hole(server: Exchange, market: Market):
    trades = await followed(server, market)
    await server.trade(3, is_lost=True)
    await server.update(1, 3, items=[{"id": 1}, {"id": 3}])
    assert ids(await take(trades, 3)) == [1, 2, 3]


async def test_what_the_server_does_not_replay_is_read_over_rest(server: Exchange, market: Market):
    trades = await followed(server, market)
    server.replays = False
    await server.trade(9, is_lost=True)
    await server.trade(1)
    await server.until(lambda: len(server.asked) == 2)
    await server.trade(1)
    assert ids(await take(trades, 11)) == list(range(1, 12))


async def test_the_loss_of_the_last_message_is_seen_by_the_heartbeat(server: Exchange, market: Market):
    trades = await followed(server, market)
    await server.trade(2, is_lost=True)
    await server.say({"type": "hb", "time": 1, "top": {LOG: 2, "trade.ELSE": 7}})
    assert ids(await take(trades, 2)) == [1, 2]


async def test_what_is_not_known_is_ignored(server: Exchange, market: Market):
    trades = await followed(server, market)
    for message in [{"type": "news"}, {"type": "update", "ch": "trade.ELSE", "seq": 1}, {"type": "flow"}, {}, 7, [1]]:
        await server.say(message)  # type: ignore[arg-type]
    await server.say({"type": "hb", "time": 1, "mood": "good"})
    await server.trade(1)
    assert ids(await take(trades, 1)) == [1]
    assert server.connections == 1


# --- Resets ----------------------------------------------------------------------------------------


async def test_after_a_reset_the_hole_is_read_over_rest_and_the_log_goes_on(
    server: Exchange, market: Market, told: list[Missing]
):
    trades = await followed(server, market)
    await server.trade(2)
    await server.cut()
    await server.trade(8, is_lost=True)
    server.epoch, server.first = "e2", 10
    await server.followed(LOG)
    await server.trade(2)
    assert ids(await take(trades, 12)) == list(range(1, 13))
    assert market.positions[LOG] == ("e2", 12)
    assert not told


async def test_what_nobody_has_is_told_where_it_would_have_been(server: Exchange, market: Market, told: list[Missing]):
    trades = await followed(server, market)
    await server.trade(2)
    await server.cut()
    await server.trade(8, is_lost=True)
    server.first = 10
    server.recorded = [5, 6, 8]
    await server.followed(LOG)
    await server.trade(1)
    assert ids(await take(trades, 4)) == [1, 2, 5, 6]
    assert [str(one) for one in told] == [f"{LOG}: 3 to 4 are unrecorded"]
    assert ids(await take(trades, 2)) == [8, 11]
    assert told[1:] == [Missing(LOG, 7, 7, "unrecorded"), Missing(LOG, 9, 10, "unrecorded")]


async def test_the_record_may_be_a_moment_behind(server: Exchange, market: Market, told: list[Missing]):
    trades = await followed(server, market)
    await server.cut()
    await server.trade(4, is_lost=True)
    server.first, server.recorded = 9, [1]
    await server.followed(LOG)
    assert ids(await take(trades, 1)) == [1]
    late = asyncio.create_task(take(trades, 3))
    await asyncio.sleep(0)
    server.recorded = [1, 2, 3, 4]
    assert ids(await late) == [2, 3, 4]
    assert not told


async def test_numbers_that_the_market_has_lost_are_told(server: Exchange, market: Market, told: list[Missing]):
    trades = await followed(server, market)
    await server.trade(5)
    await take(trades, 5)
    server.epoch, server.seq = "e2", 3
    await server.cut()
    await server.followed(LOG)
    await server.trade(1)
    assert ids(await take(trades, 1)) == [4]
    assert told == [Missing(LOG, 4, 5, "withdrawn")]


async def test_a_reset_that_the_server_tells_by_itself_is_understood(server: Exchange, market: Market):
    trades = await followed(server, market)
    await server.trade(1)
    await server.trade(3, is_lost=True)
    server.epoch = "e2"
    answer = {"mode": "log", "throttle": 0, "epoch": "e2", "seq": 4, "resume": "reset", "why": "epoch", "first": 4}
    await server.say({"type": "subscribed", "ch": LOG} | answer)
    await server.trade(1)
    assert ids(await take(trades, 5)) == [1, 2, 3, 4, 5]


# --- Positions -------------------------------------------------------------------------------------


async def test_a_saved_position_goes_on_after_a_restart_of_the_program(server: Exchange):
    await server.trade(2)
    async with connect(server.url) as market:
        trades = await followed(server, market)
        await server.trade(5)
        await take(trades, 3)
        saved = json.dumps(market.positions)  # 6 and 7 were heard, but never read
    await server.trade(3)
    async with connect(server.url, positions=json.loads(saved)) as market:
        assert ids(await take(market.follow(LOG), 5)) == [6, 7, 8, 9, 10]


async def test_where_one_begins_is_a_position_too(server: Exchange):
    await server.trade(2)
    async with connect(server.url) as market:
        trades = await followed(server, market)
        await take(market.follow(STATE), 1)  # what was said before has been heard
        assert market.positions == {LOG: ("e1", 2)}
        trades.close()


async def test_a_log_can_be_read_from_any_number_on(server: Exchange, market: Market):
    await server.trade(7)
    trades = await followed(server, market, after=2)
    await server.trade(1)
    assert ids(await take(trades, 6)) == [3, 4, 5, 6, 7, 8]


async def test_a_loop_that_is_left_leaves_the_channel_and_can_be_entered_again(server: Exchange, market: Market):
    await server.trade(3)
    async for trade in market.follow(LOG, after=0):
        assert trade["id"] == 1
        break
    assert ids(await take(market.follow(LOG), 2)) == [2, 3]
    await server.until(lambda: server.asked[-1]["op"] == "unsubscribe")
    await server.trade(2)
    assert ids(await take(market.follow(LOG), 2)) == [4, 5]


# --- States ----------------------------------------------------------------------------------------


async def test_a_state_begins_with_its_newest_and_is_slow_readers_newest(server: Exchange, market: Market):
    await server.state(STATE, {"last": "1"})
    prices, marker = await followed(server, market, STATE), await followed(server, market)
    assert await take(prices, 1) == [{"last": "1"}]
    for price in ("2", "3", "4"):
        await server.state(STATE, {"last": price})
    await server.trade(1)
    await take(marker, 1)  # what was said before has been heard
    assert await take(prices, 1) == [{"last": "4"}]


async def test_the_last_word_on_a_candle_is_never_skipped(server: Exchange, market: Market):
    candles, marker = await followed(server, market, OTHER), await followed(server, market)
    await take(candles, 1)
    for open_ms, closed in [(0, False), (0, True), (60, False), (60, False), (60, True), (120, False)]:
        await server.state(OTHER, {"open_ms": open_ms, "closed": closed})
    await server.trade(1)
    await take(marker, 1)
    heard = await take(candles, 3)
    assert [(one["open_ms"], one["closed"]) for one in heard] == [(0, True), (60, True), (120, False)]


async def test_a_slow_reader_of_all_tickers_hears_of_each_that_changed(server: Exchange, market: Market):
    tickers, marker = await followed(server, market, "ticker.all"), await followed(server, market)
    await take(tickers, 1)
    for data in ({"SOLUSDT": 1, "BTCUSDT": 1}, {"SOLUSDT": 2}, {"ETHUSDT": 3}):
        await server.state("ticker.all", data)
    await server.trade(1)
    await take(marker, 1)
    assert await take(tickers, 1) == [{"SOLUSDT": 2, "BTCUSDT": 1, "ETHUSDT": 3}]


async def test_a_state_that_has_not_changed_is_not_told_again_on_a_new_connection(server: Exchange, market: Market):
    prices = await followed(server, market, STATE)
    await server.state(STATE, {"last": "1"})
    assert (await take(prices, 1))[0] in ({}, {"last": "1"})
    await server.cut()
    await server.followed(STATE)
    await server.state(STATE, {"last": "2"})
    heard = [await anext(prices)]
    while heard[-1] != {"last": "2"}:
        heard.append(await anext(prices))
    assert heard[-2:] in ([{"last": "2"}], [{"last": "1"}, {"last": "2"}])


async def test_a_state_behind_a_hole_is_asked_for_anew(server: Exchange, market: Market):
    prices = await followed(server, market, STATE)
    await take(prices, 1)
    server.states[STATE] = (5, {"last": "5"})  # nobody was told
    await server.state(STATE, {"last": "6"})
    assert await take(prices, 1) == [{"last": "6"}]
    assert len(server.asked) == 2


# --- The bound -------------------------------------------------------------------------------------


async def test_a_slow_reader_of_a_log_stops_the_socket_and_loses_nothing(server: Exchange, market: Market):
    trades = await followed(server, market, most=10)
    long = "x" * 200_000
    said = 0

    async def flood() -> None:
        nonlocal said
        for said in range(1, 201):
            await server.update(said, said, items=[{"id": said, "pad": long}])

    flooding = asyncio.create_task(flood())
    before, turns = -1, 0
    while turns < 50 and not flooding.done():  # the buffers of both sides are full when nothing moves any more
        await asyncio.sleep(0.01)
        before, turns = said, turns + 1 if said == before else 0
    assert server.is_held_up and not flooding.done()
    assert ids(await take(trades, 200)) == list(range(1, 201))
    await flooding


# --- Ends ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 1011, 4000, 4001, 4002, 4003, 4100, 4101, 4102, 4400, 3000])
async def test_it_comes_back_after_every_code_that_does_not_forbid_it(
    server: Exchange, market: Market, endings: list[Any], code: int
):
    trades = await followed(server, market)
    await server.end(code)
    await server.followed(LOG)
    await server.trade(1)
    assert ids(await take(trades, 1)) == [1]
    assert [ending.code for ending in endings] == [code]


@pytest.mark.parametrize("code", [4500, 4503, 4504, 4505, 4506, 4999])
@pytest.mark.parametrize("bye", [None, {"reconnect": False}])
async def test_it_stays_away_when_told_so_and_readers_hear_why(
    server: Exchange, market: Market, code: int, bye: dict[str, Any] | None
):
    trades = await followed(server, market)
    await server.trade(1)
    await server.end(code, bye)
    assert ids(await take(trades, 1)) == [1]
    with pytest.raises(Closed, match=rf"because \({code}\)") as closed:
        await take(trades, 1)
    assert (closed.value.code, market.state) == (code, "closed")
    with pytest.raises(Closed):
        await take(market.follow(STATE), 1)


async def test_a_goodbye_is_obeyed_at_once(server: Exchange, market: Market, endings: list[Any]):
    trades = await followed(server, market)
    await server.say({"type": "bye", "code": 4000, "reason": "restart", "reconnect": True, "after_ms": [100, 900]})
    await server.followed(LOG)
    await server.trade(1)
    assert ids(await take(trades, 1)) == [1]
    assert [(ending.code, list(ending.after_ms)) for ending in endings] == [(4000, [100, 900])]


@pytest.mark.parametrize(
    ("code", "after_ms", "attempt", "least", "most"),
    [
        (1006, (0, 0), 0, 0.25, 0.5),
        (1006, (0, 0), 3, 0.25, 4.0),
        (1006, (0, 0), 5_000, 0.25, 20.0),
        (4000, (2_000, 5_000), 0, 2.25, 5.5),
        (4100, (0, 0), 0, 5.0, 5.0),
        (4499, (5_000, 15_000), 6, 10.0, 35.0),
    ],
)
def test_waits_are_what_was_asked_for_and_full_jitter(
    monkeypatch: pytest.MonkeyPatch, code: int, after_ms: tuple[int, int], attempt: int, least: float, most: float
):
    monkeypatch.undo()
    ending = tradedash_client._Ending(code, "", after_ms)
    assert tradedash_client.wait_after(ending, attempt, lambda: 0.0) == least
    assert tradedash_client.wait_after(ending, attempt, lambda: 1.0) == most


@pytest.mark.parametrize("code", [401, 403, 4500, 4999])
def test_some_ends_are_for_ever(monkeypatch: pytest.MonkeyPatch, code: int):
    monkeypatch.undo()
    assert tradedash_client.wait_after(tradedash_client._Ending(code, ""), 0) is None


async def test_a_server_that_says_nothing_is_left(
    server: Exchange, market: Market, endings: list[Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tradedash_client, "GRACE_S", 0.05)
    trades = await followed(server, market)
    server.hello = {**server.hello, "hb_ms": 10}
    await server.cut()  # the next connection is the silent one
    await server.until(lambda: server.connections >= 3)
    server.hello = {**server.hello, "hb_ms": 60_000}
    await server.followed(LOG)
    await server.trade(1)
    assert ids(await take(trades, 1)) == [1]
    assert "nothing heard" in [ending.reason for ending in endings]


async def test_it_waits_for_a_server_that_is_not_there_yet(endings: list[Any]):
    async with exchange() as gone:
        url = gone.url
    async with connect(url) as market, asyncio.timeout(20):
        trades = market.follow(LOG)
        while len(endings) < 3:
            await asyncio.sleep(0)
        assert market.state == "connecting"
        trades.close()
    assert {ending.code for ending in endings} == {1006}


async def test_leaving_the_block_ends_the_loops(server: Exchange):
    async with connect(server.url) as market:
        trades = await followed(server, market)
        await server.trade(2)
        await take(trades, 1)
    assert [trade["id"] async for trade in trades] in ([], [2])


# --- What the server refuses -----------------------------------------------------------------------


async def test_a_channel_that_does_not_exist_is_refused_to_its_reader_only(server: Exchange, market: Market):
    trades = await followed(server, market)
    server.refusal = {"code": "unknown_channel", "retry": False, "msg": "no channel trade.NOPE"}
    with pytest.raises(Refused, match="no channel") as refused:
        await take(market.follow("trade.NOPE"), 1)
    assert refused.value.code == "unknown_channel"
    await server.trade(1)
    assert ids(await take(trades, 1)) == [1]


async def test_what_may_be_asked_again_is_asked_again(server: Exchange, market: Market):
    server.refusal = {"code": "unavailable", "retry": True, "after_ms": 1, "msg": "later"}
    trades = await followed(server, market)
    await server.trade(1)
    assert ids(await take(trades, 1)) == [1]


async def test_what_gets_no_answer_is_asked_again_and_answers_to_others_are_none(
    server: Exchange, market: Market, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tradedash_client, "ANSWER_S", 0.0)
    server.refusal = {"ch": "", "code": "rate_limited", "retry": True, "msg": "which channels it was about is not said"}
    trades = market.follow(LOG)
    await server.until(lambda: len(server.asked) == 1)
    await server.say({"type": "subscribed", "id": 999, "ch": LOG, "mode": "log", "epoch": "e1", "seq": 50})
    await server.say({"type": "hb", "time": 1, "top": {}})
    await server.followed(LOG)
    await server.trade(1)
    assert ids(await take(trades, 1)) == [1]


async def test_the_market_may_be_stale_while_the_connection_is_not(server: Exchange, market: Market):
    trades = await followed(server, market)
    assert market.state == "live"
    await server.say({"type": "status", "feed": "stale", "since": 1})
    await server.trade(1)
    await take(trades, 1)
    assert market.state == "stale"


async def test_many_channels_are_asked_for_in_few_messages(server: Exchange, market: Market):
    names = [f"ticker.P{number}" for number in range(100)]
    readers = [market.follow(name, throttle=1000) for name in names]
    await server.followed(*names)
    asked = [wanted for request in server.asked for wanted in request["channels"]]
    assert asked == [{"ch": name, "throttle": 1000} for name in names] and len(server.asked) == 2
    assert len(readers) == 100


@pytest.mark.parametrize("channel", ["", "trade/SOLUSDT", "x" * 81, "trade.SÖL"])
async def test_what_can_be_no_channel_is_said_at_once(market: Market, channel: str):
    with pytest.raises(ValueError, match="no channel"):
        market.follow(channel)


async def test_a_channel_has_one_reader(server: Exchange, market: Market):
    trades = market.follow(LOG)
    with pytest.raises(ValueError, match="followed already"):
        market.follow(LOG)
    trades.close()


async def test_an_address_that_is_none_is_said_at_once():
    with pytest.raises(ValueError, match="expected an address"):
        async with connect("127.0.0.1:8000"):
            pass


async def test_what_is_missing_is_logged_where_nobody_else_is_told(
    server: Exchange, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tradedash_client, "TRIES", 1)
    await server.trade(3)
    server.recorded = []
    with caplog.at_level(logging.WARNING):
        async with connect(server.url) as market:
            trades = await followed(server, market, after=0)
            await server.trade(1)
            assert ids(await take(trades, 1)) == [4]
    assert f"{LOG}: 1 to 3 are unrecorded" in caplog.messages


# --- Saying something ------------------------------------------------------------------------------

GM = {"text": "gm"}


async def live(server: Exchange, market: Market) -> None:
    """Once the server has said hello."""
    async with asyncio.timeout(20):
        await market.connected()


def published(server: Exchange) -> list[dict[str, Any]]:
    return [request for request in server.asked if request["op"] == "publish"]


async def test_what_is_published_is_answered_with_its_number(server: Exchange, market: Market):
    await live(server, market)
    assert await market.publish("lobby", GM) == 31
    (said,) = published(server)
    assert (said["ch"], said["data"]) == ("lobby", GM)


async def test_a_refusal_says_why_and_when_to_try_again(server: Exchange, market: Market):
    await live(server, market)
    server.answer = {"type": "error", "code": "rate_limited", "retry": True, "after_ms": 700, "msg": "one a second"}
    with pytest.raises(NotPublished, match="one a second") as refused:
        await market.publish("lobby", GM)
    assert (refused.value.code, refused.value.retry, refused.value.after_s) == ("rate_limited", True, 0.7)


async def test_without_a_connection_nothing_is_sent_then_or_later(server: Exchange, market: Market):
    with pytest.raises(NotPublished) as refused:
        await market.publish("lobby", GM)
    assert (refused.value.code, refused.value.retry) == ("not_connected", True)
    await live(server, market)
    assert published(server) == []


async def test_nobody_waits_for_a_connection_that_will_not_be(server: Exchange, market: Market):
    async def always_connected() -> None:
        async with asyncio.timeout(20):
            while True:
                await market.connected()
                await asyncio.sleep(0)

    await live(server, market)
    await server.end(4506)
    with pytest.raises(Closed):
        await always_connected()


async def test_when_the_connection_is_cut_before_the_answer_nobody_knows(server: Exchange, market: Market):
    await live(server, market)
    server.answer = None
    saying = asyncio.create_task(market.publish("lobby", GM))
    await server.until(lambda: published(server))
    await server.cut()
    with pytest.raises(NotPublished) as refused:
        await saying
    assert (refused.value.code, refused.value.retry) == ("unknown", False)


async def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(
    server: Exchange, market: Market, monkeypatch: pytest.MonkeyPatch
):
    await live(server, market)
    monkeypatch.setattr(tradedash_client, "PUBLISHED_S", 0.05)
    server.answer = None
    with pytest.raises(NotPublished) as refused:
        await market.publish("lobby", GM)
    assert refused.value.code == "unknown"


async def test_what_would_end_the_connection_is_not_sent(server: Exchange, market: Market):
    server.hello |= {"limits": {"msg_bytes": 200}, "user": "ada"}
    await live(server, market)
    assert (market.user, market.limits) == ("ada", {"msg_bytes": 200})
    with pytest.raises(NotPublished) as refused:
        await market.publish("lobby", {"text": "ä" * 100})
    assert refused.value.code == "payload_too_large"
    assert published(server) == []


# --- Other channels --------------------------------------------------------------------------------


async def test_a_log_can_begin_some_items_before_its_newest(server: Exchange, market: Market):
    await server.trade(9)
    trades = market.follow(LOG, last=3)
    assert ids(await take(trades, 3)) == [7, 8, 9]
    await server.trade()
    assert ids(await take(trades, 1)) == [10]


async def test_a_reader_of_all_tickers_is_told_what_changed_while_it_was_slow(server: Exchange, market: Market):
    server.states["ticker.all"] = (1, {"SOLUSDT": {"last": "1"}, "BTCUSDT": {"last": "2"}})
    tickers = await followed(server, market, "ticker.all")
    await server.state("ticker.all", {"SOLUSDT": {"last": "3"}})
    prices = await followed(server, market, STATE)  # what was said before has arrived when this answers
    await take(prices, 1)
    assert (await take(tickers, 1))[0] == {"SOLUSDT": {"last": "3"}, "BTCUSDT": {"last": "2"}}
    await server.state("ticker.all", {"BTCUSDT": {"last": "4"}})
    assert (await take(tickers, 1))[0] == {"BTCUSDT": {"last": "4"}}


async def test_all_tickers_are_told_again_after_one_change_was_missed(server: Exchange, market: Market):
    server.states["ticker.all"] = (1, {"SOLUSDT": {"last": "1"}, "BTCUSDT": {"last": "2"}})
    tickers = await followed(server, market, "ticker.all")
    await take(tickers, 1)
    server.states["ticker.all"] = (5, {"SOLUSDT": {"last": "6"}, "BTCUSDT": {"last": "7"}})  # told to nobody
    await server.state("ticker.all", {"SOLUSDT": {"last": "6"}})
    server.states["ticker.all"] = (6, {"SOLUSDT": {"last": "6"}, "BTCUSDT": {"last": "7"}})
    assert (await take(tickers, 1))[0] == {"SOLUSDT": {"last": "6"}, "BTCUSDT": {"last": "7"}}
