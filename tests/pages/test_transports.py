"""The page that compares the transports, before any script runs."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client

from tests.kit.builders import pair_row
from ticker.models import Pair
from ticker.pages.sketches import BROWSER_X, SERVER_X, STEP, TOP, Step, arrow, drawn
from ticker.pages.transports import PROPERTIES, TRANSPORTS

NAMES = ["poll", "longpoll", "sse", "websocket"]


def test_each_transport_has_a_card_and_an_explanation(page: Callable[[str], str], sol: Pair):
    html = page("/transports/")
    assert re.findall(r'<article class="panel transport" data-transport="(\w+)"', html) == NAMES
    assert re.findall(r'<article class="panel" data-transport="(\w+)"', html) == NAMES
    assert html.count('<span class="price num" data-cell="price" aria-live="off">142.04</span>') == 4


def test_the_first_pair_is_compared_unless_another_is_asked_for(page: Callable[[str], str], sol: Pair):
    pair_row("BTCUSDT", position=1)
    assert 'data-symbol="SOLUSDT"' in page("/transports/")
    assert 'data-symbol="BTCUSDT"' in page("/transports/?pair=BTC-USDT")
    assert 'data-symbol="SOLUSDT"' in page("/transports/?pair=NOPE-USDT")
    assert 'data-ticker-url="/api/v1/pairs/BTCUSDT/ticker/"' in page("/transports/?pair=BTC-USDT")


def test_without_pairs_the_explanations_are_there_all_the_same(page: Callable[[str], str]):
    html = page("/transports/")
    assert "No feed is running" in html and "data-bench" not in html
    assert html.count('class="sketch"') == 4


def test_without_redis_the_page_shows_the_record(client: Client, sol: Pair, settings):
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    assert client.get("/transports/").content.decode().count(">142.04</span>") == 4


def test_every_file_that_is_named_is_there():
    for transport in TRANSPORTS:
        missing = [file for file in transport.files if not (settings.BASE_DIR / file).is_file()]
        assert missing == []
    assert (settings.BASE_DIR / "ticker/live/hub.py").is_file()


def test_every_property_is_told_of_every_transport():
    assert {len(row) for row in PROPERTIES} == {1 + len(TRANSPORTS)}


def test_a_sketch_says_in_words_what_it_draws(page: Callable[[str], str], sol: Pair):
    words = re.findall(r'role="img" aria-label="([^"]+)"', page("/transports/"))
    assert len(words) == 4
    assert "Trade 41 happens, and the browser never hears of it. Trade 42 happens." in words[0]


def test_nothing_is_pasted_where_it_does_not_close(page: Callable[[str], str], sol: Pair):
    class Depth(HTMLParser):
        VOID = {"meta", "link", "input", "img", "br"}
        open: list[str] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in self.VOID:
                self.open.append(tag)

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag, tag

    parser = Depth()
    parser.feed(page("/transports/"))
    assert parser.open == []


# --- How fast the pair trades ----------------------------------------------------------------------


@pytest.fixture
def staff(db: None) -> User:
    """One who may change pairs."""
    user = User.objects.create_user("ada", password="analytical", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_pair"))
    return user


def ask_for(client: Client, rate: str, pair: str = "SOLUSDT") -> HttpResponse:
    return client.post("/transports/rate/", {"pair": pair, "rate": rate})


def test_staff_change_how_fast_the_compared_pair_trades(client: Client, sol: Pair, staff: User):
    client.force_login(staff)
    assert re.findall(r'name="rate" value="(\d+)"', client.get("/transports/").content.decode()) == ["1", "10", "100"]
    assert ask_for(client, "100").headers["Location"] == "/transports/?pair=SOL-USDT"
    sol.refresh_from_db()
    assert sol.rate == 100
    assert 'value="100" aria-pressed="true"' in client.get("/transports/").content.decode()


def test_nobody_else_does(client: Client, sol: Pair):
    assert "Sign in as staff" in client.get("/transports/").content.decode()
    assert ask_for(client, "100").status_code == 403
    client.force_login(User.objects.create_user("eve", is_staff=True))  # without the right to change pairs
    assert 'name="rate"' not in client.get("/transports/").content.decode()
    assert ask_for(client, "100").status_code == 403
    sol.refresh_from_db()
    assert sol.rate is None


def test_another_site_cannot_change_it_through_a_staff_members_browser(sol: Pair, staff: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    assert ask_for(client, "100").status_code == 403


@pytest.mark.parametrize(("rate", "pair"), [("5", "SOLUSDT"), ("", "SOLUSDT"), ("10", "NOPE"), ("10", "")])
def test_other_rates_and_pairs_are_not_there(client: Client, sol: Pair, staff: User, rate: str, pair: str):
    client.force_login(staff)
    assert ask_for(client, rate, pair).status_code == 404


def test_the_rate_is_only_posted(client: Client, sol: Pair):
    assert client.get("/transports/rate/").status_code == 405


# --- Sketches --------------------------------------------------------------------------------------


def test_a_connection_is_held_from_the_question_to_the_answer():
    sketch = drawn("", [Step("ask", "a"), Step("pause", "b"), Step("answer", "c"), Step("ask", "d")])
    assert sketch.held == [(TOP, 2 * STEP), (TOP + 3 * STEP, STEP)]
    assert sketch.height == TOP + 4 * STEP


def test_arrows_point_to_who_is_spoken_to():
    assert arrow(40, to_server=True) == f"M{BROWSER_X} 40H{SERVER_X}m-5 -4L{SERVER_X} 40l-5 4"
    assert arrow(40, to_server=False).startswith(f"M{SERVER_X} 40H{BROWSER_X}m5 -4")
