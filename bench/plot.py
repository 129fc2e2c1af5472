"""Draws a run by hand: one group of bars for each rate, on a logarithmic scale. No library is needed for this."""

import math
from collections.abc import Iterator
from xml.sax.saxutils import escape

from bench.figures import Run

WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 84, 40
COLOURS = ("#0f766e", "#b91c1c", "#ea580c", "#4d7c0f", "#6d28d9")  # told apart in grey too, by their order and values
FONT = 'font-family="system-ui, sans-serif"'


def svg(run: Run) -> str:
    """The plot as a document."""
    values = [value for rate in run.rates for one in run.servers if (value := run.per_cpu_s(one.key, rate))]
    low = 10 ** math.floor(math.log10(min(values, default=1_000)))
    high = 10 ** math.ceil(math.log10(max(values, default=100_000)))
    if high == low:
        high = low * 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{_label(run)}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 26, f"Deliveries per CPU-second, {run.clients} clients of one process", size=17, weight="600"),
        *_legend(run),
        *_scale(low, high),
        *_bars(run, low, high),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _label(run: Run) -> str:
    said = [
        f"{one.name} at {rate}: {value:,.0f}"
        for rate in run.rates
        for one in run.servers
        if (value := run.per_cpu_s(one.key, rate))
    ]
    return escape("Deliveries per CPU-second. " + "; ".join(said), {'"': "&quot;"})


def _text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", weight: str = "400") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" '
        f'fill="#1f2937" {FONT}>{escape(words)}</text>'
    )


def _legend(run: Run) -> Iterator[str]:
    x: float = LEFT
    for measured, colour in zip(run.servers, COLOURS, strict=False):
        yield f'<rect x="{x:.1f}" y="44" width="12" height="12" fill="{colour}"/>'
        yield _text(x + 18, 54, measured.name)
        x += 18 + 7 * len(measured.name) + 22


def _y(value: float, low: float, high: float) -> float:
    share = (math.log10(value) - math.log10(low)) / (math.log10(high) - math.log10(low))
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def _scale(low: float, high: float) -> Iterator[str]:
    value = low
    while value <= high:
        y = _y(value, low, high)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#d1d5db"/>'
        yield _text(LEFT - 8, y + 4, f"{value:,.0f}", anchor="end")
        value *= 10


def _bars(run: Run, low: float, high: float) -> Iterator[str]:
    group = (WIDTH - LEFT - RIGHT) / max(1, len(run.rates))
    wide = group * 0.84 / max(1, len(run.servers))
    for number, rate in enumerate(run.rates):
        start = LEFT + number * group + group * 0.08
        yield _text(LEFT + (number + 0.5) * group, HEIGHT - 14, f"{rate:,} trades/s", size=13, anchor="middle")
        for place, (measured, colour) in enumerate(zip(run.servers, COLOURS, strict=False)):
            x, value = start + place * wide, run.per_cpu_s(measured.key, rate)
            middle = x + wide / 2
            if not value:
                yield _text(middle, HEIGHT - BOTTOM - 6, "–", anchor="middle")
                continue
            y = _y(max(value, low), low, high)
            tall = HEIGHT - BOTTOM - y
            yield f'<rect x="{x + 1:.1f}" y="{y:.1f}" width="{wide - 2:.1f}" height="{tall:.1f}" fill="{colour}"/>'
            yield _text(middle, y - 5, _short(value), size=11, anchor="middle")


def _short(value: float) -> str:
    return f"{value / 1000:.0f}k" if value >= 10_000 else f"{value / 1000:.1f}k"
