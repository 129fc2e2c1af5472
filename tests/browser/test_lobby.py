"""Greet and broadcast, by browsers on different instances."""

import pytest
from playwright.async_api import Browser, Page

from tests.browser.witness import Running, Witness

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

HEARD = """text => [...document.querySelectorAll("[data-lobby-log] li span")].some(line => line.textContent === text)"""
FIELD, ANSWER = "[data-lobby] input", "[data-lobby-answer]"


async def visitor(browser: Browser, running: Running, instance: int) -> Witness:
    """Somebody who landed on this instance."""
    context = await browser.new_context()
    url = f"http://127.0.0.1:{int(running.house.port) + instance}"
    tab = Witness(await context.new_page(), url)
    await tab.live("/transports/")
    return tab


async def speak(page: Page, text: str) -> str:
    """What the page answers to whoever says this."""
    await page.eval_on_selector(ANSWER, "place => { place.textContent = '' }")
    await page.fill(FIELD, text)
    await page.press(FIELD, "Enter")
    await page.wait_for_function(f"() => document.querySelector('{ANSWER}').textContent !== ''")
    return await page.inner_text(ANSWER)


async def test_what_one_says_is_heard_on_the_other_instance_as_text(browser: Browser, running: Running):
    ada, bob = await visitor(browser, running, 1), await visitor(browser, running, 2)
    assert [await tab.page.inner_text("[data-server]") for tab in (ada, bob)] == ["daphne-1", "daphne-2"]
    for tab, server in ((ada, "daphne-1"), (bob, "daphne-2")):
        assert server in await tab.page.inner_text("[data-lobby-log] .greeting")
    text = "gm <b onclick=alert(1)>all</b>"
    assert "Number" in await speak(ada.page, text)
    for tab in (ada, bob):
        await tab.page.wait_for_function(HEARD, arg=text)
        assert await tab.page.locator("[data-lobby-log] b[onclick]").count() == 0
        assert tab.said == []
    assert await ada.page.input_value(FIELD) == ""
    late = await visitor(browser, running, 2)
    await late.page.wait_for_function(HEARD, arg=text)
    for tab in (ada, bob, late):
        await tab.page.context.close()


async def test_too_fast_is_said_in_words_and_the_text_stays(browser: Browser, running: Running):
    ada = await visitor(browser, running, 1)
    for number in range(5):
        if "Not so fast" in await speak(ada.page, f"message {number}"):
            assert await ada.page.input_value(FIELD) == f"message {number}"
            break
    else:
        pytest.fail("five messages at once were all taken")
    await ada.page.context.close()


async def test_without_a_connection_nothing_is_said_to_have_been_sent(browser: Browser, running: Running):
    ada = await visitor(browser, running, 1)
    await speak(ada.page, "first")  # reads the module
    await ada.page.click("[data-badge]")
    await ada.page.select_option("[data-badge-panel] select", "sse")
    await ada.page.wait_for_selector("[data-badge][data-state=degraded]")
    assert "Nothing was sent" in await speak(ada.page, "into the void")
    await ada.page.select_option("[data-badge-panel] select", "")
    await ada.page.wait_for_selector("[data-badge][data-state=live]")
    assert await ada.page.input_value(FIELD) == "into the void"
    await ada.page.context.close()


@pytest.mark.parametrize("transport", ["sse", "longpoll", "poll"])
async def test_the_lobby_and_all_tickers_are_heard_over_every_transport(
    browser: Browser, running: Running, transport: str
):
    ada, bob = await visitor(browser, running, 1), await visitor(browser, running, 2)
    await tell(ada.page, f"before {transport}")
    await pin(bob.page, transport)
    await tell(ada.page, f"after {transport}")
    for text in (f"before {transport}", f"after {transport}"):
        await bob.page.wait_for_function(HEARD, arg=text)
    texts = await bob.page.eval_on_selector_all("[data-lobby-log] li span", "all => all.map(one => one.textContent)")
    assert [texts.count(f"{when} {transport}") for when in ("before", "after")] == [1, 1]
    await bob.live("/")
    await pin(bob.page, transport)
    await bob.changes("tr[data-symbol=SOLUSDT] [data-cell=last]")
    await bob.changes("tr[data-symbol=SOLUSDT] [data-cell=last]")
    for tab in (ada, bob):
        await tab.page.context.close()


async def tell(page: Page, text: str) -> None:
    """Say this, as soon as the limit allows."""
    while "Number" not in await speak(page, text):
        await page.wait_for_timeout(300)


async def pin(page: Page, transport: str) -> None:
    await page.click("[data-badge]")
    await page.select_option("[data-badge-panel] select", transport)
    await page.wait_for_selector("[data-badge][data-state=degraded]")
    await page.keyboard.press("Escape")
