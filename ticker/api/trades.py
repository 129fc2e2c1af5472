"""Recorded trades over REST."""

from dataclasses import asdict
from typing import Any

from django.http import QueryDict
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ticker.api import csv
from ticker.api.parameters import described, whole_number
from ticker.api.public import FOREVER, IF_NONE_MATCH, NOT_MODIFIED, PublicView, failures, next_page
from ticker.market.trades import Trade
from ticker.models import Pair
from ticker.services import pairs, ranges, trades
from ticker.services.ranges import Range
from ticker.wire.csv import TRADE

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


RANGE = [
    described("after", "Only trades with a higher id."),
    described("before", "Only trades with a lower id."),
    described("start", "UTC milliseconds: only trades from then on."),
    described("end", "UTC milliseconds: only trades before then."),
]


def asked(query: QueryDict, pair: Pair) -> Range:
    """The trades that `after`, `before`, `start` and `end` leave, perhaps none, as one range of ids. Raises BadRequest."""
    after, before = whole_number(query, "after"), whole_number(query, "before")
    start_ms, end_ms = whole_number(query, "start"), whole_number(query, "end")
    span = ranges.of_time(pair, start_ms, end_ms)
    return Range(
        after=max((bound for bound in (after, span.after) if bound is not None), default=None),
        before=min((bound for bound in (before, span.before) if bound is not None), default=None),
    )


class Trades(PublicView):
    parameters = ("after", "before", "start", "end", "limit")

    @extend_schema(
        operation_id="trades",
        summary="Recorded trades of a pair",
        description=(
            "Ascending by id. With `after` or `start`, the first trades from there, and `next` leads on to newer ones "
            "until there are none; ask again with the last id for what has come since. Without them, the newest "
            "trades (below `before`, before `end`), and `next` leads back to older ones. Pages hold ids and not "
            "counts: walking them meets each trade once, whatever is traded meanwhile."
        ),
        tags=["history"],
        parameters=[
            *RANGE,
            described("limit", f"1 to {LIMIT} trades.", low=1, high=LIMIT, default=DEFAULT_LIMIT),
            IF_NONE_MATCH,
        ],
        responses={200: TradePageSerializer, 304: NOT_MODIFIED, **failures()},
    )
    def get(self, request: Request, symbol: str) -> Response:
        query, pair = request.query_params, pairs.get(symbol)
        limit = whole_number(query, "limit", 1, LIMIT) or DEFAULT_LIMIT
        wanted = asked(query, pair)
        # One more than asked for tells whether there are more.
        found = [] if wanted.is_empty else trades.read(pair, **asdict(wanted), limit=limit + 1)
        next_url = None
        if wanted.after is not None:
            results = found[:limit]
            if len(found) > limit:
                next_url = next_page(request, after=results[-1].seq)
        else:
            results = found[-limit:]
            if len(found) > limit:
                next_url = next_page(request, before=results[0].seq)
        response = Response({"results": [shown(trade) for trade in results], "next": next_url})
        if _is_final(wanted, len(found), limit + 1):
            response["Cache-Control"] = FOREVER
        return response


def _is_final(wanted: Range, found: int, most: int) -> bool:
    """Whether all trades that can ever be in the range are there, or so many of them as were asked for."""
    if wanted.after is None or wanted.before is None:
        return False
    return found == max(0, min(most, wanted.before - wanted.after - 1))


class TradesCsv(PublicView):
    parameters = ("after", "before", "start", "end")
    renderer_classes = (csv.Renderer,)
    throttle_scope = "csv"

    @extend_schema(
        operation_id="trades_csv",
        summary="Recorded trades of a pair as a CSV file of any length",
        description="Those of the range that are recorded now, ascending by id; all of them where no range is given.",
        tags=["history"],
        parameters=RANGE,
        responses={(200, "text/csv"): OpenApiTypes.STR, **failures()},
    )
    def get(self, request: Request, symbol: str) -> HttpResponseBase:
        pair = pairs.get(symbol)
        wanted = asked(request.query_params, pair)
        after, end = wanted.after or 0, pair.recorded_seq + 1  # what comes while this is sent would make it endless
        before = end if wanted.before is None else min(wanted.before, end)
        response = csv.download(request, f"{symbol}-trades.csv", TRADE, csv.trades(pair, after, before))
        if wanted.before is not None and wanted.before <= end and wanted.after is not None:
            response["Cache-Control"] = FOREVER
        return response
