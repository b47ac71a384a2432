"""What the pages on reports and on the execution log show is so."""

import json
import re
from pathlib import Path

import yaml

from bot.reports.log_lines import line_of
from bot.reports.schedule import schedules
from bot.settings import default_operations, read_operations
from contracts.records import StoredPatch
from contracts.reports.settings import Kind
from contracts.reports.store import EndedTask
from tests.cli.json_shapes import departures
from tests.delivery.rows import LANDED

DOCS = Path(__file__).parents[2] / "docs"
REPORTS = (DOCS / "reports.md").read_text(encoding="utf-8")
LOG = (DOCS / "execution-log.md").read_text(encoding="utf-8")


def test_the_schedules_that_are_shown_are_taken() -> None:
    [shown] = re.findall(r"^```yaml\n(.*?)^```$", REPORTS, re.M | re.S)
    operations = read_operations(shown.encode(), "the page")
    assert len(schedules(operations.reports, ["shop"])) == len(yaml.safe_load(shown)["reports"]["schedules"])


def test_every_kind_of_report_has_a_row() -> None:
    table = REPORTS.partition("## What there is")[2].partition("\n\nA period")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.M) == list(Kind)


def test_the_defaults_that_the_pages_name_are_the_desks() -> None:
    operations = default_operations()
    assert f"({operations.risk.warning:g} %)" in REPORTS
    assert f"({operations.risk.critical:g} %)" in REPORTS
    assert f"({operations.risk.warnings})" in REPORTS
    assert f"`log.keep_days` ({operations.log.keep_days})" in LOG
    assert operations.reports.schedules == ()


def test_a_line_of_the_log_has_the_shape_that_is_shown() -> None:
    [shown] = re.findall(r"^```json\n(.*?)^```$", LOG, re.M | re.S)
    landed: StoredPatch = LANDED
    real = json.loads(line_of(EndedTask(1, landed, 0, 0)))
    promised = json.loads(shown)
    assert list(real) == list(promised)
    assert list(departures(promised, real)) == []
