"""Spans of time as ranges of numbers, because trade times never decrease: lists then stay on the index of numbers."""

from dataclasses import dataclass

from django.db.models import QuerySet

from ticker.models import Pair
from ticker.models import Trade as TradeRow


@dataclass(frozen=True, slots=True)
class Range:
    """Trades with `after` < seq < `before`; None is no bound."""

    after: int | None
    before: int | None

    @property
    def is_empty(self) -> bool:
        """Whether no number lies between the bounds."""
        return self.after is not None and self.before is not None and self.before <= self.after + 1


def of_time(pair: Pair, start_ms: int | None, end_ms: int | None) -> Range:
    """The recorded trades from `start_ms` up to `end_ms` (exclusive).

    `before` is None also where no trade has happened at or after `end_ms` yet: the range is still open.
    """
    rows = TradeRow.objects.filter(pair=pair)
    after = before = None
    if start_ms is not None:
        first = _first_from(rows, start_ms)
        after = pair.recorded_seq if first is None else first - 1
    if end_ms is not None:
        before = _first_from(rows, end_ms)
    return Range(after, before)


def _first_from(rows: QuerySet[TradeRow], moment_ms: int) -> int | None:
    return rows.filter(time_ms__gte=moment_ms).order_by("time_ms", "seq").values_list("seq", flat=True).first()
