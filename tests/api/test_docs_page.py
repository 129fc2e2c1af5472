"""The page that explains the API, in a browser."""

import os

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_page_shows_every_address_without_complaint_and_without_another_host(live_server):
    from playwright.sync_api import sync_playwright

    complaints, asked = [], []
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"), args=["--no-sandbox"]) as browser,
    ):
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{live_server.url}/api/docs/")
        page.wait_for_selector(".opblock")
        assert page.locator(".opblock").count() == 7
        page.locator(".opblock-summary", has_text="All pairs").click()
        page.locator("button.execute").click()
        page.wait_for_selector(".live-responses-table .response-col_status:has-text('200')")
    assert complaints == []
    assert all(url.startswith((live_server.url, "data:")) for url in asked)
