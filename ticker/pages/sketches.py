"""Who says what to whom, and when: a sequence of steps, as lines to be drawn and as sentences to be read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["ask", "answer", "push", "say", "trade", "missed", "pause"]

BROWSER_X, SERVER_X, WIDTH = 28, 252, 320  # of the two lines, and of the whole
TOP, STEP = 34, 26
HEAD = 5  # of an arrow

SENTENCES: dict[Kind, str] = {
    "ask": "The browser asks: {}.",
    "answer": "The server answers: {}.",
    "push": "The server sends: {}.",
    "say": "The browser says: {}.",
    "trade": "{} happens.",
    "missed": "{} happens, and the browser never hears of it.",
    "pause": "{}.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens. "ask" opens a connection and "answer" closes it; "push" and "say" leave it open."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line from one side to the other, its head, and the place of its words."""

    kind: Kind
    text: str
    y: int
    line: str  # the `d` of a path


@dataclass(slots=True)
class Sketch:
    """All that a template needs to draw it. Units are those of the viewBox."""

    title: str
    words: list[str] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    moments: list[tuple[Step, int]] = field(default_factory=list)
    held: list[tuple[int, int]] = field(default_factory=list)  # top and height of each time with a connection
    height: int = 0
    width: int = WIDTH
    browser_x: int = BROWSER_X
    server_x: int = SERVER_X
    middle_x: int = (BROWSER_X + SERVER_X) // 2
    between: int = SERVER_X - BROWSER_X


def drawn(title: str, steps: Sequence[Step]) -> Sketch:
    """The steps from top to bottom."""
    sketch = Sketch(title)
    opened: int | None = None
    y = TOP
    for step in steps:
        sketch.words.append(SENTENCES[step.kind].format(step.text))
        if step.kind in ("trade", "missed", "pause"):
            sketch.moments.append((step, y))
        else:
            sketch.arrows.append(Arrow(step.kind, step.text, y, arrow(y, to_server=step.kind in ("ask", "say"))))
        if step.kind == "ask" and opened is None:
            opened = y
        if step.kind == "answer" and opened is not None:
            sketch.held.append((opened, y - opened))
            opened = None
        y += STEP
    sketch.height = y
    if opened is not None:
        sketch.held.append((opened, y - opened))
    return sketch


def arrow(y: int, *, to_server: bool) -> str:
    """The `d` of a horizontal arrow between the two lines."""
    start, end, back = (BROWSER_X, SERVER_X, -HEAD) if to_server else (SERVER_X, BROWSER_X, HEAD)
    return f"M{start} {y}H{end}m{back} {-HEAD + 1}L{end} {y}l{back} {HEAD - 1}"
