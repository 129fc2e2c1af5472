"""Recorded trades from elsewhere become a pair's record: its beginning, or its continuation, all of it or nothing."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from django.db import transaction
from django.db.models import Max

from ticker.bus import latest
from ticker.market.candles import MINUTE
from ticker.market.errors import BadRequest
from ticker.market.pairs import PairStatus, split_symbol
from ticker.market.trades import Trade
from ticker.models import Pair, Unreadable
from ticker.services import pairs, recording, trades
from ticker.services.recording import REFUSED

AT_ONCE = 5_000  # trades that are in memory and written together
SILENT_MS = 5_000  # who feeds a pair says so several times a second


class CannotImport(BadRequest):
    """The rules of the record, or what is in it already, forbid it; nothing was changed."""

    code = "cannot_import"


def symbol_of(name: str) -> str:
    """The pair that the name of a file begins with: "SOLUSDT-trades-2024-01-01.zip". Raises CannotImport."""
    symbol = re.split(r"[^A-Z0-9]", name, maxsplit=1)[0]
    try:
        split_symbol(symbol)
    except ValueError:
        raise CannotImport("the name does not begin with a pair: say which with --pair SOLUSDT") from None
    return symbol


def pair_of(symbol: str) -> Pair:
    """The pair of this symbol, delisted ones too; a new one, which is not kept yet, where there is none.

    Raises CannotImport for what is no symbol.
    """
    try:
        return Pair.objects.filter(symbol=symbol).first() or pairs.new(symbol)
    except ValueError as error:
        raise CannotImport(str(error)) from None


@transaction.atomic
def load(
    pair: Pair, found: Iterable[Trade], *, progress: Callable[[int], None] = lambda count: None
) -> tuple[int, int]:
    """Add these trades, in order of time, behind what is recorded; the numbers of the first and the last.

    They are numbered anew: numbers have no holes and belong to us. A pair without trades begins with them, and its
    made-up history makes way; a pair that is not there is made, and halted, so that nothing follows unasked. Raises
    CannotImport, or whatever `found` raises, without having changed anything; Unavailable when Redis is away, for then
    nobody knows whether the pair is being fed.
    """
    if pair.pk is None:
        pair.position = (Pair.objects.aggregate(last=Max("position"))["last"] or 0) + 1
        pair.status = PairStatus.HALTED
        pair.save()
    else:
        pair = Pair.objects.select_for_update().get(pk=pair.pk)
        _nobody_feeds(pair)
    if not pair.recorded_seq:
        pair.candles.all().delete()
    first = pair.recorded_seq + 1
    for part in _parts(_behind(pair, found)):
        try:
            recording.record({pair.symbol: part})
        except REFUSED as error:
            raise CannotImport(f"the database refuses trades {part[0].seq} to {part[-1].seq}: {error}") from None
        pair.recorded_seq = part[-1].seq
        progress(pair.recorded_seq + 1 - first)
    if parked := Unreadable.objects.filter(pair=pair, seq__gte=first).first():
        raise CannotImport(f"the record refuses trade {parked.seq + 1 - first:,} of the file: {parked.error}")
    return first, pair.recorded_seq


def _nobody_feeds(pair: Pair) -> None:
    """Raises CannotImport where trades are being made, or are on their way, that would get the same numbers."""
    state = latest.feed_state()
    if state and pair.symbol in state.symbols and time.time_ns() // 1_000_000 - state.time_ms < SILENT_MS:
        raise CannotImport(f"{pair} is being traded by {state.instance}: stop `simulate`, or import another pair")
    head = latest.heads([pair.symbol]).get(pair.symbol)
    if head and head.seq > pair.recorded_seq:
        missing = head.seq - pair.recorded_seq
        raise CannotImport(f"{missing:,} trades of {pair} are not recorded yet: let `record` run first")


def _behind(pair: Pair, found: Iterable[Trade]) -> Iterator[Trade]:
    """The trades under the numbers that follow. Raises CannotImport where they begin before what is recorded."""
    newest_ms = _newest_ms(pair)
    for seq, trade in enumerate(found, pair.recorded_seq + 1):
        if trade.time_ms < newest_ms:
            raise CannotImport(
                f"the file begins before the newest trade of {pair} that is recorded: a record is continued, "
                "nothing is put in before or between"
            )
        yield Trade(pair.symbol, seq, trade.price, trade.qty, trade.side, trade.time_ms)


def _newest_ms(pair: Pair) -> int:
    """No recorded trade is later; 0 before the first."""
    if not pair.recorded_seq:
        return 0
    known = trades.newest_ms(pair)
    if known is not None:
        return known
    # Trades are not kept for ever, candles are.
    opened = pair.candles.filter(interval="1m").aggregate(last=Max("open_ms"))["last"]
    return 0 if opened is None else opened + MINUTE


def _parts(found: Iterator[Trade]) -> Iterator[list[Trade]]:
    while part := list(islice(found, AT_ONCE)):
        yield part
