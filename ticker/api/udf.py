"""TradingView's UDF, so that its charts and OpenBB read us as they are.

Addresses, names, and seconds instead of milliseconds are the protocol's own; its client ignores the status of an
answer and reads `s`.
"""

import json
import re
import time
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ticker.api.errors import answer, one_shape
from ticker.api.public import PublicView
from ticker.market.candles import Candle, index_of, open_of
from ticker.market.errors import BadRequest
from ticker.models import Pair
from ticker.services import candles, pairs, tickers

EXCHANGE = "TradeDash"
INTERVALS = {
    "1": "1m",
    "3": "3m",
    "5": "5m",
    "15": "15m",
    "30": "30m",
    "60": "1h",
    "120": "2h",
    "240": "4h",
    "360": "6h",
    "480": "8h",
    "720": "12h",
    "1D": "1d",
    "3D": "3d",
    "1W": "1w",
    "1M": "1M",
}
SHORT = {"D": "1D", "W": "1W", "M": "1M"}
MOST_BARS = 10_000  # of one answer, the newest that were asked for: charts ask for what a screen can show
LATEST_S = 32_503_680_000  # the year 3000: charts ask far beyond both ends of what there is
MOST_FOUND, MOST_QUOTES = 30, 100


@extend_schema(exclude=True)
class UdfView(PublicView):
    """An address whose failures its client understands, and whose unknown parameters do no harm."""

    parameters = None

    def get_exception_handler(self) -> Any:
        return failed


def failed(error: Exception, context: dict[str, Any]) -> HttpResponse:
    return _said_so(one_shape(error, context))


def _said_so(response: HttpResponse) -> HttpResponse:
    """An error of ours in the protocol's words."""
    response.content = json.dumps({"s": "error", "errmsg": json.loads(response.content)["detail"]}).encode()
    return response


@csrf_exempt
def nowhere(request: HttpRequest) -> HttpResponse:
    """Whatever below /udf/ has no address of its own."""
    response = _said_so(answer(404))
    response["Access-Control-Allow-Origin"] = "*"
    return response


class Config(UdfView):
    def get(self, request: Request) -> Response:
        return Response(
            {
                "supports_search": True,
                "supports_group_request": False,
                "supports_marks": False,
                "supports_timescale_marks": False,
                "supports_time": True,
                "exchanges": [
                    {"value": "", "name": "All exchanges", "desc": ""},
                    {"value": EXCHANGE, "name": EXCHANGE, "desc": EXCHANGE},
                ],
                "symbols_types": [{"name": "All types", "value": ""}, {"name": "Crypto", "value": "crypto"}],
                "supported_resolutions": list(INTERVALS),
            }
        )


class Time(UdfView):
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(str(int(time.time())), content_type="text/plain")


class Symbols(UdfView):
    def get(self, request: Request) -> Response:
        pair = _pair(request.query_params)
        multiple, scale = scale_of(pair.value.price_tick)
        return Response(
            {
                "name": pair.symbol,
                "ticker": pair.symbol,
                "full_name": f"{EXCHANGE}:{pair.symbol}",
                "description": pair.value.name,
                "type": "crypto",
                "session": "24x7",
                "timezone": "Etc/UTC",
                "exchange": EXCHANGE,
                "listed_exchange": EXCHANGE,
                "exchange-traded": EXCHANGE,
                "exchange-listed": EXCHANGE,
                "minmov": multiple,
                "minmov2": 0,
                "pricescale": scale,
                "format": "price",
                "has_intraday": True,
                "intraday_multipliers": [name for name in INTERVALS if name.isdecimal()],
                "has_daily": True,
                "has_weekly_and_monthly": True,
                "supported_resolutions": list(INTERVALS),
                "volume_precision": len(str(scale_of(pair.value.qty_step)[1])) - 1,
                "data_status": "streaming",
            }
        )


def scale_of(tick: Decimal) -> tuple[int, int]:
    """The tick as a whole number of parts, and how many of them make one: 0.05 is 5 of 100."""
    exponent = tick.as_tuple().exponent
    assert isinstance(exponent, int)  # a tick is a number
    scale = 10 ** max(0, -exponent)
    return int(tick * scale), scale


class Search(UdfView):
    def get(self, request: Request) -> Response:
        query = request.query_params
        words, limit = query.get("query", "").upper(), _whole(query, "limit") or MOST_FOUND
        found: list[Pair] = []
        if query.get("type", "") in ("", "crypto") and query.get("exchange", "") in ("", EXCHANGE):
            found = [pair for pair in pairs.shown() if words in pair.symbol or words in pair.value.name]
        return Response(
            [
                {
                    "symbol": pair.symbol,
                    "full_name": f"{EXCHANGE}:{pair.symbol}",
                    "description": pair.value.name,
                    "exchange": EXCHANGE,
                    "ticker": pair.symbol,
                    "type": "crypto",
                }
                for pair in found[: max(0, limit)]
            ]
        )


