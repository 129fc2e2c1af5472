"""The page of one pair: its chart, its last trades and its figures, as they stood when the page was asked for."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from ticker.bus import latest
from ticker.market.candles import INTERVALS, Candle
from ticker.market.errors import NotFound, Unavailable
from ticker.models import Pair
from ticker.pages.lines import line_path, thin_out
from ticker.pages.shell import or_503
from ticker.services import candles, pairs, tickers, trades
from ticker.templatetags.prices import price_decimals, qty_decimals

OFFERED = ("1s", "1m", "5m", "15m", "1h", "4h", "1d")  # of all intervals those that a row of buttons has room for
DEFAULT_INTERVAL = "1m"
BARS = 300  # at first sight: five hours of minutes, more than most screens show; older ones come when somebody scrolls to them
TABLE_ROWS = 50
TAPE_ROWS = 50
LINE_WIDTH, LINE_HEIGHT, LINE_POINTS = 1000, 400, 120


@gzip_page
@cache_control(no_cache=True)
@require_safe
@or_503
def pair(request: HttpRequest, name: str) -> HttpResponse:
    """The page of SOL-USDT; other spellings of a pair that exists lead there, any other name is a 404."""
    try:
        found = pairs.get(name.replace("-", "").upper())
    except NotFound:
        raise Http404(f"There is no pair {name[:30]} here.") from None
    if name != path_name(found):
        return redirect("ticker:pair", name=path_name(found), permanent=True)
    interval = request.GET.get("i", DEFAULT_INTERVAL)
    if interval not in OFFERED:
        interval = DEFAULT_INTERVAL
    shown = pairs.shown()
    newest = tickers.newest(shown)
    own = newest.get(found.symbol)
    bars = candles.read(found, interval, limit=BARS)
    closes = thin_out([bar.close for bar, _ in bars], LINE_POINTS)
    return render(
        request,
        "ticker/pair.html",
        {
            "pair": found,
            "row": own,
            "ticker": own.ticker if own else None,
            "interval": interval,
            "intervals": OFFERED,
            "line": line_path(closes, LINE_WIDTH, LINE_HEIGHT),
            "line_width": LINE_WIDTH,
            "line_height": LINE_HEIGHT,
            "table": [bar for bar, _ in reversed(bars[-TABLE_ROWS:])],
            "tape": list(reversed(trades.read(found, limit=TAPE_ROWS))),
            "watched": [(other, newest[other.symbol].ticker if other.symbol in newest else None) for other in shown],
            "page_data": page_data(found, interval, bars),
            "host": request.get_host(),
            "scheme": request.scheme,
            "ws_scheme": "wss" if request.is_secure() else "ws",
        },
    )


def path_name(pair: Pair) -> str:
    """How the pair is spelled in an address: SOL-USDT."""
    return f"{pair.base}-{pair.quote}"


def page_data(pair: Pair, interval: str, bars: Sequence[tuple[Candle, bool]]) -> dict[str, Any]:
    """What the script starts from, so that the chart is full without asking again."""
    return {
        "symbol": pair.symbol,
        "name": pair.value.name,
        "base": pair.base,
        "quote": pair.quote,
        "tick": format(pair.value.price_tick, "f"),
        "step": format(pair.value.qty_step, "f"),
        "priceDecimals": price_decimals(pair),
        "qtyDecimals": qty_decimals(pair),
        "interval": interval,
        "intervals": {name: INTERVALS[name] for name in OFFERED},
        "candlesUrl": reverse("ticker:api-candles", args=[pair.symbol]),
        "tradesUrl": reverse("ticker:api-trades", args=[pair.symbol]),
        "epoch": epoch_of(pair),
        "bars": columns(pair, bars),
    }


def columns(pair: Pair, bars: Sequence[tuple[Candle, bool]]) -> dict[str, Any]:
    """The candles in whole ticks and steps, a list for each figure, prices as distances to weigh less.

    An open is told from the close before it, a close from its open, and the shadows from the body: small numbers, many
    of them the same. Candles follow each other without a gap, so the first one's time is enough; `settled` of them
    never change again.
    """
    tick, step = pair.value.price_tick, pair.value.qty_step
    opens = [int(bar.open / tick) for bar, _ in bars]
    closes = [int(bar.close / tick) for bar, _ in bars]
    return {
        "from_ms": bars[0][0].open_ms if bars else 0,
        "settled": sum(closed for _, closed in bars),
        "open": [open_ - before for open_, before in zip(opens, [0, *closes], strict=False)],
        "high": [int((bar.high - max(bar.open, bar.close)) / tick) for bar, _ in bars],
        "low": [int((min(bar.open, bar.close) - bar.low) / tick) for bar, _ in bars],
        "close": [close - open_ for open_, close in zip(opens, closes, strict=True)],
        "volume": [int(bar.volume / step) for bar, _ in bars],
    }


def epoch_of(pair: Pair) -> str:
    """Which numbering of trades the page's belong to, so that the feed goes on right after them; empty when unknown."""
    try:
        head = latest.heads([pair.symbol]).get(pair.symbol)
    except Unavailable:
        return ""
    return head.epoch if head else ""
