"""The pairs of this deployment, and what staff have set for each."""

from decimal import Decimal
from functools import cached_property

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from ticker.market import pairs as market
from ticker.market.pairs import PairStatus


class Pair(models.Model):
    """One pair, its settings, and how far its trades are recorded."""

    symbol = models.CharField(max_length=20, unique=True)
    base = models.CharField(max_length=12)
    quote = models.CharField(max_length=12)
    price_tick = models.DecimalField(max_digits=20, decimal_places=10)
    qty_step = models.DecimalField(max_digits=20, decimal_places=10)
    start_price = models.DecimalField(max_digits=20, decimal_places=10)
    status = models.CharField(
        max_length=10, default=PairStatus.OPEN, choices=[(status.value, status.value) for status in PairStatus]
    )
    rate = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0.01), MaxValueValidator(2000)],
        help_text="Trades per second. Empty: the rate of the deployment (RATE).",
    )
    volatility = models.FloatField(
        default=0.8,
        validators=[MinValueValidator(0.01), MaxValueValidator(10)],
        help_text="Of the price, a year, as a fraction: 0.8 is 80 %.",
    )
    seed = models.BigIntegerField(default=1, help_text="The same seed and start give the same market.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Order in lists, lowest first.")
    recorded_seq = models.BigIntegerField(default=0, editable=False)  # every trade up to here is in the table

    class Meta:
        ordering = ["position", "symbol"]
        constraints = [
            models.CheckConstraint(
                condition=Q(price_tick__gt=0, qty_step__gt=0, start_price__gte=F("price_tick")),
                name="pair_has_real_ticks",
            ),
            models.CheckConstraint(condition=Q(recorded_seq__gte=0), name="pair_recorded_seq_not_negative"),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in PairStatus]), name="pair_has_known_status"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.base}/{self.quote}"

    @cached_property
    def value(self) -> market.Pair:
        """The same pair as a plain value, its ticks without trailing zeros."""
        return market.Pair(
            self.symbol,
            self.base,
            self.quote,
            market.plain(self.price_tick),
            market.plain(self.qty_step),
            market.plain(self.start_price),
            self.volatility,
        )

    def price(self, ticks: int) -> Decimal:
        return self.value.price_tick * ticks

    def qty(self, steps: int) -> Decimal:
        return self.value.qty_step * steps

    def quote_volume(self, units: int) -> Decimal:
        """The amount of quote currency in so many units of one tick times one step."""
        return self.value.price_tick * self.value.qty_step * units
