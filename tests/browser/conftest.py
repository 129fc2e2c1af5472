"""A real TradeDash, and a real Chromium that looks at it."""

import os
import shutil
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.browser.witness import Running, Witness
from tests.kit.house import house

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is; without one the tests fail where they must run, and say so loudly elsewhere."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    if os.environ.get("CI") == "true" or os.environ.get("REQUIRE_BROWSER"):
        pytest.fail("no Chromium was found (CHROMIUM names one): the browser tests cannot run")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("NO CHROMIUM FOUND: THE BROWSER TESTS DID NOT RUN", stacklevel=1)
    pytest.skip("no Chromium was found (CHROMIUM names one)")


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def running(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """`manage.py up` with two instances and two lively pairs; what it said is printed when a test fails."""
    data_dir = tmp_path_factory.mktemp("browser")
    async with house(data_dir, PAIRS="SOLUSDT,BTCUSDT", RATE="10", INSTANCES="2") as up:
        try:
            ready = await up.hear("TradeDash is ready: ")
            yield Running(up, ready.rpartition(" ")[2].rstrip("/"), data_dir)
        finally:
            print("\n".join(up.lines))


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="package")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    opened = await browser.new_context(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(30_000)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="package")
async def tab(context: BrowserContext, running: Running) -> Witness:
    return Witness(await context.new_page(), running.url)


@pytest.fixture
def pictures(running: Running) -> Path:
    """Where screenshots go, for people to look at."""
    folder = running.data_dir / "pictures"
    folder.mkdir(exist_ok=True)
    return folder
