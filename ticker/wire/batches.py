"""What a publisher says about one pair: the newest trades and what follows from them, in one message."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from ticker.market.tickers import Ticker
from ticker.market.trades import Side, Trade


class Item(msgspec.Struct):
    """A trade as clients get it and as the stream keeps it."""

    id: int
    p: str
    q: str
    s: str
    ts: int


class Batch(msgspec.Struct, rename={"from_": "from"}):
    """Trades `from_`…`seq` of a pair; without trades `from_` is `seq` + 1 and only time has passed."""

    pair: str
    epoch: str
    from_: int
    seq: int
    t: int  # UTC ms: no later trade will be older than this
    pt: int  # UTC ms: when it was published
    trades: list[msgspec.Raw]  # Items, each ready to be passed on
    ticker_seq: int
    ticker: msgspec.Raw  # JSON object, or null before the first trade


_batch = msgspec.json.Decoder(Batch)
_item = msgspec.json.Decoder(Item)


def dump(batch: Batch) -> bytes:
    return msgspec.json.encode(batch)


def load(text: str | bytes) -> Batch:
    """Raises msgspec.DecodeError for anything that is no batch."""
    return _batch.decode(text)


def item(trade: Trade) -> bytes:
    """The trade as JSON: `{"id":1043,"p":"142.35","q":"3.2","s":"buy","ts":1790000000011}`."""
    return msgspec.json.encode(
        Item(trade.seq, format(trade.price, "f"), format(trade.qty, "f"), trade.side.value, trade.time_ms)
    )


def trade(pair: str, text: bytes | msgspec.Raw) -> Trade:
    """The trade that `item` wrote."""
    found = _item.decode(text)
    return Trade(pair, found.id, Decimal(found.p), Decimal(found.q), Side(found.s), found.ts)


def trades(pair: str, items: Iterable[bytes | msgspec.Raw]) -> list[Trade]:
    return [trade(pair, text) for text in items]


def ticker(value: Ticker) -> bytes:
    """The ticker as clients get it."""
    return msgspec.json.encode(
        {
            "last": format(value.last, "f"),
            "bid": format(value.bid, "f"),
            "ask": format(value.ask, "f"),
            "open": format(value.open, "f"),
            "high": format(value.high, "f"),
            "low": format(value.low, "f"),
            "vol": format(value.volume, "f"),
            "qvol": format(value.quote_volume, "f"),
            "chg": format(value.change_percent, "f"),
        }
    )
