"""The pairs for staff: opened, halted, made faster or wilder while they trade; the simulator rereads them."""

import time
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from ticker.market.pairs import PairStatus, pair_of
from ticker.models import Pair
from ticker.services import history, pairs, standing, tickers

# The record counts in ticks and steps, and what was paid in ticks times steps, in whole numbers of 64 bits: an hour
# in which a thousand million changes hands must fit.
MOST_TICKS, FINEST = 10**10, Decimal("1e-9")
FIXED = ("base", "quote", "price_tick", "qty_step", "start_price")  # the record is in these units


class NewPairForm(forms.ModelForm):
    """A symbol is enough: what is left empty is what the symbol is known for."""

    class Meta:
        model = Pair
        fields = ("symbol", "price_tick", "qty_step", "start_price", "status", "rate", "volatility", "seed", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("price_tick", "qty_step", "start_price", "volatility"):
            self.fields[name].required = False
            self.fields[name].initial = None
            self.fields[name].help_text = "Empty: as usual for this symbol."
        self.fields["symbol"].help_text = "Base and quote in one word: SOLUSDT."

    def clean_symbol(self) -> str:
        symbol: str = self.cleaned_data["symbol"].strip().upper()
        try:
            pair_of(symbol)
        except ValueError as error:
            raise forms.ValidationError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
        return symbol

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "symbol" not in cleaned:
            return cleaned
        usual = pairs.new(cleaned["symbol"])
        for name in ("price_tick", "qty_step", "start_price", "volatility"):
            if name in cleaned and cleaned[name] is None:
                cleaned[name] = getattr(usual, name)
        # Not asked for: the symbol says it.
        self.instance.base, self.instance.quote = usual.base, usual.quote
        for name in ("price_tick", "qty_step"):
            if name in cleaned and cleaned[name] <= 0:
                self.add_error(name, "Must be above zero.")
        tick, step, start = cleaned.get("price_tick"), cleaned.get("qty_step"), cleaned.get("start_price")
        if tick and tick > 0 and start is not None:
            if start <= 0 or start % tick:
                self.add_error("start_price", "Must be a whole number of price ticks, at least one.")
            elif start / tick > MOST_TICKS:
                self.add_error("start_price", f"Must be at most {MOST_TICKS:,} price ticks.")
        if tick and step and 0 < tick * step < FINEST:
            self.add_error("qty_step", f"Price tick times quantity step must be at least {FINEST:f}.")
        return cleaned


class PairList(ChangeList):
    """The list of pairs with their last prices and how recording goes, asked for once for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        newest, paces = tickers.newest(self.result_list), standing.per_second(self.result_list)
        for pair in self.result_list:
            pair.newest, pair.pace = newest[pair.symbol], paces[pair.symbol]


@admin.register(Pair)
class PairAdmin(admin.ModelAdmin):
    list_display = ("symbol", "last_price", "recorded", "waiting", "pace", "status", "rate", "volatility", "position")
    list_editable = ("status", "rate", "volatility", "position")
    actions = ("open_for_trading", "halt")
    search_fields = ("symbol",)
    fields = ("symbol", *FIXED, "status", "rate", "volatility", "seed", "position", "recorded_seq")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PairList

    def get_form(self, request: HttpRequest, obj: Pair | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, **(kwargs if change else {"form": NewPairForm} | kwargs))

    def get_fields(self, request: HttpRequest, obj: Pair | None = None) -> Any:
        return self.fields if obj else NewPairForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Pair | None = None) -> Any:
        return ("symbol", *FIXED, "seed", "recorded_seq") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Pair | None = None) -> bool:
        return False  # its record would go with it: delist it instead

    def save_model(self, request: HttpRequest, obj: Pair, form: Any, change: bool) -> None:
        # Only what staff have changed: the recorder moves `recorded_seq` of this row while the form is open.
        obj.save(update_fields=form.changed_data if change else None)
        if not change:
            # Before anybody sees the pair: all of this is one transaction. The symbol is part of the seed, or all charts
            # would be the same.
            history.make(obj, until_ms=time.time_ns() // 1_000_000, rng=Random(f"{obj.symbol} {obj.seed}"))

    @admin.display(description="last price")
    def last_price(self, pair: Pair) -> str:
        ticker = _newest(pair).ticker
        return format(ticker.last, "f") if ticker else "—"

    @admin.display(description="recorded")
    def recorded(self, pair: Pair) -> str:
        return f"{pair.recorded_seq:,}"

    @admin.display(description="waiting to be recorded")
    def waiting(self, pair: Pair) -> str:
        row = _newest(pair)
        return f"{max(0, row.seq - pair.recorded_seq):,}" if row.quoted else "—"  # unquoted: Redis does not know

    @admin.display(description="recorded a second")
    def pace(self, pair: Pair) -> str:
        return f"{_pace(pair):.1f}"

    @admin.action(description="Open the selected pairs for trading", permissions=["change"])
    def open_for_trading(self, request: HttpRequest, queryset: QuerySet[Pair]) -> None:
        self._each(request, queryset, pairs.open_for_trading, PairStatus.OPEN)

    @admin.action(description="Halt the selected pairs", permissions=["change"])
    def halt(self, request: HttpRequest, queryset: QuerySet[Pair]) -> None:
        self._each(request, queryset, pairs.halt, PairStatus.HALTED)

    def _each(
        self, request: HttpRequest, chosen: QuerySet[Pair], change: Callable[[Pair], bool], status: PairStatus
    ) -> None:
        """Change each pair, and log it for those that were not so before."""
        changed = [pair for pair in chosen if change(pair)]
        for pair in changed:
            self.log_change(request, pair, f"Status: {status}.")
        names = ", ".join(str(pair) for pair in changed)
        self.message_user(
            request, f"Now {status}: {names}." if names else f"All of them were {status} before.", messages.SUCCESS
        )


def _newest(pair: Pair) -> tickers.Row:
    # A list that is shown again because of a mistake in it was not made by PairList.
    return getattr(pair, "newest", None) or tickers.newest([pair])[pair.symbol]


def _pace(pair: Pair) -> float:
    found: float | None = getattr(pair, "pace", None)
    return standing.per_second([pair])[pair.symbol] if found is None else found
