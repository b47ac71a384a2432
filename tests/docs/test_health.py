"""`docs/health.md` names every level with its true default, its alert, and an example that is taken."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bot.settings import default_operations, read_operations
from bot.watchdog.breaches import observations
from contracts.health import Health, Level, Status
from contracts.levels import HealthSettings, Levels
from contracts.measuring import Measure
from tests.watchdog.test_breaches import NOON, level

PAGE = (Path(__file__).parents[2] / "docs/health.md").read_text(encoding="utf-8")
ROWS: dict[str, str] = dict(re.findall(r"^\| `([\w.]+\.\w+)` \| `?([^|`]+?)`? \|", PAGE, re.M))


def defaults(section: Levels | HealthSettings, prefix: str) -> Iterator[tuple[str, str]]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, dict):
            continue
        spelled = value.total_seconds() if isinstance(value, timedelta) else value
        yield f"{prefix}.{name}", "none" if spelled is None else f"{spelled:g}"


def test_every_setting_has_its_row_and_every_row_its_setting() -> None:
    shipped = default_operations()
    expected = {**dict(defaults(shipped.levels, "levels")), **dict(defaults(shipped.health, "health"))}
    assert expected == ROWS


def test_every_alert_is_named() -> None:
    levels: tuple[Level, ...] = tuple(level(measure) for measure in Measure)
    found = observations(Health(NOON, Status.DEGRADED, (), (), levels, True, None, 0, None, {}))
    assert {f"`{each.labels['alertname']}`" for each in found} <= set(re.findall(r"`\w+`", PAGE))


def test_the_example_is_taken() -> None:
    [example] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
    levels = read_operations(example.encode(), "example").levels
    assert (levels.queue_depth, levels.of("web").queue_depth) == (20, 40)
