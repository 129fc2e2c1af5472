"""The words that browser tests are written in: a running TradeDash, and a tab that notices what should not happen."""

from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import ConsoleMessage, Page, Request

from tests.kit.house import House


@dataclass(frozen=True)
class Running:
    """What the tabs look at."""

    house: House
    url: str
    data_dir: Path


class Witness:
    """One tab, and everything in it that should not happen."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.said: list[str] = []
        self.foreign: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        self.said.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.foreign.append(request.url)

    async def open(self, path: str) -> Page:
        await self.page.goto(self.url + path)
        return self.page

    async def live(self, path: str) -> Page:
        """The page, once its badge says Live."""
        await self.open(path)
        await self.page.wait_for_selector("[data-badge][data-state=live]")
        return self.page

    async def changes(self, selector: str) -> tuple[str, str]:
        """The text of an element, before and after it changed."""
        before = await self.page.inner_text(selector)
        await self.page.wait_for_function(
            "([selector, before]) => document.querySelector(selector).innerText !== before", arg=[selector, before]
        )
        return before, await self.page.inner_text(selector)
