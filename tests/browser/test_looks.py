"""Every page fits every screen, in every theme; the pictures are kept for people to judge."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.witness import Running, Witness

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1440, 900)}


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("name", "path"), [("markets", "/"), ("pair", "/trade/SOL-USDT/")])
async def test_nothing_sticks_out(
    browser: Browser, running: Running, pictures: Path, theme: str, size: str, name: str, path: str
):
    width, height = SIZES[size]
    context = await browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    tab = Witness(await context.new_page(), running.url)
    page = await tab.live(path)
    await page.screenshot(path=pictures / f"{name}-{size}-{theme}.png")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.evaluate("document.querySelectorAll('*').length") <= 1_500
    assert tab.said == []
    await context.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
async def test_nothing_of_the_comparison_sticks_out(
    browser: Browser, running: Running, pictures: Path, theme: str, size: str
):
    width, height = SIZES[size]
    context = await browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    tab = Witness(await context.new_page(), running.url)
    page = await tab.open("/transports/")
    await page.click("[data-start]")
    await page.wait_for_selector("[data-result] tbody tr")
    await page.screenshot(path=pictures / f"transports-{size}-{theme}.png", full_page=True)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.evaluate("document.querySelectorAll('*').length") <= 1_500
    assert tab.said == []
    await context.close()


async def test_what_is_pressed_is_large_enough(tab: Witness):
    for path in ("/", "/trade/SOL-USDT/", "/transports/"):
        page = await (tab.open(path) if path == "/transports/" else tab.live(path))
        small = await page.eval_on_selector_all(
            "button, summary, select, .intervals a, .nav a",
            """all => all.filter(one => one.checkVisibility()).map(one => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
                      .filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)""",
        )
        assert small == []


async def test_a_theme_is_remembered_and_there_before_the_first_paint(tab: Witness):
    page = await tab.live("/")
    await page.click("[aria-label=Settings]")
    await page.check("[name=theme][value=light]")
    await page.check("[name=palette][value=blue]")
    await page.reload(wait_until="commit")
    await page.wait_for_selector("html[data-theme=light][data-palette=blue]")
    assert await page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


@pytest.mark.parametrize("path", ["/trade/NOPE-USDT/", "/nowhere/"])
async def test_a_page_that_is_not_there_is_in_the_theme(tab: Witness, path: str):
    page = await tab.open(path)
    assert await page.inner_text("h1") == "There is no such page"
    assert tab.foreign == []
