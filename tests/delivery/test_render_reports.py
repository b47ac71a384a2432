"""A report in each form: whole, within Slack's limits, and harmless whatever people wrote."""

import json
import re
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.delivery.render.reports import report, report_html, report_markdown
from bot.delivery.wording.report_figures import NAMES, amount, changed
from bot.delivery.wording.report_parts import command
from bot.delivery.wording.report_plots import ALTS
from bot.reports.plots import drawn
from contracts.faults import Reason, fault
from contracts.records import PatchLine
from contracts.reports.body import (
    BatchLine,
    Body,
    PlanPart,
    Plot,
    RiskLine,
    body_from_json,
    body_to_data,
    body_to_json,
)
from contracts.reports.figures import (
    Approvals,
    Cause,
    Counted,
    Day,
    Figure,
    GateTally,
    Measure,
    Spread,
    Unit,
    figures,
)
from contracts.reports.periods import Span, covering, days_of
from contracts.reports.settings import Kind
from contracts.risk import RiskSettings, TaskCounts, assess
from contracts.states import PatchState
from tests.delivery.rows import HOSTILE
from tests.delivery.test_render_limits import check, whole

WEEK = covering(Span.WEEK, date(2026, 11, 9), UTC)
SECOND = timedelta(seconds=1)
SPREAD = Spread(4, 3 * SECOND, 95 * SECOND)
NOW = Counted(
    landed=12,
    failed=2,
    wait=SPREAD,
    run=SPREAD,
    deploy=70 * SECOND,
    gates=(GateTally("web", "tests", 12, 2, 0, 1),),
    coverage=87.5,
    causes=(Cause("gate-failed", "tests", 2),),
    approvals=Approvals(SPREAD, 300 * SECOND, waiting=2),
    oldest_at=WEEK.end - timedelta(days=3),
)
BEFORE = Counted(landed=9, failed=4, wait=SPREAD, gates=(GateTally("web", "tests", 9, 4, 0, 0),))


def body(kind: Kind = Kind.WEEKLY, text: str = "Say goodbye", many: int = 3) -> Body:
    lines = tuple(
        PatchLine(f"p-{n}", "web", text, text, PatchState.LANDED, WEEK.start, WEEK.end, None)
        for n in range(many)
    )
    batches = tuple(
        BatchLine(f"B{n}", text, "blocked", 40.0, n, text, text, (text,), text) for n in range(many)
    )
    risks = tuple(RiskLine(f"R{n}", text, 9, "high", text, text, True) for n in range(many))
    plan = PlanPart(
        40.0, many, 0, ((2, many, 40.0 * many),), next(iter(batches), None), *(batches,) * 5, risks
    )
    days = tuple(Day(day, n, 1, 0, SPREAD, SPREAD) for n, (day, _) in enumerate(days_of(WEEK, UTC)))
    return Body(
        kind=kind,
        domain="web",
        period=WEEK,
        zone="UTC",
        made_at=WEEK.end,
        due_at=None,
        running=False,
        figures=figures(NOW, BEFORE, ends=(WEEK.end, WEEK.start)),
        gates=NOW.gates,
        causes=NOW.causes,
        days=days,
        landed=lines,
        open=lines,
        risk=assess(TaskCounts(14, 2, 0, 2), RiskSettings()),
        plan=plan,
    )


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(Kind), HOSTILE, st.sampled_from([0, 1, 20]))
def test_slack_takes_every_report_whatever_people_wrote(kind: Kind, text: str, many: int) -> None:
    said = report(body(kind, text, many))
    check(said)
    assert sum(len(block["text"]["text"]) for block in said.blocks if "text" in block) < 13_000


@pytest.mark.parametrize("many", [1, 20])
def test_every_number_of_the_week_is_in_the_message_however_much_there_is(many: int) -> None:
    said = whole(report(body(text="long words " * 40, many=many)))
    for name in NAMES.values():
        assert f"{name}: " in said


@pytest.mark.parametrize("kind", Kind)
def test_every_form_names_the_call_that_makes_it_again(kind: Kind) -> None:
    made = body(kind)
    call = command(made)
    assert call == f"patchdesk report {kind} --domain web --period 2026-W46 --zone UTC --format json"
    for form in (whole(report(made)), report_markdown(made), report_html(made)):
        assert call in form


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.DEMO])
def test_the_risk_rate_is_never_without_its_formula_and_numbers(kind: Kind) -> None:
    formula = "errors / max(1, tasks) × 100 = 2 / max(1, 14) × 100 = 14.29 %"
    for form in (whole(report(body(kind))), report_markdown(body(kind)), report_html(body(kind))):
        assert formula in form


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # type: ignore[explicit-override]
        self.seen.add(tag)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(HOSTILE | st.sampled_from(["<script>alert(1)</script>", "<img src=x onerror=y>", "</title><b>"]))
