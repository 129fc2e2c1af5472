"""Numbers as people read them: the pair's decimals, grouped, signed and never in scientific notation.

static/ticker/market/format.js says the same numbers the same way once the script runs: a change here is a change there.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from django import template

from ticker.market.tickers import Ticker
from ticker.models import Pair

register = template.Library()

# What a filter gets for a figure of a ticker that is not there yet: None, or "" once a template has looked inside it.
Missing = Literal[""] | None
UNKNOWN = "—"  # never 0: zero is a price
MINUS = "\N{MINUS SIGN}"  # as wide as a plus, unlike a hyphen
UNITS = ((Decimal(10) ** 12, "T"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K"))


def decimals_of(step: Decimal) -> int:
    """How many decimals a whole number of these steps needs: 0.001 needs three, 1 and 10 none."""
    return max(0, -int(step.normalize().as_tuple().exponent))


def fixed(number: Decimal, decimals: int) -> str:
    """The number with exactly so many decimals, grouped by commas, with a real minus sign."""
    return f"{number:,.{decimals}f}".replace("-", MINUS)


def known(number: Decimal | Missing, say: Callable[[Decimal], str]) -> str:
    return say(number) if isinstance(number, Decimal) else UNKNOWN


def sign(number: Decimal) -> str:
    return "+" if number > 0 else ""


@register.filter
def price(number: Decimal | Missing, pair: Pair) -> str:
    """With the decimals of the pair's tick."""
    return known(number, lambda found: fixed(found, decimals_of(pair.value.price_tick)))


@register.filter
def qty(number: Decimal | Missing, pair: Pair) -> str:
    """With the decimals of the pair's step."""
    return known(number, lambda found: fixed(found, decimals_of(pair.value.qty_step)))


@register.filter
def price_decimals(pair: Pair) -> int:
    return decimals_of(pair.value.price_tick)


@register.filter
def qty_decimals(pair: Pair) -> int:
    return decimals_of(pair.value.qty_step)


@register.filter
def change(ticker: Ticker | Missing, pair: Pair) -> str:
    """What 24 hours added to the price: +9.51."""
    if not ticker:
        return UNKNOWN
    difference = ticker.last - ticker.open
    return sign(difference) + fixed(difference, decimals_of(pair.value.price_tick))


@register.filter
def percent(number: Decimal | Missing) -> str:
    """Signed, with two decimals: +1.77%."""
    if number is None or number == "":
        return UNKNOWN
    rounded = number.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return f"{sign(rounded)}{fixed(rounded + 0, 2)}%"


@register.filter
def direction(number: Decimal | Missing) -> str:
    """The word that stylesheets and scripts know a change by: up, down or flat."""
    if not number:
        return "flat"
    return "up" if number > 0 else "down"


@register.filter
def arrow(number: Decimal | Missing) -> str:
    """The change without colour."""
    return {"up": "▲", "down": "▼", "flat": "="}[direction(number)]


@register.filter
def spread(ticker: Ticker | Missing, pair: Pair) -> str:
    """What a buyer pays above a seller, in quote currency and in basis points of the middle: 0.02 · 1.4 bps."""
    if not ticker or ticker.ask <= ticker.bid:
        return UNKNOWN
    gap = ticker.ask - ticker.bid
    points = gap * 20_000 / (ticker.ask + ticker.bid)
    said = fixed(points, 1) if points >= 1 else fixed(points, 2) if points >= Decimal("0.01") else "<0.01"
    return f"{fixed(gap, decimals_of(pair.value.price_tick))} · {said} bps"


@register.filter
def compact(number: Decimal | Missing) -> str:
    """Three figures and a unit: 6.91M, 88.1K, 412; the full number belongs into a title."""
    if number is None or number == "":
        return UNKNOWN
    for size, unit in UNITS:
        # 999,950 would round to 1000.0K: it is 1.00M already.
        if abs(number) >= size * Decimal("0.9995"):
            return figures(number / size) + unit
    return figures(number)


def figures(number: Decimal) -> str:
    """Three significant figures above one, two decimals below."""
    whole = abs(number)
    return fixed(number, 0 if whole >= Decimal("99.95") else 1 if whole >= Decimal("9.995") else 2)


@register.filter
def full(number: Decimal | int | Missing) -> str:
    """Every figure of it, grouped."""
    return f"{number:,}" if isinstance(number, int) else known(number, lambda found: f"{found:,f}".replace("-", MINUS))


@register.filter
def plain(number: Decimal | Missing) -> str:
    """For programs: no grouping, never an exponent; empty when unknown."""
    return format(number, "f") if isinstance(number, Decimal) else ""


@register.filter
def bare(number: Decimal) -> str:
    """A tick or a step as people write it: 0.001, 1."""
    return format(number.normalize(), "f")
