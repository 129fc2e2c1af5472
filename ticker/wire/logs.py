"""What is said when something was added to a log that clients follow: the lobby, the system's, a user's own."""

import msgspec


class Added(msgspec.Struct):
    """One item, with its number in the log."""

    epoch: str
    seq: int
    ts: int  # UTC ms
    item: msgspec.Raw  # JSON object, ready to be passed on


_added = msgspec.json.Decoder(Added)


def dump(added: Added) -> str:
    return msgspec.json.encode(added).decode()


def load(text: str | bytes) -> Added:
    """Raises msgspec.DecodeError for anything else."""
    return _added.decode(text)


class _Timed(msgspec.Struct):
    ts: int


_timed = msgspec.json.Decoder(_Timed)


def ts_of(item: bytes) -> int:
    """UTC ms at which an item was added."""
    return _timed.decode(item).ts
