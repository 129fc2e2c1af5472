"""What candles are made of, trades or shorter candles, folded by the database in one question.

Plain SQL: of twelve thousand hours in a thousand half days the ORM took twenty milliseconds to ask, and the answer ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from ticker.market.candles import DAY, INTERVALS
from ticker.market.rows import STORED, Row
from ticker.models import Candle, Pair, Trade
from ticker.models.candles import source_of


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a table keeps what a candle is made of, in SQL. Nothing of it comes from outside."""

    table: str
    at: str  # when it happened: has an index together with the pair
    order: str  # what came first: has an index together with the pair
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote: str
    trades: str


OF_TRADES = Columns(
    table=Trade._meta.db_table,
    at="time_ms",
    order="seq",
    open="price_ticks",
    high="price_ticks",
    low="price_ticks",
    close="price_ticks",
    volume="qty_steps",
    quote="price_ticks * qty_steps",
    trades="1",
)
OF_CANDLES = Columns(
    table=Candle._meta.db_table,
    at="open_ms",
    order="open_ms",
    open="open_ticks",
    high="high_ticks",
    low="low_ticks",
    close="close_ticks",
    volume="volume_steps",
    quote="quote_units",
    trades="trades",
)

# The ends of each span are found by their order; the span of time is told once more, so that no plan reads the table.
FOLD = """
    SELECT span.number * {every_ms} - {shift_ms}, first.{open}, span.high, span.low, final.{close},
           span.volume, span.quote, span.trades
    FROM (
        SELECT ({at} + {shift_ms}) / {every_ms} AS number, MIN({order}) AS first, MAX({order}) AS final,
               MAX({high}) AS high, MIN({low}) AS low, CAST(SUM({volume}) AS bigint) AS volume,
               CAST(SUM({quote}) AS bigint) AS quote, CAST(SUM({trades}) AS bigint) AS trades
        FROM {table} WHERE {which} AND {at} >= %s AND {at} < %s GROUP BY 1
    ) AS span
    JOIN {table} AS first
      ON first.{order} = span.first AND first.{which_first} AND first.{at} >= %s AND first.{at} < %s
    JOIN {table} AS final
      ON final.{order} = span.final AND final.{which_final} AND final.{at} >= %s AND final.{at} < %s
    ORDER BY 1
"""
AS_STORED = """
    SELECT {at}, {open}, {high}, {low}, {close}, {volume}, {quote}, {trades}
    FROM {table} WHERE {which} AND {at} >= %s AND {at} < %s ORDER BY 1
"""
# The bound is always true. Without it SQLite, once it has been analyzed, finds that a pair alone narrows nothing down,
# and reads and sorts the whole table.
END = "SELECT {at} FROM {table} WHERE {which} AND {order} >= 0 ORDER BY {order} {way} LIMIT 1"
CLOSE_BEFORE = "SELECT {close} FROM {table} WHERE {which} AND {at} < %s ORDER BY {at} DESC, {order} DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Source:
    """What candles of one length are made of."""

    pair: Pair
    columns: Columns
    every_ms: int
    interval: str = ""  # of the stored candles; none for trades
    is_stored: bool = False  # whether each row is such a candle already
    shift_ms: int = 0

    def ends(self) -> tuple[int, int] | None:
        """When the first and the last row happened; None where there is none."""
        first, last = (self._ask(END.replace("{way}", way), ()) for way in ("ASC", "DESC"))
        return (first[0][0], last[0][0]) if first and last else None

    def between(self, start_ms: int, stop_ms: int) -> list[Row]:
        """The candles of this span of time, ascending."""
        span = (start_ms, stop_ms)
        return self._ask(AS_STORED, span) if self.is_stored else self._ask(FOLD, span * 3)

    def close_before(self, moment_ms: int) -> int:
        """The last price before this moment, in ticks."""
        return int(self._ask(CLOSE_BEFORE, (moment_ms,))[0][0])

    def _ask(self, question: str, values: Sequence[int]) -> list[Any]:
        which = f"pair_id = {int(self.pair.pk)}"
        names = {name: getattr(self.columns, name) for name in Columns.__slots__}
        rest = f" AND {{}}{connection.ops.quote_name('interval')} = '{self.interval}'" if self.interval else ""
        asked = question.format(
            **names,
            which=which + rest.format(""),
            which_first=which + rest.format("first."),
            which_final=which + rest.format("final."),
            every_ms=self.every_ms,
            shift_ms=self.shift_ms,
        )
        with connection.cursor() as cursor:
            cursor.execute(asked, values)
            return list(cursor.fetchall())


def stored(pair: Pair, interval: str) -> Source:
    """The stored candles that this interval is made of."""
    source = source_of(interval)
    return Source(
        pair,
        OF_CANDLES,
        # A month is no fixed length: its days are merged where they are read.
        every_ms=INTERVALS[interval] or DAY,
        interval=source,
        is_stored=interval == source or INTERVALS[interval] is None,
        shift_ms=3 * DAY if interval == "1w" else 0,  # from the Monday before 1970, so that nothing is negative
    )


def next_stored(pair: Pair, shorter: str, interval: str) -> Source:
    """The stored candles of the shorter interval that those of this stored interval are made of."""
    return Source(pair, OF_CANDLES, every_ms=STORED[interval], interval=shorter)


def traded(pair: Pair) -> Source:
    """The trades that the shortest stored candles are made of."""
    return Source(pair, OF_TRADES, every_ms=STORED["1s"])
