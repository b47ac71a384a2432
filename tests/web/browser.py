"""A real browser that looks at the dashboard: Chromium of the system, driven by Playwright."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

CHROMIUM = "/usr/bin/chromium"
_ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """`make browser` installs it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGS)
        try:
            yield browser
        finally:
            await browser.close()


async def sign_in(page: Page, address: str, key: str) -> None:
    """As a person does."""
    await page.goto(f"{address}/dashboard")
    await page.get_by_label("Key").fill(key)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{address}/dashboard")


#: A function that gives a list of sentences.
FLAWS = (Path(__file__).parent / "flaws.js").read_text(encoding="utf-8")
