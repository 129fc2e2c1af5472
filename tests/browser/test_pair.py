"""The page of a pair in a real browser, over the real thing."""

import os
import re
import signal

import pytest
from playwright.async_api import Browser

from tests.browser.witness import Running, Witness

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

PAIR = "/trade/SOL-USDT/"
LAST = "[data-strip] [data-cell=last]"


async def test_it_opens_without_a_word_on_the_console_and_asks_nobody_else(tab: Witness):
    page = await tab.live(PAIR)
    await tab.changes(LAST)
    await page.wait_for_selector("[data-chart] canvas")
    assert tab.said == []
    assert tab.foreign == []


async def test_the_price_moves_and_the_title_with_it(tab: Witness):
    page = await tab.live(PAIR)
    before, after = await tab.changes(LAST)
    assert re.fullmatch(r"[\d,]+\.\d\d", before) and re.fullmatch(r"[\d,]+\.\d\d", after)
    await page.wait_for_function("() => /^[\\d,]+\\.\\d\\d SOL\\/USDT$/.test(document.title)")


async def test_the_candle_moves(tab: Witness):
    await tab.live(PAIR)
    before, after = await tab.changes("[data-legend]")
    assert all(letter in before and letter in after for letter in ("O ", "H ", "L ", "C ", "Vol "))


async def test_the_tape_goes_on_where_the_page_ended_without_a_gap(tab: Witness):
    page = await tab.live(PAIR)
    await page.wait_for_function("() => document.querySelectorAll('[data-tape] tbody tr').length === 50")
    await tab.changes("[data-tape] tbody tr:first-child")
    ids = await page.eval_on_selector_all("[data-tape] tbody tr", "rows => rows.map(row => Number(row.dataset.id))")
    assert ids == list(range(ids[0], ids[0] - len(ids), -1))
    assert len(ids) == 50


async def test_an_interval_is_in_the_address_and_the_way_back_leads_back(tab: Witness):
    page = await tab.live(PAIR)
    await page.click("[data-interval='5m']")
    await page.wait_for_function("() => document.querySelector('[data-chart]').ariaLabel.includes(' 5m candles')")
    assert page.url.endswith("?i=5m")
    await page.go_back()
    await page.wait_for_function("() => document.querySelector('[data-chart]').ariaLabel.includes(' 1m candles')")
    assert tab.said == []


async def test_seconds_have_candles_too(tab: Witness):
    await tab.live(PAIR + "?i=1s")
    await tab.changes("[data-legend]")
    assert tab.said == []


async def test_the_look_of_the_chart_changes_while_it_moves(tab: Witness):
    page = await tab.live(PAIR)
    for kind in ("hollow", "line", "area", "candles"):
        await page.select_option("[data-chart-type]", kind)
        await tab.changes("[data-legend]")
    await page.click("[data-average='99']")
    await page.wait_for_selector("[data-legend] .ma-99")
    for _ in range(3):
        await page.keyboard.press("t")
        await tab.changes("[data-legend]")
    assert tab.said == []


async def test_older_candles_come_when_somebody_scrolls_to_them(tab: Witness):
    page = await tab.live(PAIR)
    await page.focus("[data-chart]")
    async with page.expect_response(lambda response: "/candles/" in response.url and "end=" in response.url) as older:
        await page.keyboard.press("Home")
    assert (await older.value).ok
    await page.click("[data-go-live]")
    await page.wait_for_selector("[data-go-live]", state="hidden")
    assert tab.said == []


async def test_the_arrows_read_candle_by_candle(tab: Witness):
    page = await tab.live(PAIR)
    await page.focus("[data-chart]")
    await page.keyboard.press("ArrowLeft")
    assert "open" in await page.inner_text("[data-announce]")
    before = await page.inner_text("[data-announce]")
    await page.keyboard.press("ArrowLeft")
    assert await page.inner_text("[data-announce]") != before


async def test_the_price_is_said_to_those_who_asked_for_it_also_after_a_reload(tab: Witness):
    page = await tab.live(PAIR)
    await page.click("[aria-label=Settings]")
    await page.select_option("[name=announce]", "10")
    said = "() => document.querySelector('[data-announce]').textContent.startsWith('SOL/USDT ')"
    await page.wait_for_function(said)
    await tab.live(PAIR)
    assert await page.input_value("[name=announce]") == "10"
    await page.wait_for_function(said)
    assert tab.said == []


async def test_the_table_holds_the_newest_candles(tab: Witness):
    page = await tab.live(PAIR)
    await page.click("[data-as-table] summary")
    await tab.changes("[data-candle-rows] tr:first-child")
    assert await page.locator("[data-candle-rows] tr").count() == 50


async def test_p_freezes_the_page_and_p_again_lets_it_go_on(tab: Witness):
    page = await tab.live(PAIR)
    await page.keyboard.press("p")
    frozen = await page.inner_text(LAST)
    await page.wait_for_function("() => Number(document.querySelector('[data-waiting]').textContent) > 10")
    assert await page.inner_text(LAST) == frozen
    await page.keyboard.press("p")
    await page.wait_for_selector("[data-paused]", state="hidden")
    await tab.changes(LAST)


async def test_without_scripts_the_page_is_complete_and_can_be_refreshed(browser: Browser, running: Running):
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(running.url + PAIR)
    assert re.fullmatch(r"[\d,]+\.\d\d", await page.inner_text(LAST))
    assert await page.locator("[data-tape] tbody tr").count() > 0
    assert await page.locator(".fallback path").count() == 1
    await page.click("noscript a")
    assert await page.locator("h1").inner_text() == "SOL/USDT"
    assert not await page.locator("[data-badge]").is_visible()
    await context.close()


async def test_without_the_chart_library_a_line_moves(tab: Witness):
    await tab.page.route("**/vendor/*", lambda route: route.abort())
    page = await tab.live(PAIR)
    assert await page.is_visible("[data-no-library]")
    path = "document.querySelector('.fallback path').getAttribute('d')"
    before = await page.evaluate(path)
    await page.wait_for_function(f"before => {path} !== before", arg=before)


async def test_less_motion_means_no_flash_and_fewer_paints(browser: Browser, running: Running):
    context = await browser.new_context(reduced_motion="reduce")
    tab = Witness(await context.new_page(), running.url)
    page = await tab.live(PAIR)
    await tab.changes(LAST)
    assert await page.eval_on_selector(LAST, "cell => getComputedStyle(cell).transitionDuration") == "0s"
    await context.close()


RECORD_STATES = """() => {
  const badge = document.querySelector("[data-badge]");
  window.states = [];
  new MutationObserver(() => window.states.push(badge.dataset.state)).observe(badge, { attributes: true });
}"""


async def test_when_its_instance_is_killed_the_page_reconnects_to_another(tab: Witness, running: Running):
    page = await tab.live(PAIR)
    server = await page.inner_text("[data-server]")
    await page.evaluate(RECORD_STATES)
    os.kill(running.house.children[server], signal.SIGKILL)
    await page.wait_for_function("() => window.states.includes('reconnecting')")
    await page.wait_for_selector("[data-badge][data-state=live]")
    assert await page.inner_text("[data-server]") != server
    await tab.changes(LAST)
    ids = await page.eval_on_selector_all("[data-tape] tbody tr", "rows => rows.map(row => Number(row.dataset.id))")
    assert ids == list(range(ids[0], ids[0] - len(ids), -1))
