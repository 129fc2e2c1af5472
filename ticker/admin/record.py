"""How staff look at tables of millions of rows: read only, one pair at a time, along an index, never counted."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from ticker.market.pairs import PairStatus
from ticker.models import Pair

BELOW, ABOVE = "below", "above"  # the key of the row next to the page
Span = tuple[int, int]  # from, up to and without: UTC ms


class RecordList(ChangeList):
    """A page found by the key of its neighbour and not by counting: the hundred thousandth is as near as the first."""

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in (BELOW, ABOVE)}

    def get_results(self, request: HttpRequest) -> None:
        model_admin = cast(RecordAdmin, self.model_admin)
        key = model_admin.key
        below, above = number(request, BELOW), number(request, ABOVE)
        rows = self.queryset
        if above is not None:
            rows = rows.filter(**{f"{key}__gt": above}).reverse()
        elif below is not None:
            rows = rows.filter(**{f"{key}__lt": below})
        found = list(rows[: self.list_per_page + 1])  # one more tells whether there are more
        is_more, page = len(found) > self.list_per_page, found[: self.list_per_page]
        if above is not None:
            page.reverse()
        self.result_list, self.result_count, self.full_result_count = page, len(page), None
        self.multi_page = self.can_show_all = self.show_admin_actions = False
        self.newer = self.older = ""
        if page and (is_more if above is not None else below is not None):
            self.newer = self.get_query_string({ABOVE: getattr(page[0], key)}, [BELOW])
        if page and (is_more or above is not None):
            self.older = self.get_query_string({BELOW: getattr(page[-1], key)}, [ABOVE])
        self.csv = model_admin.csv(request)


def number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


class OneOf(admin.SimpleListFilter):
    """A filter without "All": its first choice where none is made, so that each list is a stretch of one index."""

    def value(self) -> str | None:
        offered = [str(choice) for choice, _ in self.lookup_choices]
        given = super().value()
        return given if given in offered else (offered[0] if offered else None)

    def has_output(self) -> bool:
        return bool(self.lookup_choices)

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice, title in self.lookup_choices:
            yield {
                "selected": self.value() == str(choice),
                "query_string": changelist.get_query_string({self.parameter_name: choice}, [BELOW, ABOVE, "at"]),
                "display": title,
            }


def chosen_pair(request: HttpRequest) -> Pair | None:
    """The pair whose rows are shown: the first, unless another one is chosen."""
    pairs = Pair.objects.all()
    return pairs.filter(symbol=request.GET.get("pair", "").replace("\0", "")).first() or pairs.first()


class PairFilter(OneOf):
    title = "pair"
    parameter_name = "pair"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(pair.symbol, str(pair)) for pair in Pair.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        # The pair itself and not its symbol: a join would keep the database from the index.
        pair = chosen_pair(request)
        return queryset.filter(pair=pair) if pair else queryset.none()


class TimeFilter(admin.SimpleListFilter):
    """Years, months, days, hours, one within the other. Made up from the ends of the list: to ask for those that have
    rows, as Django's own drill-down does, would read them all.
    """

    title = "time (UTC)"
    parameter_name = "at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        ends = model_admin.ends(request)
        if ends is None:
            return []
        words = self.value() or ""
        found = list(parts(words, *ends))
        while not self.value() and len(found) == 1 and len(found[0]) < len("2026-11-23 14"):
            found = list(parts(found[0], *ends))  # the only year is no choice
        return [(part, part) for part in found]

    def has_output(self) -> bool:
        return bool(self.lookup_choices) or self.value() is not None

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {"selected": not self.value(), "query_string": self._leading(changelist, None), "display": "All"}
        chosen = self.value() or ""
        for end in (4, 7, 10, 13):  # the lengths of 2026, 2026-11, 2026-11-23 and 2026-11-23 14
            if len(chosen) >= end:
                part = chosen[:end]
                yield {"selected": part == chosen, "query_string": self._leading(changelist, part), "display": part}
        for part, _ in self.lookup_choices:
            yield {"selected": False, "query_string": self._leading(changelist, part), "display": f"› {part}"}

    def _leading(self, changelist: Any, part: str | None) -> str:
        return str(changelist.get_query_string({self.parameter_name: part}, [BELOW, ABOVE]))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        span = span_of(self.value() or "")
        return self.model_admin.during(queryset, *span) if span else queryset.none()

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        self.model_admin = model_admin
        super().__init__(request, params, model, model_admin)


class RecordAdmin(admin.ModelAdmin):
    """A table that only the recorder writes."""

    key: str  # what orders the rows of one list, each time once
    csv_name: str  # the address of the same rows as a file
    list_select_related = ("pair",)
    list_per_page = 100
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count the table once more
    actions = None
    change_list_template = "admin/record_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RecordList

    def ends(self, request: HttpRequest) -> Span | None:
        """When the first and the last row of the list happened."""
        raise NotImplementedError

    def during(self, rows: QuerySet[Any], start_ms: int, stop_ms: int) -> QuerySet[Any]:
        """The rows of this span of time."""
        raise NotImplementedError

    def csv(self, request: HttpRequest) -> str:
        """Where what is listed is had as a file, as a stream of any length; nothing for a pair that nobody may see."""
        pair = chosen_pair(request)
        if pair is None or pair.status == PairStatus.DELISTED:
            return ""
        span = span_of(request.GET.get("at") or request.GET.get("q", ""))
        query = self.csv_query(request) | ({"start": span[0], "end": span[1]} if span else {})
        return f"{reverse(self.csv_name, args=[pair.symbol])}?{urlencode(query)}"

    def csv_query(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        # In an address, only what the filters offer: anything else would read the whole table.
        return lookup in {getattr(offered, "parameter_name", None) for offered in self.list_filter}


# --- Moments and spans, in words --------------------------------------------------------------------


def when(time_ms: int) -> str:
    """A moment for people, in UTC, to the millisecond."""
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}.{time_ms % 1000:03d}"


def span_of(words: str) -> Span | None:
    """The time that "2026-11-23 14:05" names, in ms: this minute; None for what is no time.

    A year, a month, a day, an hour, a minute or a second, in UTC; two of them with `..` between are all from the first
    to the last.
    """
    first, _, last = words.partition("..")
    opened, closed = _span(first.strip()), _span((last or first).strip())
    return (opened[0], closed[1]) if opened and closed else None


_LENGTHS = {"%Y-%m-%d": 86_400_000, "%Y-%m-%d %H": 3_600_000, "%Y-%m-%d %H:%M": 60_000, "%Y-%m-%d %H:%M:%S": 1_000}


def _span(words: str) -> Span | None:
    try:
        year, _, month = words.partition("-")
        if len(year) == 4 and len(words) == 4:
            return _ms(int(year), 1), _ms(int(year) + 1, 1)
        if len(year) == 4 and len(words) == 7:
            return _ms(int(year), int(month)), _ms(int(year) + int(month) // 12, int(month) % 12 + 1)
    except ValueError:
        return None
    for form, length_ms in _LENGTHS.items():
        try:
            opened = datetime.strptime(words.replace("T", " ").removesuffix("Z"), form).replace(tzinfo=UTC)
        except ValueError:
            continue
        open_ms = int(opened.timestamp()) * 1000
        return open_ms, open_ms + length_ms
    return None


def _ms(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000


def parts(words: str, first_ms: int, last_ms: int) -> Iterator[str]:
    """The months of a year, the days of a month, the hours of a day, or the years of all, that touch this time."""
    first, last = (datetime.fromtimestamp(at / 1000, UTC) for at in (first_ms, last_ms))
    candidates = {
        0: [f"{year}" for year in range(first.year, last.year + 1)],
        4: [f"{words}-{month:02d}" for month in range(1, 13)],
        7: [f"{words}-{day:02d}" for day in range(1, 32)],
        10: [f"{words} {hour:02d}" for hour in range(24)],
    }
    for part in candidates.get(len(words), []):
        span = span_of(part)
        if span and span[0] <= last_ms and span[1] > first_ms:
            yield part
