"""The markets page, before any script runs."""

import re
import time
from collections.abc import Callable

from tests.kit.builders import pair_row
from tests.kit.record import recorded, run_of
from ticker.market.candles import MINUTE
from ticker.market.pairs import PairStatus
from ticker.models import Pair


def test_every_pair_is_a_row_that_leads_to_its_page(page: Callable[[str], str], sol: Pair):
    pair_row("BTCUSDT")
    html = page("/")
    assert re.findall(r'href="(/trade/[^"]+)"', html) == ["/trade/SOL-USDT/", "/trade/BTC-USDT/"]


def test_the_last_price_and_the_day_are_in_the_html(page: Callable[[str], str], sol: Pair):
    html = page("/")
    assert '<span class="price" data-cell="last">142.04</span>' in html
    assert re.search(r'class="arrow" aria-hidden="true">▲</span> <span data-text>\+0\.03%', html)


def test_a_pair_without_trades_says_so_and_shows_no_zero(page: Callable[[str], str], db: None):
    pair_row("ETHUSDT")
    html = page("/")
    assert '<span class="price" data-cell="last">—</span>' in html
    assert "No trade yet" in html


def test_a_sparkline_is_drawn_from_the_candles(page: Callable[[str], str], db: None):
    quarter_hour = 15 * MINUTE
    recorded(run_of(20, at=time.time_ns() // 1_000_000 - 20 * quarter_hour, every_ms=quarter_hour))
    assert re.search(
        r'data-low="142\.\d\d" data-high="142\.\d\d" preserveAspectRatio="none" aria-hidden="true"><path d="M0\.0,',
        page("/"),
    )


def test_what_is_not_traded_any_more_is_not_there(page: Callable[[str], str], sol: Pair):
    pair_row("ADAUSDT", status=PairStatus.DELISTED)
    assert "ADA" not in page("/")


def test_a_halted_pair_is_there_and_says_so(page: Callable[[str], str], db: None):
    pair_row("ADAUSDT", status=PairStatus.HALTED)
    assert ">Halted<" in page("/")


def test_volumes_of_different_currencies_are_not_added_up(page: Callable[[str], str], sol: Pair):
    total = re.compile(r"<dt>24h volume</dt>")
    assert total.search(page("/"))
    pair_row("SOLEUR")
    assert not total.search(page("/"))


def test_without_pairs_the_page_names_the_command(page: Callable[[str], str]):
    html = page("/")
    assert "No feed is running" in html and "manage.py simulate" in html


def test_a_hostile_name_stays_text(page: Callable[[str], str], db: None):
    pair_row("ADAUSDT", base='"><b>x')
    html = page("/")
    assert "<b>x" not in html
    assert "&lt;b&gt;x" in html


def test_there_is_one_title_one_main_and_a_way_around_the_header(page: Callable[[str], str], sol: Pair):
    html = page("/")
    assert (html.count("<h1"), html.count("<main")) == (1, 1)
    assert '<a class="skip" href="#main">' in html
    assert "<caption" in html and 'aria-sort="descending"' in html
