"""Moments and ages as people read them; always UTC, and saying so."""

from datetime import UTC, datetime

from django import template

register = template.Library()


def moment(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


@register.filter
def iso(time_ms: int) -> str:
    """For the datetime attribute of <time>."""
    return moment(time_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@register.filter
def clock(time_ms: int) -> str:
    """The time of day: 12:03:22."""
    return f"{moment(time_ms):%H:%M:%S}"


@register.filter
def day_and_clock(time_ms: int) -> str:
    return f"{moment(time_ms):%Y-%m-%d %H:%M:%S}"


@register.filter
def age(age_ms: int) -> str:
    """A length of time in its largest unit: 18 s, 4 min, 3 h, 2 d."""
    seconds = max(0, age_ms) // 1000
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
