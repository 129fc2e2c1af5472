"""What is said when tickers have changed: those of all pairs that did, in one message."""

import msgspec


class Changed(msgspec.Struct):
    """The tickers after change `seq`; every change has one number over all pairs."""

    epoch: str
    seq: int
    t: int  # UTC ms
    tickers: dict[str, msgspec.Raw]  # by symbol, ready to be passed on


_changed = msgspec.json.Decoder(Changed)


def dump(changed: Changed) -> str:
    return msgspec.json.encode(changed).decode()


def load(text: str | bytes) -> Changed:
    """Raises msgspec.DecodeError for anything else."""
    return _changed.decode(text)
