"""How a board lies in Redis, so that a hub or the next publisher can go on from it."""

from decimal import Decimal

import msgspec

from ticker.market.board import Board
from ticker.market.candles import Candle

# open_ms, open, high, low, close, volume, quote_volume, trades
Row = tuple[int, str, str, str, str, str, str, int]
_rows = msgspec.json.Decoder(dict[str, Row])


def row(candle: Candle) -> Row:
    return (
        candle.open_ms,
        format(candle.open, "f"),
        format(candle.high, "f"),
        format(candle.low, "f"),
        format(candle.close, "f"),
        format(candle.volume, "f"),
        format(candle.quote_volume, "f"),
        candle.trades,
    )


def dump(board: Board) -> bytes:
    return msgspec.json.encode({interval: row(candle) for interval, candle in board.candles.items()})


def load(seq: int, text: bytes) -> Board:
    """The board after trade `seq`; an empty text is a board that has seen nothing."""
    rows = _rows.decode(text) if text else {}
    return Board(seq, {interval: _candle(*found) for interval, found in rows.items()})


def _candle(open_ms: int, open_: str, high: str, low: str, close: str, volume: str, quote: str, trades: int) -> Candle:
    prices = (Decimal(open_), Decimal(high), Decimal(low), Decimal(close))
    return Candle(open_ms, *prices, Decimal(volume), Decimal(quote), trades)
