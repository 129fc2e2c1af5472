"""Recorded trades over REST."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ticker.api.parameters import whole_number
from ticker.api.public import FOREVER, PublicView, failures, next_page
from ticker.market.errors import BadRequest
from ticker.market.trades import Trade
from ticker.services import pairs, trades

LIMIT, DEFAULT_LIMIT = 1_000, 100


class TradeSerializer(serializers.Serializer[Any]):
    """One trade, as it happened. Price and quantity are decimal strings."""

    id = serializers.IntegerField(help_text="1, 2, 3… within the pair, without gaps, for ever; `seq` in real time.")
    price = serializers.CharField()
    qty = serializers.CharField()
    side = serializers.ChoiceField(["buy", "sell"], help_text="What the taker did.")
    time_ms = serializers.IntegerField(help_text="UTC milliseconds.")


class TradePageSerializer(serializers.Serializer[Any]):
    """Trades, ascending by id."""

    results = TradeSerializer(many=True)
    next = serializers.URLField(allow_null=True, help_text="Where to go on; null at the end.")


def shown(trade: Trade) -> dict[str, Any]:
    """The trade as it goes out."""
    return {
        "id": trade.seq,
        "price": format(trade.price, "f"),
        "qty": format(trade.qty, "f"),
        "side": trade.side,
        "time_ms": trade.time_ms,
    }


class Trades(PublicView):
    parameters = ("after", "before", "limit")

    @extend_schema(
        operation_id="trades",
        summary="Recorded trades of a pair",
        description=(
            "Ascending by id. With `after`, the first trades behind it, and `next` leads on to newer ones until there "
            "are none; ask again with the last id for what has come since. Without `after`, the newest trades "
            "(below `before`), and `next` leads back to older ones."
        ),
        tags=["history"],
        parameters=[
            OpenApiParameter("after", int, description="Only trades with a higher id."),
            OpenApiParameter("before", int, description="Only trades with a lower id."),
            OpenApiParameter("limit", int, description=f"1 to {LIMIT} trades.", default=DEFAULT_LIMIT),
        ],
        responses={200: TradePageSerializer, **failures()},
    )
    def get(self, request: Request, symbol: str) -> Response:
        query = request.query_params
        after, before = whole_number(query, "after"), whole_number(query, "before")
        limit = whole_number(query, "limit", 1, LIMIT) or DEFAULT_LIMIT
        if after is not None and before is not None and before <= after:
            raise BadRequest("`before` must be greater than `after`.")
        # One more than asked for tells whether there are more.
        found = trades.read(pairs.get(symbol), after=after, before=before, limit=limit + 1)
        next_url = None
        if after is not None:
            results = found[:limit]
            if len(found) > limit:
                next_url = next_page(request, after=results[-1].seq)
        else:
            results = found[-limit:]
            if len(found) > limit:
                next_url = next_page(request, before=results[0].seq)
        response = Response({"results": [shown(trade) for trade in results], "next": next_url})
        if after is not None and before is not None and len(found) == min(limit + 1, before - after - 1):
            response["Cache-Control"] = FOREVER  # all trades that can ever be here are, and so is `next`
        return response
