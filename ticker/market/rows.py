"""Candles in whole ticks and steps, as the record keeps them: the laws of market.candles, quick enough for millions."""

from collections.abc import Iterable

from ticker.market.candles import DAY, HOUR, MINUTE, SECOND, open_at

# A trade: pair, seq, price in ticks, quantity in steps, side, UTC ms.
TradeRow = tuple[int, int, int, int, str, int]
# A candle: open_ms, open, high, low, close in ticks, volume in steps, quote volume in ticks times steps, trades.
Row = tuple[int, int, int, int, int, int, int, int]

# What is stored, shortest first, each a multiple of the one before. Every other interval is merged from one of these
# when it is read, from at most seven rows for a candle, 31 for a month, so that an answer costs what it holds.
STORED = {"1s": SECOND, "1m": MINUTE, "15m": 15 * MINUTE, "1h": HOUR, "4h": 4 * HOUR, "1d": DAY}


def fold(trades: Iterable[TradeRow], every_ms: int) -> list[Row]:
    """The candles that hold these trades of one pair, which are in order."""
    rows: list[Row] = []
    open_ms = end_ms = -1
    opened = high = low = close = volume = quote = count = 0
    for _, _, price, qty, _, time_ms in trades:
        if time_ms >= end_ms:
            if count:
                rows.append((open_ms, opened, high, low, close, volume, quote, count))
            open_ms = time_ms - time_ms % every_ms
            end_ms = open_ms + every_ms
            opened = high = low = price
            volume = quote = count = 0
        elif price > high:
            high = price
        elif price < low:
            low = price
        close = price
        volume += qty
        quote += price * qty
        count += 1
    if count:
        rows.append((open_ms, opened, high, low, close, volume, quote, count))
    return rows


def merge(rows: Iterable[Row], every_ms: int) -> list[Row]:
    """Shorter candles, in order, merged into longer ones whose length is a multiple of theirs."""
    return _merged((row[0] - row[0] % every_ms, row) for row in rows)


def merge_months(rows: Iterable[Row]) -> list[Row]:
    """Days, in order, merged into months, which have no one length."""
    return _merged((open_at(row[0], "1M"), row) for row in rows)


def _merged(rows: Iterable[tuple[int, Row]]) -> list[Row]:
    """Rows, each with when the candle opens that it goes into."""
    merged: list[Row] = []
    for open_ms, (_, opened, high, low, close, volume, quote, count) in rows:
        if merged and merged[-1][0] == open_ms:
            _, first, highest, lowest, _, volumes, quotes, counts = merged[-1]
            merged[-1] = (
                open_ms,
                first,
                max(highest, high),
                min(lowest, low),
                close,
                volumes + volume,
                quotes + quote,
                counts + count,
            )
        else:
            merged.append((open_ms, opened, high, low, close, volume, quote, count))
    return merged
