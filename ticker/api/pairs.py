"""The pairs over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ticker.api.public import IF_NONE_MATCH, NOT_MODIFIED, PublicView, failures
from ticker.models import Pair
from ticker.services import pairs


class PairSerializer(serializers.Serializer[Any]):
    """What is traded against what, and how finely."""

    symbol = serializers.CharField(help_text="For programs: SOLUSDT.")
    base = serializers.CharField(help_text="What is bought and sold: SOL.")
    quote = serializers.CharField(help_text="What it is paid in: USDT.")
    name = serializers.CharField(help_text="For people: SOL/USDT.")
    price_tick = serializers.CharField(help_text="Prices are whole numbers of it. A decimal string.")
    qty_step = serializers.CharField(help_text="Quantities are whole numbers of it. A decimal string.")
    status = serializers.ChoiceField(["open", "halted"], help_text="halted: shown, but nothing trades.")


class PairPageSerializer(serializers.Serializer[Any]):
    """All pairs; there is never a next page."""

    results = PairSerializer(many=True)
    next = serializers.URLField(allow_null=True)


def shown(pair: Pair) -> dict[str, Any]:
    """The pair as it goes out."""
    return {
        "symbol": pair.symbol,
        "base": pair.base,
        "quote": pair.quote,
        "name": pair.value.name,
        "price_tick": format(pair.value.price_tick, "f"),
        "qty_step": format(pair.value.qty_step, "f"),
        "status": pair.status,
    }


class Pairs(PublicView):
    @extend_schema(
        operation_id="pairs",
        summary="All pairs, in the order of lists",
        tags=["pairs"],
        parameters=[IF_NONE_MATCH],
        responses={200: PairPageSerializer, 304: NOT_MODIFIED, **failures(missing=False)},
    )
    def get(self, request: Request) -> Response:
        return Response({"results": [shown(pair) for pair in pairs.shown()], "next": None})


class OnePair(PublicView):
    @extend_schema(
        operation_id="pair",
        summary="One pair",
        tags=["pairs"],
        parameters=[IF_NONE_MATCH],
        responses={200: PairSerializer, 304: NOT_MODIFIED, **failures()},
    )
    def get(self, request: Request, symbol: str) -> Response:
        return Response(shown(pairs.get(symbol)))
