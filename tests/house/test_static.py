"""The chart library comes out of its wheel, and modules find each other under their hashed names."""

import hashlib
import json
import sys
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command

from tradedash.finders import CHART_JS, WheelFinder

# The production build of TradingView Lightweight Charts 5.1.0, as its makers publish it.
LIGHTWEIGHT_CHARTS_5_1_0 = "756b0ba9f58930226d6b8b9d47ad310448ab85d799ea1f7c2c02304777c10b52"


@pytest.fixture
def collected(settings, tmp_path: Path) -> Path:
    """A folder with one page's modules in it, collected as a release would be."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "page.js").write_text('import { feed } from "./feed.js";\nimport "./x.js";\nfeed();\n')
    (source / "feed.js").write_text("export function feed() {}\n")
    (source / "x.js").write_text('export const later = () => import("./feed.js");\n')
    settings.STATICFILES_DIRS = [source]
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATICFILES_FINDERS = [
        "django.contrib.staticfiles.finders.FileSystemFinder",
        "tradedash.finders.WheelFinder",
    ]
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "tradedash.storage.ModuleStorage"}}
    finders.get_finder.cache_clear()
    call_command("collectstatic", interactive=False, verbosity=0)
    yield settings.STATIC_ROOT
    finders.get_finder.cache_clear()


def test_the_chart_library_is_the_one_its_makers_published():
    found = finders.find(CHART_JS)
    assert hashlib.sha256(Path(found).read_bytes()).hexdigest() == LIGHTWEIGHT_CHARTS_5_1_0


def test_nothing_of_the_wheel_is_executed():
    assert finders.find(CHART_JS)
    assert "litecharts" not in sys.modules


def test_the_finder_knows_one_file_only():
    finder = WheelFinder()
    assert [name for name, _ in finder.list([])] == [CHART_JS]
    assert finder.find("vendor/__init__.py") is None
    assert finder.find("vendor/__init__.py", find_all=True) == []
    assert len(finder.find(CHART_JS, find_all=True)) == 1


def test_collecting_copies_exactly_one_vendor_file(collected: Path):
    manifest = json.loads((collected / "staticfiles.json").read_text())["paths"]
    vendor = [name for name in manifest if name.startswith("vendor/")]
    assert vendor == [CHART_JS]
    served = (collected / manifest[CHART_JS]).read_bytes()
    assert hashlib.sha256(served).hexdigest() == LIGHTWEIGHT_CHARTS_5_1_0
    assert (collected / f"{manifest[CHART_JS]}.gz").is_file()


def test_modules_import_each_other_by_hashed_name(collected: Path):
    manifest = json.loads((collected / "staticfiles.json").read_text())["paths"]
    page = (collected / manifest["page.js"]).read_text()
    assert f'from "./{manifest["feed.js"]}";' in page
    assert f'import"./{manifest["x.js"]}";' in page
    assert f'import("./{manifest["feed.js"]}")' in (collected / manifest["x.js"]).read_text()


def test_our_own_modules_and_sheets_are_collected_light_and_find_each_other(settings, tmp_path: Path):
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "tradedash.storage.ModuleStorage"}}
    call_command("collectstatic", interactive=False, verbosity=0)
    manifest = json.loads((settings.STATIC_ROOT / "staticfiles.json").read_text())["paths"]
    for name in ("ticker/pair.js", "ticker/tradedash.css"):
        ours = (settings.BASE_DIR / "static" / name).read_text()
        collected = (settings.STATIC_ROOT / manifest[name]).read_text()
        assert "openFeed" in collected or ":root {" in collected
        assert not any(line.startswith(("//", " ")) for line in collected.splitlines())
        assert len(collected) < len(ours)
    # What is read when it is needed is asked for under its hashed name too.
    transports = (settings.STATIC_ROOT / manifest["ticker/feed/transports.js"]).read_text()
    for name in ("sse", "longpoll", "poll"):
        assert f'import("./{Path(manifest[f"ticker/feed/{name}.js"]).name}")' in transports


def test_a_library_of_ones_own_comes_before_all_others(settings, tmp_path: Path):
    own, installed = tmp_path / "own.js", tmp_path / "node_modules/lightweight-charts/dist"
    installed.mkdir(parents=True)
    (installed / "lightweight-charts.standalone.production.js").write_text("npm")
    own.write_text("own")
    settings.BASE_DIR = tmp_path
    assert Path(WheelFinder().find(CHART_JS)).read_text() == "npm"
    settings.CHART_JS = str(own)
    assert Path(WheelFinder().find(CHART_JS)).read_text() == "own"


def test_a_library_that_is_not_there_is_named(settings):
    settings.CHART_JS = "/nowhere/chart.js"
    assert [(found.id, "/nowhere/chart.js" in found.msg) for found in WheelFinder().check()] == [
        ("tradedash.E001", True)
    ]


def test_a_deployment_without_the_library_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tradedash.finders.find_spec", lambda name: None)
    assert [found.id for found in WheelFinder().check()] == ["tradedash.W001"]
    assert WheelFinder().find(CHART_JS) is None
    assert list(WheelFinder().list([])) == []
