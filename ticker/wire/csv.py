"""Trades and candles as lines of CSV: the columns that we write and read again, and cells that no spreadsheet runs."""

from collections.abc import Iterable

from ticker.market.candles import Candle
from ticker.market.trades import Trade

TRADE = ("id", "price", "qty", "side", "time_ms")
CANDLE = ("open_ms", "open", "high", "low", "close", "volume", "quote_volume", "trades", "closed")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets take for a formula, by its first character


def cell(text: str) -> str:
    """The text as a cell: never a formula, and quoted where it holds what ends a cell."""
    if text.startswith(FORMULA):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\r\n') else text


def line(cells: Iterable[str]) -> str:
    return ",".join(map(cell, cells)) + "\n"


# Below, every cell is a number above zero or a word of ours: nothing that `cell` would change, a million times.


def of_trade(trade: Trade) -> str:
    return f"{trade.seq},{trade.price:f},{trade.qty:f},{trade.side},{trade.time_ms}\n"


def of_candle(candle: Candle, closed: bool) -> str:
    return (
        f"{candle.open_ms},{candle.open:f},{candle.high:f},{candle.low:f},{candle.close:f},"
        f"{candle.volume:f},{candle.quote_volume:f},{candle.trades},{'true' if closed else 'false'}\n"
    )
