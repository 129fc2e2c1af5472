"""Trades become the record: rows and candles in one transaction, each trade once, whoever is killed when."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from ticker.market import candles as market
from ticker.market.board import Board
from ticker.market.candles import INTERVALS, Candle, fold, merge, open_at
from ticker.market.trades import Side, Trade
from ticker.models import Candle as CandleRow
from ticker.models import Pair
from ticker.models import Trade as TradeRow
from ticker.models.candles import COLUMNS, value_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the record knows of one pair."""

    seq: int  # of the newest recorded trade
    minutes: list[Candle]  # with trades, in order: those of the last day and the one before
    board: Board  # the open candles after trade `seq`


def positions() -> dict[str, int]:
    """The newest recorded trade of every pair."""
    return dict(Pair.objects.values_list("symbol", "recorded_seq"))


def position(symbol: str) -> int:
    """The newest recorded trade of one pair. Raises Pair.DoesNotExist."""
    return int(Pair.objects.values_list("recorded_seq", flat=True).get(symbol=symbol))


@transaction.atomic
def recorded(symbol: str) -> Recorded:
    """What the record knows of this pair at one moment. Raises Pair.DoesNotExist."""
    # Locked, or a recorder could commit between two of these reads (PostgreSQL gives each statement its own view).
    pair = Pair.objects.select_for_update().get(symbol=symbol)
    newest = CandleRow.objects.filter(pair=pair, interval="1m").order_by("-open_ms").first()
    if newest is None:
        return Recorded(pair.recorded_seq, [], Board(pair.recorded_seq))
    last_ms = newest.open_ms
    since_ms = last_ms + market.MINUTE - market.DAY
    # One more, where it is older: the minutes after it, in which nothing was traded, carry its close.
    before = CandleRow.objects.filter(pair=pair, interval="1m", open_ms__lt=since_ms).order_by("-open_ms")[:1]
    minutes = [*(value_of(pair, row) for row in before.values_list(*COLUMNS)), *_stored(pair, "1m", since_ms)]
    return Recorded(pair.recorded_seq, minutes, _board(pair, minutes, last_ms))


def _stored(pair: Pair, interval: str, since_ms: int) -> list[Candle]:
    rows = CandleRow.objects.filter(pair=pair, interval=interval, open_ms__gte=since_ms).order_by("open_ms")
    return [value_of(pair, row) for row in rows.values_list(*COLUMNS)]


def _board(pair: Pair, minutes: Sequence[Candle], last_ms: int) -> Board:
    """The open candles at the newest recorded minute, merged from what is stored."""
    longest_ms = min(open_at(last_ms, interval) for interval in INTERVALS)
    stored = {"1h": _stored(pair, "1h", longest_ms), "1m": minutes}
    opened = {}
    for interval, every_ms in INTERVALS.items():
        if interval == "1s":
            continue
        parts = stored["1h" if every_ms is None or every_ms >= market.HOUR else "1m"]
        since_ms = open_at(last_ms, interval)
        (opened[interval],) = merge((part for part in parts if part.open_ms >= since_ms), interval)
    opened = {"1s": _last_second(pair, minutes[-1])} | opened
    return Board(pair.recorded_seq, opened)


def _last_second(pair: Pair, minute: Candle) -> Candle:
    """The newest second with trades; an empty one at the end of the history where no trade is recorded yet."""
    newest = TradeRow.objects.filter(pair=pair).order_by("-seq").first()
    if newest is None:
        return market.empty(minute.open_ms + market.MINUTE - market.SECOND, minute.close)
    since_ms = open_at(newest.time_ms, "1s")
    rows = TradeRow.objects.filter(pair=pair, time_ms__gte=since_ms).select_related("pair").order_by("seq")
    (second,) = fold(
        (Trade(pair.symbol, row.seq, row.price, row.qty, Side(row.side), row.time_ms) for row in rows), "1s"
    )
    return second


def record(trades: Mapping[str, Sequence[Trade]]) -> dict[str, int]:
    """Add these trades, by symbol and in order, to the record; the newest recorded trade of each of the pairs.

    All of it or nothing. Trades that are recorded already are passed over, so doing it twice does no harm. A hole in
    the numbers is accepted, for what is lost cannot be had again, and logged.
    """
    with transaction.atomic():
        # In one order, so that two recorders never wait for each other.
        pairs = Pair.objects.select_for_update().filter(symbol__in=trades).order_by("pk")
        return {pair.symbol: _record(pair, trades[pair.symbol]) for pair in pairs}


def _record(pair: Pair, trades: Sequence[Trade]) -> int:
    new = [trade for trade in trades if trade.seq > pair.recorded_seq]
    if not new:
        return pair.recorded_seq
    if new[0].seq > pair.recorded_seq + 1:
        log.error("%s: trades %d to %d were never seen", pair.symbol, pair.recorded_seq + 1, new[0].seq - 1)
    tick, step = pair.value.price_tick, pair.value.qty_step
    TradeRow.objects.bulk_create(
        TradeRow(
            pair=pair,
            seq=trade.seq,
            price_ticks=int(trade.price / tick),
            qty_steps=int(trade.qty / step),
            side=trade.side,
            time_ms=trade.time_ms,
        )
        for trade in new
    )
    minutes = list(fold(new, "1m"))
    _add_candles(pair, "1m", minutes)
    _add_candles(pair, "1h", list(merge(minutes, "1h")))
    pair.recorded_seq = new[-1].seq
    pair.save(update_fields=["recorded_seq"])
    return pair.recorded_seq


def _add_candles(pair: Pair, interval: str, parts: Sequence[Candle]) -> None:
    """Merge parts of candles, later than what is stored, into the stored candles."""
    stored = {
        candle.open_ms: candle
        for candle in (
            row.value
            for row in CandleRow.objects.filter(
                pair=pair, interval=interval, open_ms__in=[part.open_ms for part in parts]
            ).select_related("pair")
        )
    }
    merged = (stored[part.open_ms].then(part) if part.open_ms in stored else part for part in parts)
    CandleRow.objects.bulk_create(
        (candle_row(pair, interval, candle) for candle in merged),
        update_conflicts=True,
        unique_fields=["pair", "interval", "open_ms"],
        update_fields=COLUMNS[1:],
    )


def candle_row(pair: Pair, interval: str, candle: Candle) -> CandleRow:
    """The candle in whole ticks and steps."""
    tick, step = pair.value.price_tick, pair.value.qty_step
    return CandleRow(
        pair=pair,
        interval=interval,
        open_ms=candle.open_ms,
        open_ticks=int(candle.open / tick),
        high_ticks=int(candle.high / tick),
        low_ticks=int(candle.low / tick),
        close_ticks=int(candle.close / tick),
        volume_steps=int(candle.volume / step),
        quote_units=int(candle.quote_volume / (tick * step)),
        trades=candle.trades,
    )
