"""The ticker of a pair over REST: what plain polling asks for."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ticker.api.public import IF_NONE_MATCH, NOT_MODIFIED, PublicView, failures
from ticker.models import Pair
from ticker.services import pairs, tickers


class TickerSerializer(serializers.Serializer[Any]):
    """The newest price and the 24 hours up to it. Prices and quantities are decimal strings; null where unknown."""

    symbol = serializers.CharField()
    status = serializers.ChoiceField(["open", "halted"])
    last = serializers.CharField(allow_null=True, help_text="Price of the newest trade.")
    bid = serializers.CharField(allow_null=True, help_text="Best price at which somebody buys.")
    ask = serializers.CharField(allow_null=True, help_text="Best price at which somebody sells.")
    open = serializers.CharField(allow_null=True, help_text="Price 24 hours ago.")
    high = serializers.CharField(allow_null=True)
    low = serializers.CharField(allow_null=True)
    volume = serializers.CharField(allow_null=True, help_text="In the base currency.")
    quote_volume = serializers.CharField(allow_null=True, help_text="In the quote currency.")
    change_percent = serializers.CharField(allow_null=True, help_text="From open to last, two decimals.")
    seq = serializers.IntegerField(
        allow_null=True, help_text="Number of the newest trade, its id in the list of trades."
    )
    time_ms = serializers.IntegerField(allow_null=True, help_text="When the newest trade happened: UTC milliseconds.")


FIGURES = ("last", "bid", "ask", "open", "high", "low", "volume", "quote_volume", "change_percent")


def shown(pair: Pair, row: tickers.Row) -> dict[str, Any]:
    """The ticker as it goes out."""
    unknown = () if row.quoted else ("bid", "ask")
    figures = {
        name: None if row.ticker is None or name in unknown else format(getattr(row.ticker, name), "f")
        for name in FIGURES
    }
    return {
        "symbol": pair.symbol,
        "status": pair.status,
        **figures,
        "seq": row.seq or None,
        "time_ms": row.time_ms or None,
    }


class OneTicker(PublicView):
    @extend_schema(
        operation_id="ticker",
        summary="The newest price of a pair and its last 24 hours",
        description="Send the ETag of the last answer as If-None-Match: while nothing has changed the answer is 304.",
        tags=["pairs"],
        parameters=[IF_NONE_MATCH],
        responses={200: TickerSerializer, 304: NOT_MODIFIED, **failures()},
    )
    def get(self, request: Request, symbol: str) -> Response:
        pair = pairs.get(symbol)
        return Response(shown(pair, tickers.newest([pair])[pair.symbol]))
