"""Serves the chart library out of the wheel that carries it, so that nobody commits, copies or downloads it."""

import builtins  # WheelFinder has a method named list
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Error, Warning
from django.core.files.storage import FileSystemStorage, Storage

CHART_JS = "vendor/lightweight-charts.js"
NODE_FILE = "lightweight-charts/dist/lightweight-charts.standalone.production.js"


def chart_library() -> Path | None:
    """The file to serve as CHART_JS: the operator's own, else one from npm, else the wheel's; None without any."""
    places = (Path(settings.CHART_JS) if settings.CHART_JS else None, _in_node_modules(), _in_wheel())
    return next((place for place in places if place and place.is_file()), None)


def _in_node_modules() -> Path:
    return Path(settings.BASE_DIR) / "node_modules" / NODE_FILE


def _in_wheel() -> Path | None:
    # find_spec of a top-level name runs nothing of the package: we want its file, not its Python.
    spec = find_spec("litecharts")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "js" / "lightweight-charts.js"


class OneFile(FileSystemStorage):
    """A storage that holds a single file under a name of ours; collectstatic asks the finder for one."""

    def __init__(self, name: str, file: Path) -> None:
        super().__init__(location=file.parent)
        self.only_name, self.file = name, file

    def path(self, name: str) -> str:
        return str(self.file) if name == self.only_name else super().path(name)


class WheelFinder(BaseFinder):
    """Finds CHART_JS and nothing else."""

    def find(self, path: str, find_all: bool = False) -> Sequence[str] | str | None:  # type: ignore[override]
        file = chart_library() if path == CHART_JS else None
        if find_all:
            return [str(file)] if file else []
        return str(file) if file else None

    def list(self, ignore_patterns: Sequence[str] | None) -> Iterator[tuple[str, Storage]]:  # type: ignore[override]
        if file := chart_library():
            yield CHART_JS, OneFile(CHART_JS, file)

    def check(self, **kwargs: object) -> "builtins.list[CheckMessage]":
        if settings.CHART_JS and not Path(settings.CHART_JS).is_file():
            return [Error(f"TRADEDASH_CHART_JS={settings.CHART_JS!r}: there is no such file.", id="tradedash.E001")]
        if chart_library() is None:
            return [
                Warning(
                    "The chart library is missing: pages show a plain line instead of candles.",
                    hint="Install the wheel of litecharts (make setup), or name a file in TRADEDASH_CHART_JS.",
                    id="tradedash.W001",
                )
            ]
        return []