class History(UdfView):
    def get(self, request: Request) -> Response:
        query = request.query_params
        pair, resolution = _pair(query), query.get("resolution", "")
        interval = INTERVALS.get(SHORT.get(resolution, resolution))
        if interval is None:
            raise BadRequest(f"`resolution`: expected one of {', '.join(INTERVALS)}.")
        since_s, until_s, count = _whole(query, "from"), _whole(query, "to"), _whole(query, "countback")
        if until_s is None or (since_s is None and count is None):
            raise BadRequest("`to` and one of `from` and `countback` are needed.")
        end_ms = _next_open(until_s * 1000, interval)
        if count is not None:  # goes before `from`: a chart wants so many bars, however far back they are
            bars = _newest(pair, interval, end_ms, count)
        else:
            first_ms = _next_open((since_s or 0) * 1000 - 1, interval)
            bars = [bar for bar in _newest(pair, interval, end_ms, MOST_BARS) if bar.open_ms >= first_ms]
            end_ms = min(first_ms, end_ms)
        return Response(shown(bars) if bars else _nothing(pair, interval, end_ms))


def shown(bars: list[Candle]) -> dict[str, Any]:
    """The bars as columns of JSON numbers: a chart draws, it does not account."""
    return {
        "s": "ok",
        "t": [bar.open_ms // 1000 for bar in bars],
        "o": [float(bar.open) for bar in bars],
        "h": [float(bar.high) for bar in bars],
        "l": [float(bar.low) for bar in bars],
        "c": [float(bar.close) for bar in bars],
        "v": [float(bar.volume) for bar in bars],
    }


def _nothing(pair: Pair, interval: str, before_ms: int) -> dict[str, Any]:
    """No bars; where to look instead, if there are older ones."""
    older = _newest(pair, interval, before_ms, 1)
    return {"s": "no_data"} | ({"nextTime": older[-1].open_ms // 1000} if older else {})


def _newest(pair: Pair, interval: str, end_ms: int, count: int) -> list[Candle]:
    """The last so many bars that open before `end_ms`, which is when one opens."""
    limit = min(count, MOST_BARS)
    return [bar for bar, _ in candles.read(pair, interval, end_ms=end_ms, limit=limit)] if limit > 0 else []


def _next_open(moment_ms: int, interval: str) -> int:
    """When the first bar after this moment opens."""
    return open_of(index_of(moment_ms, interval) + 1, interval)


class Quotes(UdfView):
    def get(self, request: Request) -> Response:
        asked = request.query_params.get("symbols", "").split(",")[:MOST_QUOTES]
        listed = {pair.symbol: pair for pair in pairs.shown()}
        rows = tickers.newest({pair.pk: pair for name in asked if (pair := listed.get(_symbol(name)))}.values())
        return Response({"s": "ok", "d": [_quote(name, listed, rows) for name in asked]})


def _quote(name: str, listed: dict[str, Pair], rows: dict[str, tickers.Row]) -> dict[str, Any]:
    row = rows.get(_symbol(name))
    if row is None or row.ticker is None:
        return {"s": "error", "n": name.encode("utf-8", "replace").decode(), "v": {}}
    pair, ticker = listed[_symbol(name)], row.ticker
    numbers = {
        "ch": ticker.last - ticker.open,
        "chp": ticker.change_percent,
        "lp": ticker.last,
        "ask": ticker.ask,
        "bid": ticker.bid,
        "spread": ticker.ask - ticker.bid,
        "open_price": ticker.open,
        "high_price": ticker.high,
        "low_price": ticker.low,
        "prev_close_price": ticker.open,
        "volume": ticker.volume,
    }
    names = {
        "short_name": pair.symbol,
        "exchange": EXCHANGE,
        "description": pair.value.name,
        "original_name": f"{EXCHANGE}:{pair.symbol}",
    }
    return {"s": "ok", "n": name, "v": {key: float(number) for key, number in numbers.items()} | names}


def _pair(query: QueryDict) -> Pair:
    """The pair that `symbol` names. Raises NotFound."""
    return pairs.get(_symbol(query.get("symbol", "")))


def _symbol(name: str) -> str:
    return name.rpartition(":")[2].upper()


def _whole(query: QueryDict, name: str) -> int | None:
    """The parameter as a whole number, brought into the time that calendars hold; None where it is absent."""
    text = query.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,19}", text):  # a chart that asks for much goes back before 1970
        raise BadRequest(f"`{name}`: expected a whole number.")
    return max(0, min(int(text), LATEST_S))
