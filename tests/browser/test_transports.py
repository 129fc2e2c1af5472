"""The comparison of the transports, over real connections."""

import csv
import io
import re
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page

from tests.browser.witness import Running, Witness
from tests.kit.commands import manage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

PATH = "/transports/"
NAMES = ("poll", "longpoll", "sse", "websocket")
RUNNING, STOPPED = "[data-bench][data-running]", "[data-bench]:not([data-running])"

# Every card has been told of so many trades.
HEARD = """least => [...document.querySelectorAll(".transport")].every(
  card => Number(card.querySelector("[data-cell=of]").innerText.match(/[\\d,]+/)?.[0].replaceAll(",", "")) >= least)"""

NOTHING_HELD = """() => [...document.querySelectorAll("[data-cell=held]")].every(
  cell => cell.innerText.startsWith("0 "))"""


async def figures(page: Page, name: str) -> dict[str, str]:
    """What a card says."""
    return await page.eval_on_selector_all(
        f".transport[data-transport={name}] [data-cell]",
        "cells => Object.fromEntries(cells.map(cell => [cell.dataset.cell, cell.innerText]))",
    )


async def started(tab: Witness) -> Page:
    page = await tab.open(PATH)
    await page.click("[data-start]")
    await page.wait_for_selector(RUNNING)
    return page


async def test_a_test_run_counts_all_four_and_ends_by_itself(tab: Witness):
    page = await tab.open(PATH)
    await page.eval_on_selector("[data-test]", "button => { button.dataset.seconds = '6' }")
    await page.click("[data-test]")
    await page.wait_for_selector(RUNNING)
    await page.wait_for_selector(STOPPED)
    found = {name: await figures(page, name) for name in NAMES}
    assert all(re.fullmatch(r"[\d,]+\.\d\d", each["price"]) for each in found.values())
    for name in ("longpoll", "sse", "websocket"):
        assert found[name]["missed"] == "0"
        assert found[name]["p50"] != "—"
    assert int(found["poll"]["missed"]) > 0
    assert int(found["poll"]["requests"]) >= 3
    assert int(found["longpoll"]["requests"]) > int(found["poll"]["requests"])
    # An answer to a poll was read, or empty, or both (other figures moved); at the end one may be on its way.
    answers = int(found["poll"]["messages"]) + int(found["poll"]["empty"])
    assert answers >= int(found["poll"]["requests"]) - 1
    assert (found["sse"]["requests"], found["websocket"]["requests"]) == ("1", "1")
    await page.wait_for_function(NOTHING_HELD)
    assert "is done" in await page.inner_text("[data-status]")
    said = await page.inner_text("[data-sentences]")
    assert re.search(r"Polling every 2 s missed \d+ of \d+ trades and sent \d+ requests, \w+ of them empty", said)
    assert "WebSocket missed none of" in said
    assert (tab.said, tab.foreign) == ([], [])


async def test_who_is_dropped_comes_back_and_streams_miss_nothing(tab: Witness):
    page = await started(tab)
    await page.wait_for_function(HEARD, arg=1)
    for name in NAMES:
        await page.click(f".transport[data-transport={name}] [data-drop]")
    await page.wait_for_function(
        """() => [...document.querySelectorAll("[data-cell=reconnects]")].every(cell => Number(cell.innerText) >= 1)"""
    )
    before = max([int((await figures(page, name))["of"].split()[1]) for name in NAMES])
    await page.wait_for_function(HEARD, arg=before + 10)
    for name in ("longpoll", "sse", "websocket"):
        assert (await figures(page, name))["missed"] == "0"
    await page.click("[data-start]")
    await page.wait_for_selector(STOPPED)
    assert tab.foreign == []


async def test_what_is_held_for_two_seconds_comes_late_and_streams_miss_nothing(tab: Witness):
    page = await started(tab)
    await page.wait_for_function(HEARD, arg=5)
    before = {name: await figures(page, name) for name in NAMES}
    await page.click("[data-hold]")
    assert await page.is_disabled("[data-hold]")
    await page.wait_for_selector("[data-hold]:enabled")
    await page.wait_for_function(HEARD, arg=40)
    for name in ("longpoll", "sse", "websocket"):
        after = await figures(page, name)
        assert after["missed"] == "0"
        assert after["reconnects"] == before[name]["reconnects"]
        assert float(after["max"].removesuffix(" s")) >= 1  # a trade that came at the beginning waited for two
    assert tab.said == []


