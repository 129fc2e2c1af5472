"""What a visit costs, as the browser sees it: bytes and requests. What is read late counts when it is read."""

import pytest

from tests.browser.witness import Witness

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

WEIGHT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)"""
BLOCKING = """() => performance.getEntriesByType("resource")
  .filter(({ renderBlockingStatus }) => renderBlockingStatus === "blocking").length"""


@pytest.mark.parametrize(("path", "kilobytes"), [("/", 40), ("/transports/", 40), ("/trade/SOL-USDT/", 110)])
async def test_a_page_that_is_only_looked_at_keeps_its_budget(tab: Witness, path: str, kilobytes: int):
    page = await tab.live(path)
    await page.wait_for_function("() => document.querySelector('[data-notices]').children.length > 0")
    assert await page.evaluate(WEIGHT) <= kilobytes * 1_000
    assert 1 + await page.evaluate(BLOCKING) <= 8


async def test_the_panel_of_the_badge_comes_when_it_is_opened(tab: Witness):
    page = await tab.live("/trade/SOL-USDT/")
    assert "badge_panel" not in str(
        await page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    )
    await page.click("[data-badge]")
    await page.wait_for_selector("[data-badge-panel]:not([hidden])")
    assert "daphne-" in await page.inner_text("[data-badge-panel]")
    await page.keyboard.press("Escape")
    await page.wait_for_selector("[data-badge-panel]", state="hidden")
    assert await page.evaluate("document.activeElement.matches('[data-badge]')")
    assert tab.said == []
