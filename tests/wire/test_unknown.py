"""Whatever else a client says, today or in a later version of the protocol: what is not known is ignored."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from ticker.wire.session import Say, Session

LIMITS = {"channels": 3, "msgs_per_s": 10, "burst": 30, "msg_bytes": 16_384, "publishes_per_s": 1.0}
KNOWN = ["op", "id", "channels", "ch", "throttle", "epoch", "seq", "data"]

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
unknown = st.dictionaries(st.text(max_size=12).filter(lambda name: name not in KNOWN), values, max_size=4)

MESSAGES = [
    {"op": "subscribe", "id": 3, "channels": [{"ch": "trade.SOLUSDT", "epoch": "k3x9f1", "seq": 1042}]},
    {"op": "subscribe", "channels": [{"ch": "ticker.SOLUSDT", "throttle": 250}, {"ch": "trade.NOPE"}]},
    {"op": "unsubscribe", "id": "x", "channels": ["trade.SOLUSDT"]},
    {"op": "list"},
    {"op": "ping", "id": 6},
]


def effects(message: dict[str, object]) -> list[object]:
    session = Session({"SOLUSDT"}.__contains__, LIMITS, now=lambda: 0.0, time_ms=lambda: 0)
    found = session.received(json.dumps(message))
    return [effect.message.text if isinstance(effect, Say) else effect for effect in found]


def shuffled(draw: st.DrawFn, fields: dict[str, object]) -> dict[str, object]:
    return dict(draw(st.permutations(list(fields.items()))))


@st.composite
def later(draw: st.DrawFn) -> tuple[dict[str, object], dict[str, object]]:
    """A message, and the same with unknown fields among its own, in any order."""
    message: dict[str, object] = draw(st.sampled_from(MESSAGES))
    more = message | draw(unknown)
    if message["op"] == "subscribe":
        wanted: list[dict[str, object]] = message["channels"]  # type: ignore[assignment]
        more["channels"] = [shuffled(draw, one | draw(unknown)) for one in wanted]
    return message, shuffled(draw, more)


@settings(max_examples=200, deadline=None)
@given(later())
def test_unknown_fields_change_nothing(pair: tuple[dict[str, object], dict[str, object]]):
    message, more = pair
    assert effects(more) == effects(message)