def test_what_people_wrote_is_text_in_a_page(text: str) -> None:
    parser = Elements()
    parser.feed(report_html(body(text=text)))
    ours = "html head meta title style body h1 h2 p table thead tbody tr th td ul li code strong footer"
    assert parser.seen <= set(ours.split())


def test_a_late_report_says_so_and_one_of_a_running_week_too() -> None:
    late = replace(body(), due_at=WEEK.end - timedelta(hours=3))
    assert "report is late" in whole(report(late))
    assert "not over yet" in report_markdown(replace(body(), running=True))
    assert "report is late" not in whole(report(body()))


def test_what_was_not_measured_says_why() -> None:
    empty = figures(Counted(), Counted(), ends=(WEEK.end, WEEK.start))
    said = report_markdown(replace(body(), figures=empty))
    assert "| Coverage | not measured |  |  | No gate reports it. |" in said
    assert "| Approval latency, p50 | not measured |  |  | No approval was counted. |" in said
    assert "| Patches landed | 0 | 0 | as before |  |" in said


@pytest.mark.parametrize(
    ("figure", "change"),
    [
        (Figure(Measure.LANDED, 12, 9), "+3"),
        (Figure(Measure.GATE_PASS_RATE, 85.0, 86.25), "-1.2 points"),
        (Figure(Measure.WAIT_P90, 60, 90), "-30 s"),
        (Figure(Measure.LANDED, 3, 3), "as before"),
        (Figure(Measure.COVERAGE, None, 90.0, fault(Reason.NOT_REPORTED)), ""),
    ],
)
def test_a_change_is_told_in_the_unit_of_its_number(figure: Figure, change: str) -> None:
    assert changed(figure) == change


def test_amounts_read_as_people_write_them() -> None:
    assert amount(1234, Unit.COUNT) == "1,234"
    assert amount(87.5, Unit.PERCENT) == "87.5 %"
    assert amount(95, Unit.SECONDS) == "1 min 35 s"


# As data -----------------------------------------------------------------------------------------
def test_what_an_earlier_release_kept_is_told_without_the_numbers_that_it_did_not_count() -> None:
    made = body()
    kept = replace(
        made, figures=tuple(each for each in made.figures if not each.measure.startswith("approval"))
    )
    assert "Approval latency" in whole(report(made))
    assert "Approval latency" not in whole(report(kept))


def test_a_report_is_read_back_as_it_was_kept() -> None:
    assert body_from_json(body_to_json(body())) == body()


def test_as_data_every_field_is_there_and_times_are_numbers() -> None:
    data = json.loads(json.dumps(body_to_data(body())))
    assert set(data) == {field.name for field in fields(Body)}
    assert data["days"][0]["wait"] == {"of": 4, "p50": 3.0, "p90": 95.0}
    assert data["risk"]["rate"] == pytest.approx(200 / 14)


# Plots -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("plot", Plot)
def test_the_same_report_is_drawn_as_the_same_bytes(plot: Plot) -> None:
    first, again = drawn(body(), plot), drawn(body_from_json(body_to_json(body())), plot)
    assert first == again
    assert first.startswith(b"\x89PNG")
    assert drawn(replace(body(), days=()), plot).startswith(b"\x89PNG")


@pytest.mark.parametrize("plot", Plot)
def test_a_plot_is_told_in_words_too(plot: Plot) -> None:
    said = ALTS[plot](body())
    assert "10 Nov" in said
    assert len(said) < 1000
    empty = replace(body(), days=tuple(Day(d.day, 0, 0, 0, None, None) for d in body().days))
    assert "No patch ended" in ALTS[plot](empty)


def test_a_domain_with_a_dollar_is_no_formula() -> None:
    assert drawn(replace(body(), domain="a$b$c"), Plot.TIMES).startswith(b"\x89PNG")


MADE_AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


def test_moments_are_slacks_own_in_slack_and_utc_elsewhere() -> None:
    made = replace(body(), due_at=MADE_AT)
    assert re.search(r"<!date\^", whole(report(made)))
    assert "2026-11-16 09:00:00 UTC" in report_markdown(made)
