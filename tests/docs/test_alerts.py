"""`docs/alerts.md` draws the true table, names every setting, and its example is taken."""

import re
from collections.abc import Iterator
from typing import get_args

import pytest
from pydantic import BaseModel

from bot.settings import default_operations, read_operations
from contracts.alerts.model import GroupEvent, GroupState
from contracts.alerts.routing import placements
from contracts.alerts.settings import AlertSettings, RouteSettings
from tests.docs.draw_alerts import PAGE, page

TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLE = re.findall(r"<!-- full example -->\n```yaml\n(.*?)^```$", TEXT, re.M | re.S)[0]


def models(annotation: object) -> Iterator[type[BaseModel]]:
    """All sections that *annotation* holds, and those that they hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for name, field in annotation.model_fields.items():
            if name != "routes":
                yield from models(field.annotation)
    for inner in get_args(annotation):
        yield from models(inner)


SETTINGS = sorted({f.alias or n for m in models(AlertSettings) for n, f in m.model_fields.items()})


def test_the_picture_is_that_of_the_table() -> None:
    assert page(TEXT) == TEXT, "python -m tests.docs.draw_alerts draws it anew"


def test_every_state_and_event_is_explained() -> None:
    assert not [line for line in TEXT.splitlines() if line.startswith("| `") and line.endswith("|  |")]
    assert not [member for member in (*GroupState, *GroupEvent) if f"| `{member}` | " not in TEXT]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_on_the_page(name: str) -> None:
    assert re.search(rf"`{name}`|\b{name}:", TEXT)


def test_the_full_example_is_taken_and_uses_every_section() -> None:
    alerts = read_operations(EXAMPLE.encode(), "example").alerts
    assert alerts.model_fields_set == set(AlertSettings.model_fields)
    both = placements(alerts, {"alertname": "queue-deep", "severity": "critical", "domain": "shop"})
    assert [alerts.routes[each.route].chain for each in both] == ["page", None]


def test_the_defaults_of_the_outermost_route_are_the_documented_ones() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `?([^|`]+?)`? \|", TEXT, re.M))
    root = AlertSettings().routes["{}"]
    for name in ("group_wait", "group_interval", "repeat_interval"):
        assert rows[name] == f"{getattr(root, name).total_seconds():g}"
    assert (rows["group_by"], rows["channel"]) == (f"[{', '.join(root.group_by)}]", root.channel)
    assert {f.alias or n for n, f in RouteSettings.model_fields.items()} <= rows.keys()


def test_the_desk_s_own_file_says_what_the_model_would() -> None:
    """But for the routes and the chain, which need a file."""
    file, model = default_operations().alerts, AlertSettings()
    for name in AlertSettings.model_fields:
        if name not in {"route", "chains", "inhibitions"}:
            assert getattr(file, name) == getattr(model, name), name
