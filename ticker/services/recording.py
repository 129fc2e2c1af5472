"""Trades become the record: rows and candles in one transaction, each trade once, whoever is killed when."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, tee
from operator import itemgetter

import msgspec
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from ticker.market import candles as market
from ticker.market import rows as folding
from ticker.market.board import Board
from ticker.market.candles import INTERVALS, Candle, merge, open_at
from ticker.market.rows import STORED, TradeRow
from ticker.market.trades import Trade
from ticker.models import Candle as CandleRow
from ticker.models import Pair
from ticker.models import Unreadable as UnreadableRow
from ticker.models.candles import COLUMNS, source_of, value_of
from ticker.services import ingest
from ticker.wire import batches

log = logging.getLogger(__name__)

REFUSED = (DataError, IntegrityError, OverflowError)  # a row that no waiting makes acceptable
MOST_REFUSED = 10  # where a database refuses more than this at once, it is the database that is wrong: then we wait
FROZEN_S = 10  # a recorder that was frozen within a transaction loses it, so that another one gets its turn
LATEST_MS = 253_402_300_800_000  # the year 10000, of which no calendar knows


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the record knows of one pair."""

    seq: int  # of the newest recorded trade
    minutes: list[Candle]  # with trades, in order: those of the last day and the one before
    board: Board  # the open candles after trade `seq`


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry of a stream that is no trade of its pair."""

    seq: int
    entry: bytes
    error: str


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
    return Recorded(pair.recorded_seq, minutes, _board(pair, minutes[-1]))


def _stored(pair: Pair, interval: str, since_ms: int) -> list[Candle]:
    rows = CandleRow.objects.filter(pair=pair, interval=interval, open_ms__gte=since_ms).order_by("open_ms")
    return [value_of(pair, row) for row in rows.values_list(*COLUMNS)]


def _board(pair: Pair, minute: Candle) -> Board:
    """The open candles at the newest recorded minute, merged from what is stored."""
    since = {name: open_at(minute.open_ms, name) for name in INTERVALS}
    stored = {
        source: _stored(pair, source, min(open_ms for name, open_ms in since.items() if source_of(name) == source))
        for source in STORED
    }
    opened = {"1s": stored["1s"][-1] if stored["1s"] else _last_second(minute)}
    for interval, since_ms in since.items():
        if interval != "1s":
            parts = (part for part in stored[source_of(interval)] if part.open_ms >= since_ms)
            (opened[interval],) = merge(parts, interval)
    return Board(pair.recorded_seq, opened)


def _last_second(minute: Candle) -> Candle:
    """The end of a history, which has no seconds."""
    return market.empty(minute.open_ms + market.MINUTE - market.SECOND, minute.close)


# --- Adding to it ----------------------------------------------------------------------------------


def read(symbol: str, entries: Iterable[tuple[int, bytes]]) -> list[Trade | Unreadable]:
    """The trades in these entries of the pair's stream, each with its number; what is none says why."""
    found: list[Trade | Unreadable] = []
    for seq, entry in entries:
        try:
            trade = batches.trade(symbol, entry)
            if trade.seq != seq:
                raise ValueError(f"entry {seq} says that it is trade {trade.seq}")
        except (msgspec.MsgspecError, ValueError, ArithmeticError) as error:
            found.append(Unreadable(seq, entry, _words(error)))
        else:
            found.append(trade)
    return found


def record(found: Mapping[str, Sequence[Trade | Unreadable]]) -> dict[str, int]:
    """Add what follows, by symbol and in order, to the record; the newest recorded trade of each of the pairs.

    All of it or nothing. What is recorded already is passed over, so doing it twice does no harm. A hole in the
    numbers is accepted, for what is lost cannot be had again, and logged. What cannot be read, and what the database
    refuses, is parked: kept aside with its error, and logged.
    """
    try:
        return _record(found, _add)
    except REFUSED as error:
        log.warning("the database refused a part of the record; trying trade by trade: %s", _words(error))
        return _record(found, _add_what_is_taken)


