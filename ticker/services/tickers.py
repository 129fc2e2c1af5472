"""The newest ticker of each pair: what Redis knows, or the record where it does not."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Max, Min, Sum

from ticker.bus import latest
from ticker.bus.latest import Head
from ticker.market.candles import DAY, MINUTE
from ticker.market.errors import Unavailable
from ticker.market.tickers import Ticker
from ticker.models import Candle, Pair
from ticker.models import Trade as TradeRow


@dataclass(frozen=True, slots=True)
class Row:
    """One pair in a list of pairs."""

    ticker: Ticker | None  # None where nothing was traded yet
    seq: int  # of the newest trade; 0 before the first
    time_ms: int  # when it happened; 0 before the first
    age_ms: int  # since the feed last spoke of the pair, traded or not
    quoted: bool  # False: from the record, which keeps no quotes; bid and ask are the last price


def newest(pairs: Iterable[Pair], *, now_ms: int | None = None) -> dict[str, Row]:
    """By symbol, from Redis in one round trip; from the recorded candles where Redis is away or does not know the pair."""
    pairs = list(pairs)
    now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    try:
        heads = latest.heads(pair.symbol for pair in pairs)
    except Unavailable:
        heads = {}
    rows = {}
    for pair in pairs:
        head = heads.get(pair.symbol)
        if head is not None and head.ticker:
            rows[pair.symbol] = _published(head, head.ticker, now_ms)
        else:
            rows[pair.symbol] = _recorded(pair, now_ms)
    return rows


def _published(head: Head, wire: Mapping[str, str], now_ms: int) -> Row:
    ticker = Ticker(
        last=Decimal(wire["last"]),
        bid=Decimal(wire["bid"]),
        ask=Decimal(wire["ask"]),
        open=Decimal(wire["open"]),
        high=Decimal(wire["high"]),
        low=Decimal(wire["low"]),
        volume=Decimal(wire["vol"]),
        quote_volume=Decimal(wire["qvol"]),
    )
    return Row(ticker, head.seq, head.trade_ms, max(0, now_ms - head.time_ms), quoted=True)


def _recorded(pair: Pair, now_ms: int) -> Row:
    minutes = Candle.objects.filter(pair=pair, interval="1m")
    newest_minute = minutes.order_by("-open_ms").values_list("open_ms", "close_ticks").first()
    if newest_minute is None:
        return Row(None, 0, 0, 0, quoted=False)
    open_ms, close = newest_minute
    # As market.tickers.LastDay counts it: this minute and the 1,439 before it.
    since_ms = open_ms + MINUTE - DAY
    day = minutes.filter(open_ms__gte=since_ms)
    first_ms, day_open = day.order_by("open_ms").values_list("open_ms", "open_ticks")[0]
    total = day.aggregate(
        high=Max("high_ticks"), low=Min("low_ticks"), volume=Sum("volume_steps"), quote=Sum("quote_units")
    )
    if first_ms > since_ms:
        # The day begins with minutes in which nothing was traded: they carry the close before them.
        carried = (
            minutes.filter(open_ms__lt=since_ms).order_by("-open_ms").values_list("close_ticks", flat=True).first()
        )
        if carried is not None:
            day_open = carried
            total |= {"high": max(total["high"], carried), "low": min(total["low"], carried)}
    last = pair.price(close)
    ticker = Ticker(
        last=last,
        bid=last,
        ask=last,
        open=pair.price(day_open),
        high=pair.price(total["high"]),
        low=pair.price(total["low"]),
        volume=pair.qty(total["volume"]),
        quote_volume=pair.quote_volume(total["quote"]),
    )
    trade = TradeRow.objects.filter(pair=pair).order_by("-seq").values_list("seq", "time_ms").first()
    # History has candles only: its last trade was some time in its last minute.
    seq, time_ms = trade or (0, open_ms + MINUTE - 1)
    return Row(ticker, seq, time_ms, max(0, now_ms - time_ms), quoted=False)
