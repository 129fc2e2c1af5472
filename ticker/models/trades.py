"""Every trade that was recorded, and what came in the place of one and could not be read."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from ticker.market.trades import Side
from ticker.models.pairs import Pair


class Trade(models.Model):
    """One trade. Whole ticks and steps, so that no database rounds them."""

    # Not checked by the database, row by row: whoever writes has just locked the pair, and no pair is ever deleted.
    # On PostgreSQL the checks took a third of the time of recording.
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="trades", db_index=False, db_constraint=False)
    seq = models.BigIntegerField()
    price_ticks = models.BigIntegerField()
    qty_steps = models.BigIntegerField()
    side = models.CharField(max_length=4, choices=[(side.value, side.value) for side in Side])
    time_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pair", "seq"], name="trade_once"),
            models.CheckConstraint(condition=Q(price_ticks__gt=0, qty_steps__gt=0, seq__gt=0), name="trade_is_real"),
        ]
        indexes = [models.Index(fields=["pair", "time_ms"], name="trade_by_time")]

    def __str__(self) -> str:
        return f"{self.pair} #{self.seq}"

    @property
    def price(self) -> Decimal:
        return self.pair.price(self.price_ticks)

    @property
    def qty(self) -> Decimal:
        return self.pair.qty(self.qty_steps)


class Unreadable(models.Model):
    """An entry of a pair's stream that is no trade, kept as it came; the numbers of the trades have a hole there."""

    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="unreadable", db_index=False)
    seq = models.BigIntegerField()
    entry = models.BinaryField()
    error = models.TextField()
    parked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "unreadable"
        constraints = [models.UniqueConstraint(fields=["pair", "seq"], name="unreadable_once")]

    def __str__(self) -> str:
        return f"{self.pair} #{self.seq}: {self.error}"
