"""Candles over REST."""

from typing import Any

from django.http import QueryDict
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ticker.api import csv
from ticker.api.parameters import choice, described, whole_number
from ticker.api.public import FOREVER, IF_NONE_MATCH, NOT_MODIFIED, PublicView, failures, next_page
from ticker.market.candles import INTERVALS, Candle
from ticker.services import candles, pairs
from ticker.wire.csv import CANDLE

LIMIT, DEFAULT_LIMIT, DEFAULT_INTERVAL = 1_000, 500, "1m"


class CandleSerializer(serializers.Serializer[Any]):
    """What happened from `open_ms` up to the next candle. Prices and volumes are decimal strings."""

    open_ms = serializers.IntegerField(help_text="UTC milliseconds; weeks open on Mondays, months on the 1st.")
    open = serializers.CharField()
    high = serializers.CharField()
    low = serializers.CharField()
    close = serializers.CharField()
    volume = serializers.CharField(help_text="In the base currency.")
    quote_volume = serializers.CharField(help_text="In the quote currency.")
    trades = serializers.IntegerField(help_text="0: nothing was traded, and the prices are the last close.")
    closed = serializers.BooleanField(help_text="All its trades are recorded; it never changes again.")


class CandlePageSerializer(serializers.Serializer[Any]):
    """Candles, ascending, without gaps."""

    results = CandleSerializer(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where to go on; null at the end.")


def shown(candle: Candle, closed: bool) -> dict[str, Any]:
    """The candle as it goes out."""
    return {
        "open_ms": candle.open_ms,
        "open": format(candle.open, "f"),
        "high": format(candle.high, "f"),
        "low": format(candle.low, "f"),
        "close": format(candle.close, "f"),
        "volume": format(candle.volume, "f"),
        "quote_volume": format(candle.quote_volume, "f"),
        "trades": candle.trades,
        "closed": closed,
    }


SPAN = [
    OpenApiParameter("interval", str, enum=list(INTERVALS), default=DEFAULT_INTERVAL),
    described("start", "UTC milliseconds, aligned down: the first candle."),
    described("end", "UTC milliseconds, aligned down: this candle and later ones are left out."),
]


def asked(query: QueryDict) -> tuple[str, int | None, int | None]:
    """Interval, start and end. Raises BadRequest."""
    interval = choice(query, "interval", INTERVALS, DEFAULT_INTERVAL)
    return interval, whole_number(query, "start"), whole_number(query, "end")


class Candles(PublicView):
    parameters = ("interval", "start", "end", "limit")

    @extend_schema(
        operation_id="candles",
        summary="Candles of a pair, up to the open one",
        description=(
            "Ascending, one for every span since the first. With `start`, the first candles from there, and `next` "
            "leads on to newer ones. Without `start`, the newest candles (before `end`), and `next` leads back to "
            "older ones."
        ),
        tags=["history"],
        parameters=[
            *SPAN,
            described("limit", f"1 to {LIMIT} candles.", low=1, high=LIMIT, default=DEFAULT_LIMIT),
            IF_NONE_MATCH,
        ],
        responses={200: CandlePageSerializer, 304: NOT_MODIFIED, **failures()},
    )
    def get(self, request: Request, symbol: str) -> Response:
        interval, start_ms, end_ms = asked(request.query_params)
        limit = whole_number(request.query_params, "limit", 1, LIMIT) or DEFAULT_LIMIT
        page = candles.page(pairs.get(symbol), interval, start_ms=start_ms, end_ms=end_ms, limit=limit)
        next_url = None
        if page.next_ms is not None:
            next_url = next_page(request, start=page.next_ms)
        elif page.before_ms is not None:
            next_url = next_page(request, end=page.before_ms)
        response = Response({"results": [shown(*candle) for candle in page.candles], "next": next_url})
        if page.final:
            response["Cache-Control"] = FOREVER
        return response


class CandlesCsv(PublicView):
    parameters = ("interval", "start", "end")
    renderer_classes = (csv.Renderer,)
    throttle_scope = "csv"

    @extend_schema(
        operation_id="candles_csv",
        summary="Candles of a pair as a CSV file of any length",
        description="Ascending, one for every span, up to the open one; all of them where no range is given.",
        tags=["history"],
        parameters=SPAN,
        responses={(200, "text/csv"): OpenApiTypes.STR, **failures()},
    )
    def get(self, request: Request, symbol: str) -> HttpResponseBase:
        interval, start_ms, end_ms = asked(request.query_params)
        pair = pairs.get(symbol)
        lines = csv.candles(pair, interval, start_ms, end_ms)
        response = csv.download(request, f"{symbol}-{interval}.csv", CANDLE, lines)
        if start_ms is not None and candles.page(pair, interval, start_ms=start_ms, end_ms=end_ms, limit=1).final:
            response["Cache-Control"] = FOREVER
        return response
