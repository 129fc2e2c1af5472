"""What holds for every page: nothing foreign, nothing inline, a theme also when something is away, and little weight."""

import gzip
import random
import re
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import OperationalError
from django.template.loader import render_to_string
from django.test import Client

from tests.kit.record import recorded, run_of
from ticker.market.errors import Unavailable
from ticker.market.pairs import DEFAULT_PAIRS
from ticker.models import Pair
from ticker.services import history, pairs
from tradedash.storage import light

ROOT = settings.BASE_DIR
OURS = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/ticker/**/*.*")]
# A plain link is no request; names of XML dialects are no addresses.
ALLOWED = {"https://www.tradingview.com/", "http://www.w3.org/2000/svg"}
PAGES = ["/", "/trade/SOL-USDT/", "/trade/NOPE-USDT/", "/transports/"]


@pytest.mark.parametrize("address", PAGES)
def test_the_policy_lets_nothing_in_but_our_own(client: Client, sol: Pair, address: str):
    policy = client.get(address).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy


@pytest.mark.parametrize("address", PAGES)
def test_no_page_needs_more_than_the_policy_gives(client: Client, sol: Pair, address: str):
    html = client.get(address).content.decode()
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", html)
    assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", html))


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_names_a_foreign_address(path: Path):
    found = set(re.findall(r"""(?:https?:)?//[a-zA-Z][\w.-]*\.[a-z]{2,}[^\s"'<>]*""", path.read_text()))
    assert found <= ALLOWED


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_brings_inline_script_or_style(path: Path):
    if path.suffix == ".html":
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=", path.read_text())


@pytest.mark.parametrize(
    ("raised", "named"),
    [(OperationalError("connection refused"), "The database"), (Unavailable("Redis is away."), "Redis is away.")],
)
@pytest.mark.parametrize("address", ["/", "/trade/SOL-USDT/"])
def test_a_page_that_cannot_be_made_names_what_is_away(
    client: Client, sol: Pair, monkeypatch: pytest.MonkeyPatch, address: str, raised: Exception, named: str
):
    def away(*args: object, **kwargs: object) -> None:
        raise raised

    monkeypatch.setattr("ticker.services.candles.read", away)
    response = client.get(address)
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    html = response.content.decode()
    assert named in html and "Back in a moment" in html
    assert "connection refused" not in html


def test_without_redis_the_pages_show_the_record_and_its_age(client: Client, sol: Pair, settings):
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    html = client.get("/").content.decode()
    assert "142.04" in html
    assert re.search(r'title="\d+ (d|h|min|s) old"', html)


def test_an_error_of_ours_has_a_page_too(client: Client, sol: Pair, monkeypatch: pytest.MonkeyPatch):
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("ticker.services.pairs.shown", broken)
    client.raise_request_exception = False
    response = client.get("/")
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500", "503"])
def test_pages_of_failure_need_nothing_to_be_shown(name: str):
    html = render_to_string(f"{name}.html")
    assert html.count("<h1>") == 1
    assert "data-badge" not in html


def test_pages_are_asked_for_again_each_time(client: Client, sol: Pair):
    assert client.get("/").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_pages_are_only_read(client: Client, sol: Pair, method: str):
    assert getattr(client, method)("/").status_code == 405


# --- Weight ------------------------------------------------------------------------------------
KB = 1_000


def weight(path: Path) -> int:
    """As a release serves it: without comments where it is ours, compressed."""
    text = path.read_text()
    return len(gzip.compress((light(text) if path.is_relative_to(ROOT) else text).encode()))


def modules(entry: Path) -> set[Path]:
    """An ES module and everything that it imports."""
    found, due = set(), [entry]
    while due:
        path = due.pop()
        if path in found:
            continue
        found.add(path)
        due += [
            (path.parent / name).resolve() for name in re.findall(r'from "(\./[^"]+|\.\./[^"]+)";', path.read_text())
        ]
    return found


def page_weight(client: Client, address: str, entry: str, *others: str) -> int:
    static = ROOT / "static" / "ticker"
    html = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert html.headers["Content-Encoding"] == "gzip"
    files = modules(static / entry) | {static / "tradedash.css", static / "theme.js", static / "mark.svg"}
    files |= {Path(finders.find(other)) for other in others}
    return len(html.content) + sum(weight(path) for path in files)


@pytest.fixture
def market(db: None) -> None:
    """The pairs of a new deployment; the first with its whole past, and with trades."""
    now_ms = time.time_ns() // 1_000_000
    first, *_ = pairs.ensure(DEFAULT_PAIRS)
    history.make(first, until_ms=now_ms, rng=random.Random(1))
    recorded(run_of(90, at=now_ms - 60_000, every_ms=500))


def test_the_markets_page_weighs_at_most_40_kb(client: Client, market: None):
    assert page_weight(client, "/", "markets.js", "ticker/markets.css") <= 40 * KB


def test_the_page_of_the_transports_weighs_at_most_40_kb(client: Client, market: None):
    # And 22 more once something is measured: the clients of all four transports.
    assert page_weight(client, "/transports/", "transports.js", "ticker/transports.css") <= 40 * KB


def test_a_pair_page_weighs_at_most_110_kb_with_the_chart_library(client: Client, market: None):
    # The library alone is 59 kB. What few people open, and fallback transports, come when they are needed.
    assert page_weight(client, "/trade/SOL-USDT/", "pair.js", "vendor/lightweight-charts.js") <= 110 * KB


def test_the_theme_is_set_by_less_than_a_kilobyte():
    assert weight(ROOT / "static" / "ticker" / "theme.js") <= KB