@transaction.atomic
def _record(
    found: Mapping[str, Sequence[Trade | Unreadable]], add: Callable[[Iterable[TradeRow]], dict[tuple[int, int], str]]
) -> dict[str, int]:
    new: list[tuple[Pair, Sequence[Trade | Unreadable]]] = []
    for pair in _locked(found):
        behind = [one for one in found[pair.symbol] if one.seq > pair.recorded_seq]
        if behind and behind[0].seq > pair.recorded_seq + 1:
            log.error("%s: trades %d to %d were never seen", pair.symbol, pair.recorded_seq + 1, behind[0].seq - 1)
        new.append((pair, behind))
    parked: list[tuple[Pair, Unreadable]] = []
    refused = add(chain.from_iterable(_rows(pair, behind, parked) for pair, behind in new))
    if refused:
        parked += [
            (pair, Unreadable(one.seq, batches.item(one), refused[pair.pk, one.seq]))
            for pair, behind in new
            for one in behind
            if isinstance(one, Trade) and (pair.pk, one.seq) in refused
        ]
    _park(parked)
    reached = {pair: behind[-1].seq for pair, behind in new if behind}
    ingest.move({pair.pk: seq for pair, seq in reached.items()})
    return {pair.symbol: reached.get(pair, pair.recorded_seq) for pair, _ in new}


def _locked(symbols: Iterable[str]) -> list[Pair]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{FROZEN_S}s'")
    # In one order, so that two recorders never wait for each other.
    return list(Pair.objects.select_for_update().filter(symbol__in=list(symbols)).order_by("pk"))


def _rows(pair: Pair, new: Iterable[Trade | Unreadable], parked: list[tuple[Pair, Unreadable]]) -> Iterator[TradeRow]:
    """The trades in whole ticks and steps; what is none, or has none, is added to `parked`."""
    pk, tick, step = pair.pk, pair.value.price_tick, pair.value.qty_step
    for one in new:
        if isinstance(one, Unreadable):
            parked.append((pair, one))
            continue
        try:
            ticks, above = divmod(one.price, tick)
            steps, over = divmod(one.qty, step)
            if above or over:
                raise ValueError(f"{one.price} × {one.qty} is not in whole ticks and steps")
            if not 0 <= one.time_ms < LATEST_MS:
                raise ValueError(f"{one.time_ms} is no time")
            yield (pk, one.seq, int(ticks), int(steps), one.side.value, one.time_ms)
        except (ValueError, ArithmeticError) as error:
            parked.append((pair, Unreadable(one.seq, batches.item(one), _words(error))))


def _add(rows: Iterable[TradeRow]) -> dict[tuple[int, int], str]:
    """Add all of these, which are in order within each pair, or raise one of REFUSED."""
    trades, rows = tee(rows)
    ingest.add_trades(trades)
    begun: list[ingest.CandleRow] = []  # may be there already, with earlier trades
    new: list[ingest.CandleRow] = []
    for pair, of_pair in groupby(rows, key=itemgetter(0)):
        parts = folding.fold(of_pair, STORED["1s"])
        for interval, every_ms in STORED.items():
            parts = folding.merge(parts, every_ms)
            begun.append((pair, interval, parts[0]))
            new += [(pair, interval, part) for part in parts[1:]]
    ingest.merge_candles(begun)
    ingest.add_candles(new)
    return {}


def _add_what_is_taken(rows: Iterable[TradeRow]) -> dict[tuple[int, int], str]:
    """Add what the database accepts; why not, by pair and number, for each of the others. Raises one of REFUSED."""
    rows = list(rows)
    try:
        with transaction.atomic():
            return _add(rows)
    except REFUSED as error:
        if len(rows) == 1:
            return {rows[0][:2]: _words(error)}
        middle = len(rows) // 2
        refused = _add_what_is_taken(rows[:middle]) | _add_what_is_taken(rows[middle:])
        if len(refused) > MOST_REFUSED:
            raise
        return refused


def _park(parked: Sequence[tuple[Pair, Unreadable]]) -> None:
    if not parked:
        return
    for pair, one in parked:
        log.error("%s: entry %d is parked: %s", pair.symbol, one.seq, one.error)
    UnreadableRow.objects.bulk_create(
        [
            UnreadableRow(pair=pair, seq=one.seq, entry=one.entry, error=one.error, parked_at=timezone.now())
            for pair, one in parked
        ],
        ignore_conflicts=True,
    )


def _words(error: Exception) -> str:
    """What went wrong, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
