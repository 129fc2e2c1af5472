"""How staff look at tables of millions of rows: read only, one pair at a time, along an index, never counted."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from ticker.models import Pair

MOST = 10_000  # rows that one can page to; whoever looks for older ones searches


class BoundedPaginator(Paginator):
    """Counts no further than MOST: counting ten million rows takes seconds, and nobody turns so many pages."""

    @cached_property
    def count(self) -> int:
        rows = cast(QuerySet[Any], self.object_list)
        return rows.order_by()[:MOST].count()


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
                "query_string": changelist.get_query_string({self.parameter_name: choice}),
                "display": title,
            }


class PairFilter(OneOf):
    title = "pair"
    parameter_name = "pair"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(pair.symbol, str(pair)) for pair in Pair.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        # The pair itself and not its symbol: a join would keep the database from the index.
        pair = Pair.objects.filter(symbol=self.value()).first()
        return queryset.filter(pair=pair) if pair else queryset.none()


class RecordAdmin(admin.ModelAdmin):
    """A table that only the recorder writes."""

    list_select_related = ("pair",)
    list_per_page = 100
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count the table once more
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        # In an address, only what the filters offer: anything else would read the whole table.
        return lookup in {getattr(offered, "parameter_name", None) for offered in self.list_filter}


def when(time_ms: int) -> str:
    """A moment for people, in UTC, to the millisecond."""
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}.{time_ms % 1000:03d}"


def span_of(words: str) -> tuple[int, int] | None:
    """The time that "2026-11-23 14:05" names, in ms: this minute; None for what is no time.

    A day, an hour, a minute or a second, in UTC; two of them with `..` between are all from the first to the last.
    """
    first, _, last = words.partition("..")
    opened, closed = _span(first.strip()), _span((last or first).strip())
    return (opened[0], closed[1]) if opened and closed else None


_LENGTHS = {"%Y-%m-%d": 86_400_000, "%Y-%m-%d %H": 3_600_000, "%Y-%m-%d %H:%M": 60_000, "%Y-%m-%d %H:%M:%S": 1_000}


def _span(words: str) -> tuple[int, int] | None:
    for form, length_ms in _LENGTHS.items():
        try:
            opened = datetime.strptime(words.replace("T", " ").removesuffix("Z"), form).replace(tzinfo=UTC)
        except ValueError:
            continue
        open_ms = int(opened.timestamp()) * 1000
        return open_ms, open_ms + length_ms
    return None
