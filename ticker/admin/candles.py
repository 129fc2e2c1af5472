"""Stored candles for staff: to look at, found by time."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ticker.admin.record import OneOf, PairFilter, RecordAdmin, Span, TimeFilter, chosen_pair, span_of, when
from ticker.models import Candle
from ticker.models.candles import STORED


def chosen_interval(request: HttpRequest) -> str:
    """The interval whose candles are shown."""
    given = request.GET.get("interval", "")
    return given if given in STORED else STORED[0]


class IntervalFilter(OneOf):
    title = "interval"
    parameter_name = "interval"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(interval, interval) for interval in STORED]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Candle]) -> QuerySet[Candle]:
        return queryset.filter(interval=self.value())


@admin.register(Candle)
class CandleAdmin(RecordAdmin):
    list_display = ("at", "of_pair", "of_interval", "opened", "highest", "lowest", "closed", "volume", "quote", "count")
    key, csv_name = "open_ms", "ticker:api-candles-csv"
    list_filter = (PairFilter, IntervalFilter, TimeFilter)
    ordering = ("-pair_id", "-interval", "-open_ms")
    search_fields = ("open_ms",)
    search_help_text = "A time in UTC: 2026-11-23 14:05, or 2026-11-23 14:05 .. 2026-11-23 14:20"
    fields = ("pair", "interval", "at", "opened", "highest", "lowest", "closed", "volume", "quote", "trades")
    readonly_fields = ("at", "opened", "highest", "lowest", "closed", "volume", "quote")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Candle], search_term: str
    ) -> tuple[QuerySet[Candle], bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        span = span_of(words)
        if span is None:
            return queryset.none(), False
        return self.during(queryset, *span), False

    def ends(self, request: HttpRequest) -> Span | None:
        rows = Candle.objects.filter(pair=chosen_pair(request), interval=chosen_interval(request))
        opened = rows.values_list("open_ms", flat=True)
        first, last = opened.order_by("open_ms").first(), opened.order_by("-open_ms").first()
        return None if first is None or last is None else (first, last)

    def during(self, rows: QuerySet[Candle], start_ms: int, stop_ms: int) -> QuerySet[Candle]:
        return rows.filter(open_ms__gte=start_ms, open_ms__lt=stop_ms)

    def csv_query(self, request: HttpRequest) -> dict[str, Any]:
        return {"interval": chosen_interval(request)}

    @admin.display(description="opened (UTC)")
    def at(self, candle: Candle) -> str:
        return when(candle.open_ms).removesuffix(".000")

    @admin.display(description="pair")
    def of_pair(self, candle: Candle) -> str:
        return str(candle.pair)

    @admin.display(description="interval")
    def of_interval(self, candle: Candle) -> str:
        return candle.interval

    @admin.display(description="open")
    def opened(self, candle: Candle) -> str:
        return format(candle.value.open, "f")

    @admin.display(description="high")
    def highest(self, candle: Candle) -> str:
        return format(candle.value.high, "f")

    @admin.display(description="low")
    def lowest(self, candle: Candle) -> str:
        return format(candle.value.low, "f")

    @admin.display(description="close")
    def closed(self, candle: Candle) -> str:
        return format(candle.value.close, "f")

    @admin.display(description="volume")
    def volume(self, candle: Candle) -> str:
        return format(candle.value.volume, "f")

    @admin.display(description="quote volume")
    def quote(self, candle: Candle) -> str:
        return format(candle.value.quote_volume, "f")

    @admin.display(description="trades")
    def count(self, candle: Candle) -> int:
        return candle.trades
