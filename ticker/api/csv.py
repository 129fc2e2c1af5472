"""The record as CSV files of any length: read page by page while it is sent, never more than one page in memory."""

import time
from collections.abc import AsyncIterator, Sequence

from channels.db import database_sync_to_async
from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from ticker.market.candles import index_of, open_of
from ticker.models import Pair
from ticker.services import candles as candles_service
from ticker.services import trades as trades_service
from ticker.wire import csv

ROWS = 1_000  # of a page: some 50 KB, and a few milliseconds of one thread


class Renderer(BaseRenderer):
    """Says in negotiation that these addresses give CSV; the lines themselves never pass through here."""

    media_type, format, charset = "text/csv", "csv", "utf-8"

    def render(self, data: object, *_: object, **__: object) -> bytes:
        raise TypeError("a file is streamed")


def download(
    request: Request, name: str, columns: Sequence[str], pages: AsyncIterator[list[str]]
) -> StreamingHttpResponse:
    """A response that sends the header line at once, then each page as it is read."""
    response = StreamingHttpResponse(
        _nothing() if request.method == "HEAD" else _lines(columns, pages), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Accel-Buffering"] = "no"  # nginx would hold what its client does not take, in files of its own
    return response


async def _lines(columns: Sequence[str], pages: AsyncIterator[list[str]]) -> AsyncIterator[str]:
    yield csv.line(columns)
    async for page in pages:
        yield "".join(page)


async def _nothing() -> AsyncIterator[str]:
    return
    yield


async def trades(pair: Pair, after: int, before: int) -> AsyncIterator[list[str]]:
    """Lines of the recorded trades with `after` < seq < `before`, a page at a time."""
    read = database_sync_to_async(trades_service.read)
    while after + 1 < before and (page := await read(pair, after=after, before=before, limit=ROWS)):
        yield [csv.of_trade(trade) for trade in page]
        after = page[-1].seq


async def candles(pair: Pair, interval: str, start_ms: int | None, end_ms: int | None) -> AsyncIterator[list[str]]:
    """Lines of these candles, a page at a time; without an end up to the one that is open now."""
    now_ms = time.time_ns() // 1_000_000
    position: int | None = start_ms or 0
    if end_ms is None:
        end_ms = open_of(index_of(now_ms, interval) + 1, interval)
    read = database_sync_to_async(candles_service.page)
    while position is not None:
        page = await read(pair, interval, start_ms=position, end_ms=end_ms, limit=ROWS, now_ms=now_ms)
        yield [csv.of_candle(*candle) for candle in page.candles]
        position = page.next_ms