async def test_staff_change_how_fast_the_pair_trades_while_a_comparison_goes_on(tab: Witness, running: Running):
    code = (
        "from django.contrib.auth.models import User; "
        "User.objects.create_superuser('grace', password='nanosecond-1906')"
    )
    await manage(running.data_dir, "shell", "--no-imports", "-c", code)
    page = await tab.open(PATH)
    assert "Sign in as staff" in await page.inner_text(".rate")
    await page.click(".rate a")
    await page.fill("[name=username]", "grace")
    await page.fill("[name=password]", "nanosecond-1906")
    await page.click("[type=submit]")
    await page.wait_for_selector("[data-rate]")
    assert page.url.endswith(PATH)
    await page.click("[data-start]")
    await page.wait_for_selector(RUNNING)
    try:
        await page.click("[data-rate] [value='100']")
        await page.wait_for_selector("[data-rate] [value='100'][aria-pressed=true]")
        await page.wait_for_function(HEARD, arg=300)
        assert await page.is_visible(RUNNING)
        assert (await figures(page, "websocket"))["missed"] == "0"
    finally:
        await page.click("[data-rate] [value='10']")
        await page.wait_for_selector("[data-rate] [value='10'][aria-pressed=true]")


async def test_nothing_is_asked_after_the_end(tab: Witness):
    page = await started(tab)
    await page.wait_for_function(HEARD, arg=1)
    await page.click("[data-start]")
    await page.wait_for_selector(STOPPED)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))  # the page's own is open already
    await page.wait_for_timeout(2_500)  # longer than the pace of polling: what does not happen cannot be awaited
    assert asked == []


async def test_the_pace_of_polling_can_be_changed_on_the_way(tab: Witness):
    page = await started(tab)
    await page.focus("[data-every]")
    await page.keyboard.press("Home")
    assert await page.inner_text("[data-every-said]") == "0.5 s"
    await page.wait_for_function(
        """() => Number(document.querySelector("[data-transport=poll] [data-cell=requests]").innerText) >= 6"""
    )
    assert "Polling every 0.5–2 s" in await page.inner_text("[data-sentences]")


async def test_a_hidden_page_holds_no_connection(tab: Witness):
    page = await started(tab)
    await page.wait_for_function(HEARD, arg=1)
    # Chromium without a window never hides a tab: the page is told so as a browser would tell it.
    await page.evaluate(
        """() => { Object.defineProperty(document, "hidden", { value: true }); document.dispatchEvent(new Event("visibilitychange")); }"""
    )
    await page.wait_for_selector(STOPPED)
    assert "hidden" in await page.inner_text("[data-status]")
    await page.wait_for_function(NOTHING_HELD)


async def test_only_one_tab_compares(tab: Witness, context: BrowserContext, running: Running):
    page = await started(tab)
    other = Witness(await context.new_page(), running.url)
    second = await other.open(PATH)
    await second.wait_for_selector("[data-start]:disabled")
    assert "Another tab is comparing" in await second.inner_text("[data-status]")
    await page.click("[data-start]")
    await second.wait_for_selector("[data-start]:enabled")
    await second.click("[data-start]")
    await second.wait_for_selector(RUNNING)
    assert other.said == []


async def test_the_result_sorts_and_can_be_taken_along(tab: Witness, context: BrowserContext):
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await started(tab)
    await page.wait_for_function(HEARD, arg=20)
    await page.click("[data-start]")
    await page.wait_for_selector(STOPPED)
    await page.click("th[data-sort=missed] button")
    assert await page.get_attribute("th[data-sort=missed]", "aria-sort") == "descending"
    assert await page.get_attribute("[data-result] tbody tr", "data-transport") == "poll"
    await page.click("th[data-sort=missed] button")
    assert await page.get_attribute("[data-result] tbody tr:last-child", "data-transport") == "poll"
    await page.click("[data-copy-csv]")
    await page.wait_for_selector("text=Copied")
    rows: list[dict[str, Any]] = list(
        csv.DictReader(io.StringIO(await page.evaluate("navigator.clipboard.readText()")))
    )
    assert rows[-1]["Transport"] == "Polling every 2 s"
    assert all(int(row["Missed"]) == 0 for row in rows[:-1])
    await page.click("[data-copy-markdown]")
    await page.wait_for_function("navigator.clipboard.readText().then(text => text.includes('| Transport |'))")


async def test_without_scripts_the_explanations_are_complete(browser: Any, running: Running):
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(running.url + PATH)
    assert await page.locator(".sketch").count() == 4
    assert await page.locator(".properties tbody tr").count() > 5
    assert not await page.locator("[data-start]").is_visible()
    await context.close()
