"""The page as it is served: readable, harmless, and the same for everybody who looks."""

import asyncio
import html
import re
import time
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest

from bot.delivery.wording import overview as wording
from bot.intake.http import DRAIN
from bot.web import dashboard
from contracts.settings import Scope
from tests.engine.given import NOW, asked
from tests.web.conftest import KEYS, Site, open_site
from tests.web.test_access import crumb, signed_in
from tests.web.test_answers import HEALTH

HOSTILE = "<script>alert(1)</script>\"'&\u202e{{ 7*7 }}"


class Outline(HTMLParser):
    """What is on a page: tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # type: ignore[explicit-override]
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:  # type: ignore[explicit-override]
        self.text.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


async def page(site: Site) -> str:
    answer = await site.get("/dashboard")
    assert (answer.status, answer.content_type, answer.charset) == (200, "text/html", "utf-8")
    return await answer.text()


async def test_a_hostile_title_is_text_and_nothing_else(site: Site) -> None:
    await site.desk.settle(asked("p-1", text=HOSTILE))
    found = await page(site)
    outline = Outline(found)
    assert [each.get("src") for each in outline.all("script")] == ["/dashboard/static/live.js"]
    assert "Say <script>alert(1)</script>\"'&\\u202e{{ 7*7 }}" in "".join(outline.text)
    assert "\u202e" not in found


async def test_nothing_on_the_page_is_inline_or_from_elsewhere(site: Site) -> None:
    await site.desk.engine.health.keep(HEALTH, now=NOW)
    outline = Outline(await page(site))
    for tag, attributes in outline.tags:
        assert not {name for name in attributes if name.startswith("on") or name == "style"}, tag
        for name in ("src", "href", "action"):
            assert (attributes.get(name) or "/").startswith(("/", "#")), tag
    for path in [each["href"] for each in outline.all("link")] + ["/dashboard/static/live.js"]:
        assert (await site.get(str(path), key=None)).status == 200


async def test_the_page_shows_everything_that_the_terminal_shows(site: Site) -> None:
    await site.desk.settle(asked("p-1"), asked("p-2"))
    await site.desk.start()
    await site.desk.engine.health.keep(HEALTH, now=NOW)
    outline = Outline(await page(site))
    said = html.unescape(" ".join(outline.text))
    for expected in (
        "Degraded: 1 level does not hold.",
        "p-1",
        "p-2",
        "tests",
        "queue depth",
        "12",
        "lanes",
        "errors / max",
    ):
        assert expected in said
    assert [each["id"] for each in outline.all("section")] == [
        "alerts",
        "running",
        "domains",
        "queue",
        "risk",
        "gates",
        "recent",
        "levels",
        "services",
    ]


async def test_the_static_folder_serves_its_files_and_no_others(site: Site) -> None:
    for path in ("../page.py", "..%2Fpage.py", "%2e%2e/keys.py", ""):
        assert (await site.get(f"/dashboard/static/{path}", key=None)).status in {401, 403, 404}


# Following -------------------------------------------------------------------------------------
class Stream:
    """What a browser that follows the page is told."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> tuple[str, str]:
        """The next event: its name and data. Raises EOFError at the end."""
        name, data = "", []
        async with asyncio.timeout(10):
            while line := (await self._response.content.readline()).decode():
                field, _, value = line.strip().partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
                elif not field and name:
                    return name, "\n".join(data)
        raise EOFError

    async def until(self, name: str) -> str:
        while True:
            found, data = await self.next()
            if found == name:
                return data


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "REFRESH", timedelta(milliseconds=20))


def following(site: Site, version: str = "") -> "aiohttp.client._RequestContextManager":
    headers = {"Authorization": f"Bearer {KEYS[Scope.READ]}"}
    return site.session.get(f"{site.address}/dashboard/events?shown={version}", headers=headers)


async def test_who_follows_is_told_what_changed_and_else_only_the_time(site: Site) -> None:
    version = re.search(r'data-version="(\w+)"', await page(site))
    assert version
    async with following(site, version[1]) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        stream = Stream(response)
        assert (await stream.next())[0] == "seen"
        await site.desk.settle(asked("p-1", text=HOSTILE))
        site.clock.forward(timedelta(seconds=5))
        told = await stream.until("overview")
        assert "p-1" in told
        assert "<script" not in told


async def test_streams_end_with_the_desk(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        async with open_site(tmp_path, session) as site:
            response = await following(site)
            stream = Stream(response)
            await stream.next()
            began = time.monotonic()
        assert time.monotonic() - began < DRAIN.total_seconds()
        with pytest.raises(EOFError):
            await stream.until("never")


async def test_a_stream_ends_with_its_session(site: Site) -> None:
    headers = crumb(await signed_in(site))
    async with site.session.get(f"{site.address}/dashboard/events", headers=headers) as response:
        stream = Stream(response)
        await stream.until("seen")
        site.clock.forward(timedelta(hours=12))
        with pytest.raises(EOFError):
            await stream.until("never")


async def test_only_so_many_follow_at_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "MOST_WATCHING", 1)
    async with following(site) as first:
        await Stream(first).next()
        async with following(site) as second:
            assert second.status == 503
            assert (await second.json())["reason"] == "too-many-watch"


# Words -----------------------------------------------------------------------------------------
def test_the_number_of_a_level_is_written_as_what_it_is() -> None:
    assert wording.amount("head-age", 90) == "1 min 30 s"
    assert wording.amount("disk-free", 0.1) == "10.0 %"
    assert wording.amount("queue-depth", 1200) == "1,200"
