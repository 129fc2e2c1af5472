"""What one client may say, what it is answered, and that nothing it says ever breaks the conversation."""

import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticker.wire import closing
from ticker.wire.channels import parse
from ticker.wire.limits import OVER_RATE_MOST
from ticker.wire.session import MALFORMED_MOST, Close, Follow, Position, Publish, Say, Session, Unfollow

LIMITS = {
    "channels": 3,
    "msgs_per_s": 10,
    "burst": 30,
    "msg_bytes": 16_384,
    "publishes_per_s": 1,
    "publish_bytes": 2_048,
}
TRADES, TICKER = parse("trade.SOLUSDT"), parse("ticker.SOLUSDT")


class Clock:
    """A monotonic clock in a test's hand."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def session(clock):
    return Session({"SOLUSDT", "BTCUSDT"}.__contains__, LIMITS, now=clock, time_ms=lambda: 1_790_000_000_123)


def say(session, **fields):
    return list(session.received(json.dumps(fields)))


def answers(effects):
    return [json.loads(effect.message.text) for effect in effects if isinstance(effect, Say)]


def answer(effects):
    (only,) = effects
    return json.loads(only.message.text)


# --- What a client can ask for ---------------------------------------------------------------------


def test_a_channel_is_followed_with_the_default_throttle_of_its_kind(session):
    effects = say(session, op="subscribe", id=3, channels=[{"ch": "trade.SOLUSDT"}, {"ch": "ticker.SOLUSDT"}])
    assert effects == [Follow(TRADES, 0, None, 3), Follow(TICKER, 100, None, 3)]


@pytest.mark.parametrize("throttle", [0, 100, 250, 1000])
def test_a_throttle_is_taken_over(session, throttle):
    effects = say(session, op="subscribe", channels=[{"ch": "ticker.SOLUSDT", "throttle": throttle}])
    assert effects == [Follow(TICKER, throttle, None, None)]


def test_a_position_is_an_epoch_and_a_seq(session):
    effects = say(session, op="subscribe", channels=[{"ch": "trade.SOLUSDT", "epoch": "k3x9f1", "seq": 1042}])
    assert effects == [Follow(TRADES, 0, Position("k3x9f1", 1042), None)]


def test_an_epoch_alone_is_no_position(session):
    effects = say(session, op="subscribe", channels=[{"ch": "trade.SOLUSDT", "epoch": "k3x9f1"}])
    assert effects == [Follow(TRADES, 0, None, None)]


def test_subscribing_again_follows_otherwise_and_is_no_error(session):
    say(session, op="subscribe", channels=[{"ch": "ticker.SOLUSDT"}])
    effects = say(session, op="subscribe", channels=[{"ch": "ticker.SOLUSDT", "throttle": 1000}])
    assert effects == [Follow(TICKER, 1000, None, None)]


def test_one_unknown_channel_does_not_spoil_the_others(session):
    effects = say(session, op="subscribe", id=1, channels=[{"ch": "trade.NOPE"}, {"ch": "trade.SOLUSDT"}])
    assert answers(effects)[0]["code"] == "unknown_channel"
    assert effects[1] == Follow(TRADES, 0, None, 1)


def test_unsubscribing_ends_it_and_says_so(session):
    say(session, op="subscribe", channels=[{"ch": "trade.SOLUSDT"}])
    effects = say(session, op="unsubscribe", id=4, channels=["trade.SOLUSDT"])
    assert effects[0] == Unfollow(TRADES)
    assert answers(effects) == [{"type": "unsubscribed", "id": 4, "ch": "trade.SOLUSDT"}]


def test_unsubscribing_what_is_not_followed_is_answered_all_the_same(session):
    effects = say(session, op="unsubscribe", channels=["ticker.SOLUSDT"])
    assert answer(effects) == {"type": "unsubscribed", "ch": "ticker.SOLUSDT"}


def test_the_list_names_what_is_followed(session):
    say(session, op="subscribe", channels=[{"ch": "trade.SOLUSDT"}, {"ch": "ticker.BTCUSDT"}])
    say(session, op="unsubscribe", channels=["trade.SOLUSDT"])
    assert answer(say(session, op="list", id=5)) == {"type": "list", "id": 5, "channels": ["ticker.BTCUSDT"]}


def test_what_could_not_be_followed_is_not_listed(session):
    say(session, op="subscribe", channels=[{"ch": "trade.SOLUSDT"}])
    session.forget(TRADES)
    assert answer(say(session, op="list"))["channels"] == []


def test_a_ping_is_answered_with_the_time(session):
    assert answer(say(session, op="ping", id=6)) == {"type": "pong", "id": 6, "time": 1_790_000_000_123}


def test_the_market_itself_is_not_published_by_clients(session):
    said = answer(say(session, op="publish", id=7, ch="trade.SOLUSDT", data={"text": "gm"}))
    assert (said["code"], said["id"], said["retry"]) == ("not_publishable", 7, False)


def test_what_is_said_in_the_lobby_is_to_be_published(session):
    (effect,) = say(session, op="publish", id=7, ch="lobby", data={"text": "gm", "colour": "red"})
    assert effect == Publish(parse("lobby"), "gm", 7)


def test_whoever_publishes_twice_in_a_second_waits(session, clock):
    say(session, op="publish", ch="lobby", data={"text": "gm"})
    said = answer(say(session, op="publish", id=8, ch="lobby", data={"text": "gm"}))
    assert (said["code"], said["id"], said["retry"]) == ("rate_limited", 8, True)
    clock.now_s += said["after_ms"] / 1000
    (effect,) = say(session, op="publish", ch="lobby", data={"text": "gm"})
    assert isinstance(effect, Publish)


def test_a_long_text_is_not_published_and_costs_no_turn(session):
    said = answer(say(session, op="publish", id=8, ch="lobby", data={"text": "ü" * 1025}))
    assert said["code"] == "payload_too_large"
    (effect,) = say(session, op="publish", ch="lobby", data={"text": "ü" * 1024})
    assert isinstance(effect, Publish)


@pytest.mark.parametrize("data", [None, "gm", {}, {"text": ""}, {"text": 1}, {"text": ["gm"]}, [1]])
def test_only_a_text_can_be_published(session, data):
    assert answer(say(session, op="publish", ch="lobby", data=data))["code"] == "bad_param"


def test_nobody_follows_what_is_private(session):
    said = answer(say(session, op="subscribe", id=1, channels=[{"ch": "me.notifications"}]))
    assert (said["code"], said["ch"]) == ("auth_required", "me.notifications")
    assert session.followed == {}


def test_somebody_follows_what_is_their_own(clock):
    session = Session(lambda symbol: True, LIMITS, now=clock, time_ms=lambda: 0, user_id=7)
    (effect,) = say(session, op="subscribe", channels=[{"ch": "me.notifications"}])
    assert effect.channel == parse("me.notifications", 7)


def test_unknown_fields_are_ignored(session):
    effects = say(session, op="subscribe", colour="red", channels=[{"ch": "trade.SOLUSDT", "depth": {"a": [1]}}])
    assert effects == [Follow(TRADES, 0, None, None)]


def test_text_may_come_as_bytes(session):
    assert answers(session.received(b'{"op":"ping"}'))[0]["type"] == "pong"


# --- What the address can ask for ------------------------------------------------------------------


def test_an_address_subscribes_without_a_word_said(session):
    effects = list(session.opened(b"ch=trade.SOLUSDT,ticker.SOLUSDT&throttle=250"))
    assert effects == [Follow(TRADES, 250, None, None), Follow(TICKER, 250, None, None)]


def test_an_address_without_channels_asks_for_nothing(session):
    assert list(session.opened(b"")) == []


@pytest.mark.parametrize("query", [b"ch=%00", b"ch=trade.NOPE", b"ch=\xff\xfe", b"ch=..", b"ch=trade.SOLUSDT%0d%0a"])
def test_an_address_with_a_wrong_channel_is_answered(session, query):
    assert {said["code"] for said in answers(session.opened(query))} == {"unknown_channel"}


@pytest.mark.parametrize("query", [b"throttle=5", b"throttle=%F0", b"throttle=1&throttle=1", b"&".join([b"a=b"] * 50)])
def test_an_address_that_makes_no_sense_is_answered(session, query):
    assert [said["code"] for said in answers(session.opened(query))] == ["bad_param"]


# --- What is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("bad_json", "{"),
        ("bad_json", "[]"),
        ("bad_json", None),
        ("bad_op", '{"op":"dance"}'),
        ("bad_param", "{}"),
        ("bad_param", '{"op":"subscribe","channels":[]}'),
        ("bad_param", '{"op":"subscribe","channels":[{"ch":"trade.SOLUSDT","throttle":5}]}'),
        ("bad_param", '{"op":"subscribe","channels":[{"ch":"trade.SOLUSDT","seq":5}]}'),
        ("bad_param", '{"op":"subscribe","channels":[{"ch":"trade.SOLUSDT","epoch":"a","seq":-1}]}'),
        ("bad_param", '{"op":"unsubscribe","channels":[]}'),
        ("unknown_channel", '{"op":"subscribe","channels":[{"ch":"trade.NOPE"}]}'),
        ("unknown_channel", '{"op":"subscribe","channels":[{"ch":"candle.SOLUSDT.7m"}]}'),
        ("unknown_channel", '{"op":"unsubscribe","channels":["a b"]}'),
        ("bad_param", '{"op":"publish"}'),
        ("unknown_channel", '{"op":"publish","ch":"nope","data":{"text":"gm"}}'),
        ("not_publishable", '{"op":"publish","ch":"system"}'),
    ],
)
def test_every_refusal_names_its_code(session, code, message):
    said = answer(session.received(message))
    assert (said["type"], said["code"], said["retry"]) == ("error", code, False)
    assert said["msg"]


def test_a_connection_follows_only_so_many_channels(session):
    names = ["trade.SOLUSDT", "ticker.SOLUSDT", "trade.BTCUSDT", "ticker.BTCUSDT"]
    effects = say(session, op="subscribe", id=9, channels=[{"ch": name} for name in names])
    assert [type(effect) for effect in effects] == [Follow, Follow, Follow, Say]
    assert answers(effects)[0] | {"msg": ""} == {
        "type": "error", "id": 9, "ch": "ticker.BTCUSDT", "code": "too_many_channels", "retry": False, "msg": "",
    }  # fmt: skip


def test_a_full_connection_may_still_change_what_it_follows(session):
    names = ["trade.SOLUSDT", "ticker.SOLUSDT", "trade.BTCUSDT"]
    say(session, op="subscribe", channels=[{"ch": name} for name in names])
    effects = say(session, op="subscribe", channels=[{"ch": "ticker.SOLUSDT", "throttle": 250}])
    assert effects == [Follow(TICKER, 250, None, None)]


@pytest.mark.parametrize("text", ["x" * 16_385, "ä" * 8_193, b"x" * 16_385])
def test_a_message_that_is_too_big_ends_the_connection(session, text):
    effects = list(session.received(text))
    assert [said["code"] for said in answers(effects)] == ["payload_too_large"]
    assert effects[-1] == Close(closing.TOO_BIG)


def test_a_message_of_just_the_size_is_read(session):
    text = json.dumps({"op": "ping", "pad": ""})
    text = text[:-2] + "x" * (16_384 - len(text)) + text[-2:]
    assert answers(session.received(text))[0]["type"] == "pong"


def test_ten_malformed_messages_end_the_connection(session):
    effects = [list(session.received("{")) for _ in range(MALFORMED_MOST)]
    assert all(len(found) == 1 for found in effects[:-1])
    assert effects[-1][-1] == Close(closing.PROTOCOL_ERROR)


def test_asking_for_what_does_not_exist_is_not_malformed(session, clock):
    for _ in range(2 * MALFORMED_MOST):
        clock.now_s += 1
        assert len(say(session, op="subscribe", channels=[{"ch": "trade.NOPE"}])) == 1


# --- How fast a client may speak -------------------------------------------------------------------


def codes(effects):
    return [said.get("code", said["type"]) for said in answers(effects)]


def test_beyond_the_burst_a_message_is_refused_and_told_when_to_try_again(session):
    for _ in range(LIMITS["burst"]):
        assert codes(say(session, op="ping")) == ["pong"]
    said = answer(say(session, op="ping", id=1))
    assert (said["code"], said["retry"]) == ("rate_limited", True)
    assert 0 < said["after_ms"] <= 101


def test_after_the_time_that_was_told_the_client_is_heard_again(session, clock):
    said = [answer(say(session, op="ping")) for _ in range(LIMITS["burst"] + 1)][-1]
    clock.now_s += said["after_ms"] / 1000
    assert codes(say(session, op="ping")) == ["pong"]


def test_a_client_at_the_rate_is_never_refused(session, clock):
    for _ in range(1_000):
        clock.now_s += 1 / LIMITS["msgs_per_s"]
        assert codes(say(session, op="ping")) == ["pong"]


def test_over_the_rate_for_a_minute_ends_the_connection(session, clock):
    closed_at = None
    while closed_at is None and clock.now_s < 120:
        clock.now_s += 0.08
        if Close(closing.RATE_LIMITED) in say(session, op="ping"):
            closed_at = clock.now_s
    assert closed_at is not None and closed_at > 60


def test_a_flood_ends_the_connection_sooner(session):
    for _ in range(LIMITS["burst"] + OVER_RATE_MOST):
        assert not any(isinstance(effect, Close) for effect in say(session, op="ping"))
    assert Close(closing.RATE_LIMITED) in say(session, op="ping")


def test_who_calms_down_in_between_is_not_ended(session, clock):
    for _ in range(40):
        for _ in range(LIMITS["burst"] + 5):
            assert not any(isinstance(effect, Close) for effect in say(session, op="ping"))
        clock.now_s += 6


def test_a_refused_message_does_nothing(session):
    for _ in range(LIMITS["burst"]):
        say(session, op="ping")
    say(session, op="subscribe", channels=[{"ch": "trade.SOLUSDT"}])
    assert session.followed == {}


# --- Ids -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", [0, -5, 2**53, "", "a", "ä" * 64])
def test_a_well_formed_id_comes_back(session, id):
    assert answer(say(session, op="ping", id=id))["id"] == id


def test_without_an_id_none_comes_back(session):
    assert "id" not in answer(say(session, op="ping"))
    assert "id" not in answer(say(session, op="ping", id=None))


@pytest.mark.parametrize("id", [2**53 + 1, -(2**53) - 1, 2**63, 2**200, 1.5, True, "x" * 65, [], {}, ["a"]])
def test_any_other_id_is_refused_and_does_not_come_back(session, id):
    said = answer(say(session, op="ping", id=id))
    assert said["code"] == "bad_param"
    assert "id" not in said


def test_errors_carry_the_id_of_their_message(session):
    assert answer(say(session, op="dance", id="a"))["id"] == "a"
    assert answer(say(session, op="subscribe", id="a"))["id"] == "a"


# --- Hostile input ---------------------------------------------------------------------------------

EVIL = "PWNED"  # must never come back
VALUES = [
    f'"{EVIL}"', f'"<script>{EVIL}</script>"', f'["{EVIL}"]', f'{{"{EVIL}":1}}', f'[[["{EVIL}"]]]',
    "null", "true", "-1", "0.5", "1e400", "-0", "NaN", "Infinity", "7777777", "9223372036854775808",
    "7" * 400, "7" * 5_000, '"\\ud800"', '"\\u0000"', '"__proto__"', "[" * 5_000, '{"a":' * 5_000,
]  # fmt: skip
PLACES = [
    '{{"op":{0}}}',
    '{{"op":"ping","id":{0},"x":1}}',
    '{{"op":"subscribe","channels":{0}}}',
    '{{"op":"subscribe","channels":[{0}]}}',
    '{{"op":"subscribe","channels":[{{"ch":{0}}}]}}',
    '{{"op":"subscribe","channels":[{{"ch":"trade.SOLUSDT","throttle":{0}}}]}}',
    '{{"op":"subscribe","channels":[{{"ch":"trade.SOLUSDT","epoch":"e","seq":{0}}}]}}',
    '{{"op":"subscribe","channels":[{{"ch":"trade.SOLUSDT","epoch":{0},"seq":1}}]}}',
    '{{"op":"unsubscribe","channels":[{0}]}}',
    '{{"op":"publish","ch":{0},"data":{0}}}',
    "{0}",
]
OTHERS = [
    "", " ", "\0", "\ufeff{}", "{}{}", '{"op":"ping"', "{'op':'ping'}", '{"op":"ping",}', '{"op":1,"op":[]}',
    "\ud800", '{"op":"ping","id":"\ud800"}', b"\xff\xfe", b'{"op":"\xc3\x28"}', b'{"op":"\xed\xa0\x80"}', "[" * 16_000,
]  # fmt: skip


@pytest.mark.parametrize("text", [place.format(value) for place, value in product(PLACES, VALUES)], ids=lambda _: "")
def test_no_value_in_any_place_breaks_it_or_comes_back(session, text):
    said = answers(session.received(text))
    # A name that can be a channel's, and an id that can be one, may come back: the client has to know which.
    shown = [{name: found for name, found in one.items() if name not in ("id", "ch", "msg")} for one in said]
    assert EVIL not in json.dumps(shown)
    assert not any("7777777" in one.get("msg", "") or "<script" in json.dumps(one.get("msg")) for one in said)


@pytest.mark.parametrize("text", OTHERS, ids=lambda _: "")
def test_what_is_no_message_is_answered_by_name(session, text):
    assert [said["code"] for said in answers(session.received(text))] in (["bad_json"], ["bad_param"])


@settings(max_examples=200, deadline=None)
@given(text=st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_whatever_is_received_is_answered(text):
    session = Session(lambda symbol: True, LIMITS, now=Clock(), time_ms=lambda: 0)
    assert list(session.received(text))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(
    op=st.sampled_from(["subscribe", "unsubscribe", "list", "ping", "publish"]) | json_values,
    id=json_values,
    channels=json_values
    | st.lists(st.fixed_dictionaries({"ch": json_values}, optional={"seq": json_values}), max_size=3),
)
def test_whatever_json_is_received_is_answered(op, id, channels):
    session = Session(lambda symbol: True, LIMITS, now=Clock(), time_ms=lambda: 0)
    assert list(session.received(json.dumps({"op": op, "id": id, "channels": channels})))


def test_one_wrong_entry_spoils_no_other(session):
    wanted = [{"ch": "ticker.SOLUSDT", "throttle": 7}, {"ch": "trade.SOLUSDT"}, 5, {"ch": "no name"}]
    wrong, follow, nothing, unknown = say(session, op="subscribe", id=11, channels=wanted)
    assert answer([wrong])["code"] == "bad_param"
    assert (answer([wrong])["id"], answer([wrong])["ch"]) == (11, "ticker.SOLUSDT")
    assert follow == Follow(TRADES, 0, None, 11)
    assert answer([nothing])["code"] == "bad_param"
    assert answer([unknown])["code"] == "unknown_channel"


def test_a_message_is_malformed_once_however_much_of_it_is_wrong(session):
    for _ in range(MALFORMED_MOST - 1):
        effects = say(session, op="subscribe", channels=[1, 2, 3])
        assert not any(isinstance(effect, Close) for effect in effects)
    assert say(session, op="subscribe", channels=[1, 2, 3])[-1] == Close(closing.PROTOCOL_ERROR)


@pytest.mark.parametrize("text", ['{"op":"ping","op":"list"}', '{"op":"ping","id":1,"x":{"a":1,"a":2}}'])
def test_a_repeated_name_is_refused(session, text):
    assert answer(session.received(text))["code"] == "bad_json"
