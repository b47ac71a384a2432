"""The pictures of the documentation, made anew by `make screenshots`: desks with made-up patches."""

import asyncio
import itertools
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp
from playwright.async_api import ViewportSize

from bot.alerts.observing import Observer
from bot.delivery.render.alerts import ACKNOWLEDGE
from bot.demo.peer import ADA
from bot.settings import default_operations
from contracts.alerts.model import GroupState, Observation
from contracts.faults import Reason, fault
from contracts.gates import Verdict
from contracts.health import GateHealth, Health, Level, Service, ServiceState, Status
from contracts.measuring import Measure
from contracts.outcome import Step
from contracts.patch import Changeset, Patch, Write, content_hash
from contracts.ports import NewPatch
from contracts.settings import Scope
from tests.desk.test_alerts import board, fires
from tests.engine.given import ANN, FAILED, LANDED, asked
from tests.web.browser import chromium, sign_in
from tests.web.conftest import KEYS, Site, open_site

IMAGES: Final = Path(__file__).parents[2] / "docs/images"
_AT: Final = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
_TITLES: Final = (
    "Say goodbye, too",
    "Escape names in the greeting",
    "Let people without a name be friends",
    "Round prices the way the tax office does",
    "Read the catalogue in pages",
    "Send the invoice once",
)
#: Size of the window, and whether it is dark.
_SHOTS: Final = {
    "dashboard-wide.png": (ViewportSize(width=1080, height=860), False),
    "dashboard-narrow.png": (ViewportSize(width=390, height=844), True),
}


def _patch(number: int, title: str, domain: str) -> NewPatch:
    patch = Patch(domain, Changeset((Write(f"{number}.txt", b"x"),)), title)
    return NewPatch(
        f"k3fq7x{number:02}", patch, content_hash(patch), ANN, asked("x").source, asked("x").place, ()
    )


async def _fill(site: Site) -> None:
    """Patches that landed, failed, run and wait; two alerts; a measurement with one broken level."""
    desk, minute = site.desk, timedelta(minutes=1)
    for number, title in enumerate(itertools.islice(itertools.cycle(_TITLES), 9)):
        domain = "web" if number % 3 else "api"
        at = _AT - minute * (60 - 6 * number)
        await desk.settle(_patch(number, title, domain), now=at)
        if number < 5:
            started = await desk.start(now=at + minute)
            await desk.finish(started, FAILED if number == 2 else LANDED, now=at + 3 * minute)
    running = await desk.start(now=_AT - minute)
    await desk.engine.lanes.step(running.id, running.attempt, Step.GATES, now=_AT - minute / 2, told=())
    ids = itertools.count(1)
    routes = default_operations().alerts
    observer = Observer(desk.engine.alerts, routes, new_group_id=lambda: f"g{next(ids)}")
    queue = fault(Reason.QUEUE_DEEP, domain="web", measured=12, limit=10)
    gate = fault(Reason.GATE_FAILED, gate="tests", code=1)
    seen = (
        Observation(
            {"alertname": "queue-depth", "severity": "warning", "domain": "web"}, queue, _AT - 2 * minute
        ),
        Observation(
            {"alertname": "gate-flaky", "severity": "critical", "domain": "api"}, gate, _AT - 9 * minute
        ),
    )
    await observer.observe("watchdog", seen, now=_AT - minute)
    await desk.engine.health.keep(_health(), now=_AT)


def _health() -> Health:
    levels = (
        Level(Measure.QUEUE_DEPTH, "web", 12, 10, broken_since=_AT - timedelta(minutes=2)),
        Level(Measure.QUEUE_DEPTH, "api", 1, 10),
        Level(Measure.HEAD_AGE, "web", 42, 900),
        Level(Measure.OUTBOX_AGE, None, 1.2, 120),
        Level(Measure.DISK_FREE, None, 0.64, 0.1, floor=True),
        Level(Measure.CLOCK_SKEW, None, None, 30, why=fault(Reason.NOT_MEASURED_YET)),
    )
    services = tuple(
        Service(name, ServiceState.UP, _AT, 0) for name in ("inbox", "lanes", "outbox", "watchdog")
    )
    gates = (
        GateHealth("web", "types", Verdict.PASSED, _AT - timedelta(minutes=30), 20, 20),
        GateHealth("web", "tests", Verdict.PASSED, _AT - timedelta(minutes=30), 17, 20),
        GateHealth("api", "tests", Verdict.FAILED, _AT - timedelta(minutes=9), 11, 20),
    )
    return Health(_AT, Status.DEGRADED, services, gates, levels, True, _AT, 3, None, {})


async def make() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with aiohttp.ClientSession() as session, open_site(Path(folder), session) as site:
            site.clock.now = _AT + timedelta(seconds=4)
            await _fill(site)
            for name, (size, dark) in _SHOTS.items():
                await _shoot(site, IMAGES / name, size, dark=dark)


async def _shoot(site: Site, to: Path, size: ViewportSize, *, dark: bool) -> None:
    async with chromium() as browser:
        page = await browser.new_page(viewport=size, color_scheme="dark" if dark else "light")
        await sign_in(page, site.address, KEYS[Scope.READ])
        await page.get_by_text("Follows by itself.").wait_for()
        await page.screenshot(path=to)


# What people see of an alert in Slack --------------------------------------------------------------
#: The local Slack shows dates as they are sent; Slack itself shows what stands behind the bar.
_DATES: Final = r"""() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    node.data = node.data.replace(/<!date\^[^|]*\|([^>]*)>/g, "$1");
  }
}"""


async def make_alert() -> None:
    """A card that was acknowledged after it had escalated, with its thread."""
    with tempfile.TemporaryDirectory() as folder:
        async with board(Path(folder)) as it, chromium() as browser:
            group, ts = await fires(it)
            await it.paged(ADA.id)
            await it.press(ACKNOWLEDGE, ts=ts)
            await it.state(group.id, GroupState.ACKNOWLEDGED)
            await it.shows("Acknowledged", ts=ts)
            page = await browser.new_page(viewport=ViewportSize(width=1280, height=720))
            await page.goto(it.desk.slack.peer.url)
            await page.get_by_text("Acknowledged").first.wait_for()
            await it.says("acknowledged it", ts=ts)
            await page.get_by_text(re.compile(r"^\d+ repl")).last.click()
            await page.get_by_text("Thread").first.wait_for()
            await page.evaluate(_DATES)
            await page.screenshot(path=IMAGES / "alert-in-slack.png")


if __name__ == "__main__":
    asyncio.run(make())
    asyncio.run(make_alert())
