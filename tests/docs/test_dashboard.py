"""`docs/dashboard.md`: its pictures are there and small, and its words are those of the dashboard."""

import re
from datetime import timedelta
from pathlib import Path

from bot.delivery.wording import overview as wording
from bot.overview import Overview
from contracts.health import Health, Status
from contracts.ports import Counts
from contracts.risk import RiskSettings, TaskCounts, assess
from tests.engine.given import NOW

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "dashboard.md").read_text(encoding="utf-8")
SAID = re.findall(r"^\| ([A-Z][^|]+?) \|", PAGE, re.M)


def seen(status: Status | None, *, running: bool = True, age: int = 0) -> Overview:
    health = Health(NOW, status, (), (), (), True, NOW, 0, None, {}) if status else None
    nothing = Counts(0, 0, 0, 0, None)
    risk = assess(TaskCounts(), RiskSettings())
    at = NOW + timedelta(seconds=age)
    return Overview(at, running, nothing, (), (), (), (), (), risk, health, timedelta(minutes=1))


def test_what_it_says_first_is_explained() -> None:
    for status in Status:
        assert wording.headline(seen(status)).text.rstrip(".") in SAID
    assert wording.headline(seen(Status.HEALTHY, running=False)).text in SAID
    old = wording.headline(seen(Status.HEALTHY, age=3600)).text
    assert old == "The desk has not measured itself for 1 h."
    assert old.replace("1 h.", "…") in SAID


def test_every_picture_is_shown_described_and_small() -> None:
    shown = dict(re.findall(r"!\[(.+?)\]\(images/(.+?)\)", PAGE))
    pictures = list((DOCS / "images").glob("dashboard-*.png"))
    assert {picture.name for picture in pictures} == set(shown.values())
    assert all(picture.stat().st_size < 150_000 for picture in pictures)
