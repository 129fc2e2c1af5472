"""Query parameters, strictly: what is not expected is refused by name, and what was sent is never repeated."""

import re
from collections.abc import Collection

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter

from ticker.market.errors import BadRequest

LARGEST = 2**63 - 1  # what a column and a JSON reader of 64 bits can hold


def check_names(query: QueryDict, known: Collection[str]) -> None:
    """Raises BadRequest for a parameter that this address does not have, or that is there twice."""
    for name in query:
        if name not in known:
            named = f"`{name}`" if re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", name) else "one of the parameters"
            expected = f"expected {listed(known)}" if known else "this address has none"
            raise BadRequest(f"Unknown parameter {named}: {expected}.")
        if len(query.getlist(name)) > 1:
            raise BadRequest(f"`{name}` is there more than once.")


def whole_number(query: QueryDict, name: str, low: int = 0, high: int = LARGEST) -> int | None:
    """The parameter as a number from `low` to `high`; None where it is absent."""
    text = query.get(name)
    if text is None:
        return None
    # Nineteen ASCII digits hold every number of 64 bits; int() would also take signs, spaces and other alphabets.
    if not re.fullmatch(r"[0-9]{1,19}", text) or not low <= int(text) <= high:
        raise BadRequest(f"`{name}`: expected a whole number from {low} to {high}.")
    return int(text)


def described(
    name: str, description: str, *, low: int = 0, high: int = LARGEST, default: int | None = None
) -> OpenApiParameter:
    """What the schema says of such a number."""
    kind = {"type": "integer", "format": "int64", "minimum": low, "maximum": high}
    return OpenApiParameter(name, kind, description=description, default=default)


def choice(query: QueryDict, name: str, choices: Collection[str], default: str) -> str:
    """The parameter, one of these; `default` where it is absent."""
    text = query.get(name, default)
    if text not in choices:
        raise BadRequest(f"`{name}`: expected one of {', '.join(choices)}.")
    return text


def listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
