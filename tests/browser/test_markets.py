"""The markets page in a real browser, over the real thing."""

import pytest

from tests.browser.witness import Witness

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

SOL = "tr[data-symbol=SOLUSDT]"


async def names(tab: Witness) -> list[str]:
    return await tab.page.eval_on_selector_all(
        "[data-markets] tbody tr", "rows => rows.filter(row => !row.hidden).map(row => row.dataset.name)"
    )


async def test_it_opens_without_a_word_on_the_console_and_asks_nobody_else(tab: Witness):
    await tab.live("/")
    await tab.changes(f"{SOL} [data-cell=last]")
    assert tab.said == []
    assert tab.foreign == []


async def test_a_row_leads_to_its_pair_wherever_it_is_clicked(tab: Witness):
    page = await tab.live("/")
    await page.click(f"{SOL} [data-cell=volume]", force=True)  # the link lies over its row
    await page.wait_for_url("**/trade/SOL-USDT/")


async def test_a_heading_sorts_and_says_so(tab: Witness):
    page = await tab.live("/")
    await page.click("[data-sort=name] button")
    assert await names(tab) == ["BTC/USDT", "SOL/USDT"]
    assert await page.get_attribute("[data-sort=name]", "aria-sort") == "ascending"
    await page.click("[data-sort=name] button")
    assert await names(tab) == ["SOL/USDT", "BTC/USDT"]
    assert await page.locator("[aria-sort]").count() == 1


async def test_a_slash_and_a_name_find_a_pair(tab: Witness):
    page = await tab.live("/")
    await page.keyboard.press("/")
    await page.keyboard.type("sol")
    assert await names(tab) == ["SOL/USDT"]
    await page.fill("[data-filter]", "nothing")
    assert await page.is_visible("[data-nothing]")
    await page.click("[data-show-all]")
    assert len(await names(tab)) == 2


async def test_favourites_stay_after_a_reload(tab: Witness):
    page = await tab.live("/")
    await page.click(f"{SOL} [data-star]")
    await page.reload()
    await page.click("[data-tab=favourites]")
    assert await names(tab) == ["SOL/USDT"]
    assert await page.get_attribute(f"{SOL} [data-star]", "aria-pressed") == "true"


async def test_the_trades_per_second_are_counted(tab: Witness):
    page = await tab.live("/")
    await page.wait_for_function(
        "() => /^\\d+\\.\\d$/.test(document.querySelector('[data-trades-rate]')?.textContent ?? '')"
    )
