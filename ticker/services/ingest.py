"""The fast way into the tables of the record: COPY into PostgreSQL, one prepared statement for SQLite.

Rows hold whole numbers and known words only, so nothing in them needs to be quoted. Model instances are left out: to
make, check and adapt one took several times as long as its row needs.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from django.db import connection
from django.db.models import Model

from ticker.market.rows import Row, TradeRow
from ticker.models import Candle, Pair, Trade
from ticker.models.candles import COLUMNS

TRADE_COLUMNS = ("pair_id", "seq", "price_ticks", "qty_steps", "side", "time_ms")
CANDLE_COLUMNS = ("pair_id", "interval", *COLUMNS)
ROWS_OF_A_PIECE = 500
CandleRow = tuple[int, str, Row]  # pair, interval, and the candle


def add_trades(rows: Iterable[TradeRow]) -> None:
    """Add these trades, none of which is there. Raises IntegrityError for one that is.

    They may be made while they are asked for: PostgreSQL works on the first ones meanwhile.
    """
    _insert(Trade, TRADE_COLUMNS, rows)


def add_candles(candles: Sequence[CandleRow]) -> None:
    """Add these candles, none of which is there. Raises IntegrityError for one that is."""
    if candles:
        _insert(Candle, CANDLE_COLUMNS, [(pair, interval, *row) for pair, interval, row in candles])


def merge_candles(candles: Sequence[CandleRow]) -> None:
    """Merge these parts of candles, later than what is stored of the same candle, into it; add those that are new."""
    if not candles:
        return
    rows = [(pair, interval, *row) for pair, interval, row in candles]
    into = _into(Candle, CANDLE_COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            kinds = ["bigint", "text", *["bigint"] * len(COLUMNS)]
            arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
            columns = [list(column) for column in zip(*rows, strict=True)]
            merged = f"{into} SELECT * FROM unnest({arrays}) {_then('GREATEST', 'LEAST')}"  # noqa: S608 (names of ours)
            cursor.execute(merged, columns)
        else:
            cursor.executemany(f"{into} VALUES {_places(CANDLE_COLUMNS)} {_then('MAX', 'MIN')}", rows)


def move(positions: Mapping[int, int]) -> None:
    """Note how far these pairs, by key, are recorded."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {_name(Pair._meta.db_table)} SET recorded_seq = %s WHERE id = %s",  # noqa: S608 (a name of ours)
            [(seq, pair) for pair, seq in positions.items()],
        )


def _then(greatest: str, least: str) -> str:
    """What Candle.then does, said to a database."""
    table = _name(Candle._meta.db_table)
    return f"""
        ON CONFLICT (pair_id, {_name("interval")}, open_ms) DO UPDATE SET
          high_ticks = {greatest}({table}.high_ticks, excluded.high_ticks),
          low_ticks = {least}({table}.low_ticks, excluded.low_ticks),
          close_ticks = excluded.close_ticks,
          volume_steps = {table}.volume_steps + excluded.volume_steps,
          quote_units = {table}.quote_units + excluded.quote_units,
          trades = {table}.trades + excluded.trades"""


def _insert(model: type[Model], columns: Sequence[str], rows: Iterable[tuple[int | str, ...]]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            line = "\t".join(["%s"] * len(columns)) + "\n"
            copying = f"COPY {_table(model, columns)} FROM STDIN"
            with connection.wrap_database_errors, cursor.copy(copying) as copy:
                # Row by row took twice as long; in one piece, the server waits for all rows and then we for it.
                rest = iter(rows)
                while text := "".join(map(line.__mod__, islice(rest, ROWS_OF_A_PIECE))):
                    copy.write(text)
        else:
            cursor.executemany(f"{_into(model, columns)} VALUES {_places(columns)}", list(rows))


def _into(model: type[Model], columns: Sequence[str]) -> str:
    return f"INSERT INTO {_table(model, columns)}"


def _table(model: type[Model], columns: Sequence[str]) -> str:
    return f"{_name(model._meta.db_table)} ({', '.join(map(_name, columns))})"


def _places(columns: Sequence[str]) -> str:
    return f"({', '.join(['%s'] * len(columns))})"


def _name(name: str) -> str:
    return str(connection.ops.quote_name(name))
