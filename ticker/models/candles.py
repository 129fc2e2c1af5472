"""Candles of the stored intervals; the others are merged from them when read."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from ticker.market import candles as market
from ticker.market.rows import STORED as LENGTHS
from ticker.models.pairs import Pair

STORED = tuple(LENGTHS)  # shortest first; every other interval is a merge of one of these


def source_of(interval: str) -> str:
    """The longest stored interval that candles of this one are whole multiples of."""
    every_ms = market.INTERVALS[interval] or market.DAY  # a month is so many days
    return next(name for name, length_ms in reversed(LENGTHS.items()) if every_ms % length_ms == 0)


class Candle(models.Model):
    """One candle with trades in it; spans without a trade have no row. Whole ticks and steps, as in Trade."""

    # Not checked by the database, row by row: whoever writes has just locked the pair, and no pair is ever deleted.
    # On PostgreSQL the checks took a third of the time of recording.
    pair = models.ForeignKey(
        Pair, on_delete=models.PROTECT, related_name="candles", db_index=False, db_constraint=False
    )
    interval = models.CharField(max_length=3, choices=[(name, name) for name in STORED])
    open_ms = models.BigIntegerField()
    open_ticks = models.BigIntegerField()
    high_ticks = models.BigIntegerField()
    low_ticks = models.BigIntegerField()
    close_ticks = models.BigIntegerField()
    volume_steps = models.BigIntegerField()
    quote_units = models.BigIntegerField()  # of one tick times one step
    trades = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pair", "interval", "open_ms"], name="candle_once"),
            models.CheckConstraint(
                condition=Q(low_ticks__lte=F("open_ticks"), high_ticks__gte=F("open_ticks"))
                & Q(low_ticks__lte=F("close_ticks"), high_ticks__gte=F("close_ticks")),
                name="candle_holds_its_prices",
            ),
            models.CheckConstraint(condition=Q(interval__in=STORED), name="candle_interval_is_stored"),
        ]

    def __str__(self) -> str:
        return f"{self.pair} {self.interval} {self.open_ms}"

    @property
    def value(self) -> market.Candle:
        """The same candle in prices and quantities."""
        return value_of(self.pair, self.row)

    @property
    def row(self) -> tuple[int, ...]:
        return tuple(getattr(self, column) for column in COLUMNS)


# What value_of reads, in its order: queries that want speed ask for just these.
COLUMNS = ("open_ms", "open_ticks", "high_ticks", "low_ticks", "close_ticks", "volume_steps", "quote_units", "trades")


def value_of(pair: Pair, row: tuple[int, ...]) -> market.Candle:
    """A row of COLUMNS as a candle in prices and quantities."""
    open_ms, open_, high, low, close, volume, quote, trades = row
    tick: Decimal = pair.value.price_tick
    step: Decimal = pair.value.qty_step
    return market.Candle(
        open_ms, open_ * tick, high * tick, low * tick, close * tick, volume * step, quote * tick * step, trades
    )
