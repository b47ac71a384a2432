"""The dashboard in Chromium, as people have it."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

from bot.demo.peer import Mode
from contracts.settings import Scope
from tests.desk.harness import desk_at_work
from tests.desk.posts import writing
from tests.engine.given import NOW, asked
from tests.web.browser import FLAWS, chromium, sign_in
from tests.web.conftest import KEYS, Site, configuration
from tests.web.test_answers import HEALTH
from tests.web.test_dashboard import HOSTILE

pytestmark = pytest.mark.slow

NARROW, WIDE = ViewportSize(width=320, height=640), ViewportSize(width=1280, height=900)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page on which nothing may be complained about."""
    opened = await browser.new_page(viewport=WIDE)
    complaints: list[str] = []
    opened.on(
        "console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    assert complaints == []


async def busy(site: Site) -> None:
    """Something in every table."""
    await site.desk.settle(
        *(asked(f"p-{n}", text=HOSTILE * 4 + str(n)) for n in range(4)), asked("a-1", domain="api")
    )
    await site.desk.finish(await site.desk.start())
    await site.desk.start()
    await site.desk.engine.health.keep(HEALTH, now=NOW)


async def test_what_happens_appears_on_the_page_by_itself(site: Site, page: Page) -> None:
    await sign_in(page, site.address, KEYS[Scope.READ])
    await expect(page.get_by_text("Follows by itself.")).to_be_visible()
    await page.evaluate("window.sameDocument = true")
    await site.desk.settle(asked("p-1"))
    site.clock.forward(timedelta(seconds=3))
    await expect(page.locator("#queue").get_by_text("p-1", exact=True)).to_be_visible()
    await site.desk.finish(await site.desk.start())
    site.clock.forward(timedelta(seconds=3))
    await expect(page.locator("#recent").get_by_text("landed")).to_be_visible()
    await expect(page.locator("#seen")).to_contain_text("09:00:06")
    assert await page.evaluate("window.sameDocument")


async def test_a_patch_that_lands_at_a_real_desk_appears_without_reload(tmp_path: Path, page: Page) -> None:
    keys = configuration(tmp_path).settings.http
    async with desk_at_work(tmp_path, mode=Mode.EVENTS, http=keys) as desk:
        await sign_in(page, f"http://127.0.0.1:{desk.config.http_port}", KEYS[Scope.READ])
        await page.evaluate("window.sameDocument = true")
        await desk.say(writing("new.txt"))
        await expect(page.locator("#recent").get_by_text("landed")).to_be_visible(timeout=25_000)
        assert await page.evaluate("window.sameDocument")
        # Left before the desk stops: a lost connection is a complaint, and rightly so.
        await page.goto("about:blank")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_the_page_keeps_the_rules_of_accessibility(
    site: Site, page: Page, scheme: str, size: ViewportSize
) -> None:
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    await page.set_viewport_size(size)
    await page.goto(f"{site.address}/dashboard")
    assert await page.evaluate(FLAWS) == []
    await busy(site)
    await sign_in(page, site.address, KEYS[Scope.READ])
    assert await page.evaluate(FLAWS) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


async def test_the_rules_of_accessibility_can_be_broken(page: Page) -> None:
    await page.set_content('<h1 style="color: #999">x</h1><h3>y</h3><input><table><thead><tr><th>a</table>')
    found = "\n".join(await page.evaluate(FLAWS))
    for flaw in (
        "no language",
        "one main",
        "leaps to h3",
        "no label",
        "no caption",
        "no scope",
        "contrast 2.8",
    ):
        assert flaw in found


async def test_a_narrow_page_can_be_read_by_keys_alone(site: Site, page: Page) -> None:
    await busy(site)
    await page.set_viewport_size(NARROW)
    await sign_in(page, site.address, KEYS[Scope.READ])
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.locator("#queue-rows").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#queue-rows")).to_be_focused()
    await page.wait_for_function("document.getElementById('queue-rows').scrollLeft > 0")
    # What comes meanwhile takes neither the focus nor the place.
    await site.desk.settle(asked("p-9"))
    site.clock.forward(timedelta(seconds=3))
    await expect(page.locator("#queue").get_by_text("p-9", exact=True)).to_be_visible()
    await expect(page.locator("#queue-rows")).to_be_focused()
    assert await page.evaluate("document.getElementById('queue-rows').scrollLeft > 0")


async def test_what_somebody_wrote_is_never_run(site: Site, page: Page) -> None:
    await busy(site)
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    await sign_in(page, site.address, KEYS[Scope.READ])
    await expect(page.locator("#queue")).to_contain_text("<script>alert(1)</script>")
    assert await page.locator("script").count() == 1


async def test_the_page_works_without_scripts(site: Site, browser: Browser) -> None:
    context: BrowserContext = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await busy(site)
    await sign_in(page, site.address, KEYS[Scope.READ])
    await expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    await expect(page.get_by_text("Load the page again to see how it stands then.")).to_be_visible()
    assert re.search(r'http-equiv="refresh" content="30"', await page.content())


async def test_who_is_signed_out_is_told_and_can_sign_in_again(site: Site, page: Page) -> None:
    await sign_in(page, site.address, KEYS[Scope.READ])
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/dashboard/login")
    await page.goto(f"{site.address}/dashboard")
    await expect(page.get_by_label("Key")).to_be_focused()


async def test_a_wrong_key_is_said_where_it_was_given(site: Site, browser: Browser) -> None:
    # A refusal is an error on the browser's console, whatever the page says.
    page = await browser.new_page()
    await page.goto(f"{site.address}/dashboard")
    await page.get_by_label("Key").fill("pdk-wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("no key of this desk")
    assert await page.evaluate(FLAWS) == []
    assert "pdk-wrong" not in await page.content()
