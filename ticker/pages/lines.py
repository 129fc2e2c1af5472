"""Price lines as SVG paths, drawn before any script runs; static/ticker/market/lines.js draws the same."""

from collections.abc import Sequence
from decimal import Decimal


def thin_out(points: Sequence[Decimal], count: int) -> list[Decimal]:
    """At most `count` of the points, evenly spread; the first and the last are always among them."""
    if len(points) <= count:
        return list(points)
    last = len(points) - 1
    return [points[round(index * last / (count - 1))] for index in range(count)]


def line_path(points: Sequence[Decimal], width: int, height: int) -> str:
    """The `d` of a path through the points, left to right in a box of this size, highest on top.

    Empty for fewer than two points. Coordinates have one decimal: a tenth of a pixel is not seen.
    """
    if len(points) < 2:
        return ""
    low, high = min(points), max(points)
    span = high - low
    step = width / (len(points) - 1)

    def y(point: Decimal) -> float:
        return height / 2 if not span else height - float((point - low) / span) * height

    return "M" + "L".join(f"{index * step:.1f},{y(point):.1f}" for index, point in enumerate(points))
