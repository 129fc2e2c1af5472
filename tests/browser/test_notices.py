"""Halts, announcements and what else happens to the market, on every live page, as it happens."""

import os
import signal

import pytest
from playwright.async_api import Page

from tests.browser.witness import Running, Witness
from tests.kit.commands import manage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

TOAST = "[data-toasts] .toast"
SHOWN = """text => [...document.querySelectorAll("[data-toasts] .toast p")].some(one => one.textContent === text)"""


async def staff(running: Running, code: str) -> None:
    """Have this done by a process of its own, as the admin would do it."""
    await manage(running.data_dir, "shell", "--no-imports", "-c", code)


async def announce(running: Running, text: str) -> None:
    await staff(running, f"from ticker.services import announcements; announcements.announce(text={text!r}, by=None)")


async def told(page: Page, text: str) -> None:
    await page.wait_for_function(SHOWN, arg=text)


@pytest.mark.parametrize("path", ["/", "/trade/SOL-USDT/", "/transports/"])
async def test_an_announcement_appears_on_every_live_page_as_text(tab: Witness, running: Running, path: str):
    page = await tab.live(path)
    text = f"Back at noon <img src=x onerror=alert(1)> {path}"
    await announce(running, text)
    await told(page, text)
    assert await page.locator(f"{TOAST} img").count() == 0
    assert await page.get_attribute("[data-toasts]", "role") == "status"
    assert (tab.said, tab.foreign) == ([], [])


async def test_a_toast_waits_while_somebody_points_at_it_and_then_goes(tab: Witness, running: Running):
    page = await tab.live("/")
    await announce(running, "Point at me")
    await told(page, "Point at me")
    await page.hover(TOAST)
    await page.wait_for_timeout(7_000)  # longer than it stays otherwise: what does not happen cannot be awaited
    assert await page.locator(TOAST).count() > 0
    await page.mouse.move(10, 400)
    await page.wait_for_selector(TOAST, state="detached")


async def test_what_was_told_stays_behind_the_bell_until_it_is_read(tab: Witness, running: Running):
    page = await tab.live("/")
    await announce(running, "Read me later")
    await told(page, "Read me later")
    await page.click(f"{TOAST} button")
    await tab.live("/trade/SOL-USDT/")
    await page.wait_for_selector("[data-unread]:not([hidden])")
    assert "new" in (await page.get_attribute("[data-bell]", "aria-label") or "")
    assert await page.locator(TOAST).count() == 0  # once is enough
    await page.click("[data-bell]")
    assert "Read me later" in await page.inner_text("[data-notices]")
    await page.wait_for_selector("[data-unread]", state="hidden")
    await page.reload()
    await page.wait_for_function("() => document.querySelector('[data-notices]').children.length > 0")
    assert not await page.is_visible("[data-unread]")


async def test_a_halt_is_told_and_marked_where_the_pair_is_shown(tab: Witness, running: Running):
    page = await tab.live("/")
    tag = "tr[data-symbol=BTCUSDT] [data-halted]"
    assert not await page.is_visible(tag)
    await staff(running, "from ticker.services import pairs; pairs.halt(pairs.get('BTCUSDT'))")
    try:
        await page.wait_for_selector(tag)
        await told(page, "BTC/USDT is halted: prices stand still.")
    finally:
        await staff(running, "from ticker.services import pairs; pairs.open_for_trading(pairs.get('BTCUSDT'))")
    await page.wait_for_selector(tag, state="hidden")


async def test_a_feed_that_falls_silent_is_told_and_so_is_its_return(tab: Witness, running: Running):
    page = await tab.live("/trade/SOL-USDT/")
    simulate = running.house.children["simulate"]
    os.kill(simulate, signal.SIGSTOP)
    try:
        await told(page, "No prices come in: what is shown is getting old.")
        await page.wait_for_selector("[data-badge][data-state=stale]")
    finally:
        os.kill(simulate, signal.SIGCONT)
    await told(page, "Prices are live again.")
    await page.wait_for_selector("[data-badge][data-state=live]")
