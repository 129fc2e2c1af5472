"""The markets page: every pair at a glance, as it stood when the page was asked for."""

from dataclasses import dataclass
from decimal import Decimal

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from ticker.market.candles import MINUTE
from ticker.market.tickers import Ticker
from ticker.models import Pair
from ticker.pages.lines import line_path, thin_out
from ticker.pages.shell import or_503
from ticker.services import candles, pairs, tickers

SPARK_POINTS, SPARK_WIDTH, SPARK_HEIGHT = 60, 120, 28
SPARK_KEPT_S = 30  # a line of 24 hours does not move sooner by a pixel; the script moves its end


@dataclass(frozen=True, slots=True)
class Market:
    """One row of the table."""

    pair: Pair
    ticker: Ticker | None
    age_ms: int
    line: str  # the `d` of its sparkline …
    low: Decimal | None  # … and the prices at its bottom and its top
    high: Decimal | None


@gzip_page
@cache_control(no_cache=True)
@require_safe
@or_503
def markets(request: HttpRequest) -> HttpResponse:
    """The table of all pairs, most traded first, complete before any script runs."""
    shown = pairs.shown()
    newest = tickers.newest(shown)
    rows = [market_of(pair, newest.get(pair.symbol)) for pair in shown]
    rows.sort(key=lambda row: row.ticker.quote_volume if row.ticker else Decimal(-1), reverse=True)
    return render(
        request,
        "ticker/markets.html",
        {
            "markets": rows,
            "trades_per_s": trades_per_s(shown),
            "quote_volume": sum((row.ticker.quote_volume for row in rows if row.ticker), Decimal(0)),
            "quotes": {pair.quote for pair in shown},
            "spark_width": SPARK_WIDTH,
            "spark_height": SPARK_HEIGHT,
        },
    )


def market_of(pair: Pair, row: tickers.Row | None) -> Market:
    points = spark_points(pair)
    return Market(
        pair=pair,
        ticker=row.ticker if row else None,
        age_ms=row.age_ms if row else 0,
        line=line_path(points, SPARK_WIDTH, SPARK_HEIGHT),
        low=min(points, default=None),
        high=max(points, default=None),
    )


def spark_points(pair: Pair) -> list[Decimal]:
    """The closes of the last 24 hours, thinned out."""
    key = f"spark:{pair.symbol}"
    points: list[Decimal] | None = cache.get(key)
    if points is None:
        day = candles.read(pair, "15m", limit=96)
        points = thin_out([candle.close for candle, _ in day], SPARK_POINTS)
        cache.set(key, points, SPARK_KEPT_S)
    return points


def trades_per_s(shown: list[Pair]) -> Decimal | None:
    """How many trades a second all pairs together had in their last whole minute; None before the first."""
    minutes = [candle for pair in shown for candle, closed in candles.read(pair, "1m", limit=2)[:1] if closed]
    return Decimal(sum(minute.trades for minute in minutes)) * 1_000 / MINUTE if minutes else None
