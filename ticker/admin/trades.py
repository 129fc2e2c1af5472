"""Recorded trades for staff: to look at, found by number or by time."""

import re

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ticker.admin.record import PairFilter, RecordAdmin, Span, TimeFilter, chosen_pair, span_of, when
from ticker.models import Trade


@admin.register(Trade)
class TradeAdmin(RecordAdmin):
    # Methods and not columns: a column could be sorted by, and only `seq` has an index.
    list_display = ("number", "of_pair", "at_price", "of_qty", "taker", "at")
    key, csv_name = "seq", "ticker:api-trades-csv"
    list_filter = (PairFilter, TimeFilter)
    ordering = ("-pair_id", "-seq")
    search_fields = ("seq",)
    search_help_text = "A number, or a time in UTC: 2026-11-23 14:05, or 2026-11-23 14:05 .. 2026-11-23 14:20"
    fields = ("pair", "seq", "at_price", "of_qty", "side", "at")
    readonly_fields = ("at_price", "of_qty", "at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Trade], search_term: str
    ) -> tuple[QuerySet[Trade], bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        if re.fullmatch(r"[0-9]{1,18}", words):  # longer ones are no 64-bit numbers that any pair will reach
            return queryset.filter(seq=int(words)), False
        span = span_of(words)
        return (self.during(queryset, *span) if span else queryset.none()), False

    def ends(self, request: HttpRequest) -> Span | None:
        happened = Trade.objects.filter(pair=chosen_pair(request)).values_list("time_ms", flat=True)
        first, last = happened.order_by("seq").first(), happened.order_by("-seq").first()
        return None if first is None or last is None else (first, last)

    def during(self, rows: QuerySet[Trade], start_ms: int, stop_ms: int) -> QuerySet[Trade]:
        """As a range of numbers: then the list stays on one index."""
        found = rows.filter(time_ms__gte=start_ms, time_ms__lt=stop_ms).values_list("seq", flat=True)
        first = found.order_by("time_ms", "seq").first()
        last = found.order_by("-time_ms", "-seq").first()
        return rows.filter(seq__gte=first, seq__lte=last) if first and last else rows.none()

    @admin.display(description="number")
    def number(self, trade: Trade) -> int:
        return trade.seq

    @admin.display(description="pair")
    def of_pair(self, trade: Trade) -> str:
        return str(trade.pair)

    @admin.display(description="price")
    def at_price(self, trade: Trade) -> str:
        return format(trade.price, "f")

    @admin.display(description="quantity")
    def of_qty(self, trade: Trade) -> str:
        return format(trade.qty, "f")

    @admin.display(description="taker")
    def taker(self, trade: Trade) -> str:
        return trade.side

    @admin.display(description="time (UTC)")
    def at(self, trade: Trade) -> str:
        return when(trade.time_ms)
