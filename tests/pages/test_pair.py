"""The page of a pair, before any script runs."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.kit.builders import pair_row
from ticker.market.pairs import PairStatus
from ticker.models import Pair


def data_of(html: str) -> dict[str, Any]:
    found = re.search(r'<script id="pair-data" type="application/json">(.*?)</script>', html)
    assert found
    return json.loads(found[1])


def test_price_trades_and_candles_are_in_the_html(page: Callable[[str], str], sol: Pair):
    html = page("/trade/SOL-USDT/")
    assert "<h1>SOL/USDT</h1>" in html
    assert '<span class="price num" data-cell="last" aria-live="off">142.04</span>' in html
    assert re.findall(r'<tr data-id="(\d+)"', html)[:3] == ["90", "89", "88"]
    assert '<path d="M0.0,' in html
    assert html.count("<h1") == 1


def test_the_title_begins_with_the_price(page: Callable[[str], str], sol: Pair):
    assert "<title>142.04 SOL/USDT" in page("/trade/SOL-USDT/")


def test_the_script_finds_its_candles_in_the_page(page: Callable[[str], str], sol: Pair):
    data = data_of(page("/trade/SOL-USDT/"))
    assert data["symbol"] == "SOLUSDT"
    assert data["priceDecimals"] == 2
    assert data["bars"]["open"][0] == 14200
    assert data["bars"]["volume"][0] > 0
    assert (data["tick"], data["step"]) == ("0.01", "0.001")
    assert data["candlesUrl"] == "/api/v1/pairs/SOLUSDT/candles/"


def test_the_interval_is_in_the_address(page: Callable[[str], str], sol: Pair):
    html = page("/trade/SOL-USDT/?i=1h")
    assert data_of(html)["interval"] == "1h"
    assert 'data-interval="1h" aria-current="true"' in html


@pytest.mark.parametrize("interval", ["", "7m", "1M", "<script>", "%00"])
def test_an_interval_that_is_not_offered_is_the_usual_one(page: Callable[[str], str], sol: Pair, interval: str):
    html = page(f"/trade/SOL-USDT/?i={interval}")
    assert data_of(html)["interval"] == "1m"


def test_before_the_first_trade_the_page_waits(page: Callable[[str], str], db: None):
    pair_row("ETHUSDT")
    html = page("/trade/ETH-USDT/")
    assert html.count("Waiting for the first trade") == 2
    assert 'data-cell="last" aria-live="off">—</span>' in html


@pytest.mark.parametrize(
    "name", ["NOPE-USDT", "SOL", "SOL-USDT%00", "..", "%3Cscript%3E", "SOL%20USDT", "💥", "A" * 400]
)
def test_an_unknown_pair_is_a_404_in_the_theme(client: Client, sol: Pair, name: str):
    response = client.get(f"/trade/{name}/")
    assert response.status_code == 404
    html = response.content.decode()
    assert "There is no such page" in html
    assert "<script>" not in html


def test_a_delisted_pair_is_a_404(client: Client, db: None):
    pair_row("ADAUSDT", status=PairStatus.DELISTED)
    assert client.get("/trade/ADA-USDT/").status_code == 404


@pytest.mark.parametrize("name", ["sol-usdt", "SOLUSDT", "solusdt", "SO-LUSDT"])
def test_other_spellings_lead_to_the_one_address(client: Client, sol: Pair, name: str):
    response = client.get(f"/trade/{name}/")
    assert (response.status_code, response["Location"]) == (301, "/trade/SOL-USDT/")


def test_the_notice_of_the_chart_library_is_under_the_chart(page: Callable[[str], str], sol: Pair):
    html = page("/trade/SOL-USDT/")
    assert "TradingView Lightweight Charts™" in html
    assert "Copyright (c) 2025 TradingView, Inc." in html
    assert 'href="https://www.tradingview.com/"' in html


def test_the_examples_name_the_address_that_was_asked(client: Client, sol: Pair):
    html = client.get("/trade/SOL-USDT/", headers={"Host": "localhost"}).content.decode()
    assert "ws://localhost/live/v1/ws?ch=trade.SOLUSDT" in html
    assert "curl -N &#x27;http://localhost/live/v1/sse" in html or "curl -N 'http://localhost/live/v1/sse" in html


def test_a_hostile_name_stays_text(page: Callable[[str], str], sol: Pair):
    pair_row("ADAUSDT", quote="'\"><b>x")
    html = page("/trade/SOL-USDT/")
    assert "<b>x" not in html
    assert "&lt;b&gt;x" in html
