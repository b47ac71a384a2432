"""What each report says, part by part, in the ink of its medium."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.delivery.wording import figures
from bot.delivery.wording.ink import Ink
from bot.delivery.wording.report_figures import Row, amount, cause, changed, gate, line, risk, row
from contracts.records import PatchLine
from contracts.reports.body import BatchLine, Body, PlanPart
from contracts.reports.figures import Figure, Measure, unit_of
from contracts.reports.settings import Kind
from contracts.risk import RiskLevel
from contracts.states import PatchState

TITLES: Final[Mapping[Kind, str]] = {
    Kind.DAILY: "Daily digest",
    Kind.WEEKLY: "Weekly report",
    Kind.DEMO: "Demo note",
    Kind.RETROSPECTIVE: "Retrospective",
    Kind.EXECUTIVE: "Executive report",
}
NO_PLAN: Final = "There is no plan. `patchdesk plan import` brings one."
_NOTHING_LANDED: Final = "Nothing landed."
_IN_SHORT: Final = (Measure.LANDED, Measure.FAILED, Measure.SUCCESS_RATE, Measure.WAIT_P90, Measure.INCIDENTS)
_FOR_EXECUTIVES: Final = (
    Measure.LANDED,
    Measure.SUCCESS_RATE,
    Measure.DEPLOY_MEAN,
    Measure.INCIDENTS,
    Measure.RESOLVE_MEAN,
)
_FOR_DEMOS: Final = (Measure.LANDED, Measure.SUCCESS_RATE, Measure.COVERAGE)


@dataclass(frozen=True, slots=True)
class Part:
    """A heading (plain text, may be empty) and what stands under it, inked: text, points, or a table."""

    heading: str
    text: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    table: tuple[Row, ...] = ()


def title(body: Body) -> str:
    domain = body.domain or "all domains"
    return f"{TITLES[body.kind]} {body.period.label}, {domain}"


def opening(body: Body, ink: Ink) -> tuple[str, ...]:
    """What has to be known before the rest: that it is late, or of a time that is not over."""
    said = []
    if body.due_at is not None:
        due, made = ink.moment(body.due_at), ink.moment(body.made_at)
        said.append(f"This report is late: it was due {due} and was made {made}.")
    if body.running:
        said.append(f"This is not over yet; it is as of {ink.moment(body.made_at)}.")
    return tuple(said)


def command(body: Body) -> str:
    """What recomputes every number of the report from the store."""
    domain = f" --domain {body.domain}" if body.domain else ""
    return (
        f"patchdesk report {body.kind}{domain} --period {body.period.label} --zone {body.zone} --format json"
    )


def recompute(body: Body, ink: Ink) -> str:
    return f"Every number, from the store: {ink.quote(command(body))}"


def parts(body: Body, ink: Ink) -> tuple[Part, ...]:
    return tuple(_LAYOUTS[body.kind](body, ink))


# The layouts -------------------------------------------------------------------------------------
def _daily(body: Body, ink: Ink) -> Iterator[Part]:
    yield Part("", text=(" ".join(_sentences(body, ink)),))
    yield Part("Numbers", table=_rows(body, ink, _IN_SHORT), text=(risk(body.risk),))


def _weekly(body: Body, ink: Ink) -> Iterator[Part]:
    yield Part("Current batch and overall progress", text=tuple(_progress(body.plan, ink)))
    yield _completed(body, ink, "Completed this week")
    yield _listed("In progress", [_batch(each, ink) for each in _under_way(body)], "Nothing is in progress.")
    yield _listed("Blockers", _blockers(body, ink), "Nothing is blocked.")
    yield Part("Metrics", table=_rows(body, ink, tuple(Measure)), text=(risk(body.risk),))
    yield from _failures(body, ink)
    goals = [_goal(each, ink) for each in (body.plan.next if body.plan else ())]
    yield _listed("Next week’s goals", goals, "The plan names none." if body.plan else NO_PLAN)
    yield _listed("Help needed", list(_help(body, ink)), "None that the numbers show.")
    yield _listed("Wins", list(_wins(body, ink)), "None that the numbers show.")
    yield from _register(body, ink)


def _demo(body: Body, ink: Ink) -> Iterator[Part]:
    yield Part("", text=(" ".join(_sentences(body, ink)[:1]),))
    yield _completed(body, ink, "What can be shown")
    yield _listed("Wins", list(_wins(body, ink)), "None that the numbers show.")
    yield Part("Numbers", table=_rows(body, ink, _FOR_DEMOS))


def _retrospective(body: Body, ink: Ink) -> Iterator[Part]:
    yield Part("", text=(" ".join(_sentences(body, ink)),))
    better = [line(each, ink) for each in body.figures if each.better is True]
    worse = [line(each, ink) for each in body.figures if each.better is False]
    yield _listed("What went better", better, "No number is better than in the period before.")
    yield _listed("What went worse", worse, "No number is worse than in the period before.")
    yield from _failures(body, ink)
    yield _completed(body, ink, "Completed")
    yield _listed("To talk about", list(_help(body, ink)), "Nothing that the numbers show.")
    yield Part("Metrics", table=_rows(body, ink, tuple(Measure)), text=(risk(body.risk),))


def _executive(body: Body, ink: Ink) -> Iterator[Part]:
    yield Part("", text=(" ".join(_sentences(body, ink)),))
    yield Part("Numbers", table=_rows(body, ink, _FOR_EXECUTIVES), text=(risk(body.risk),))
    yield Part("Plan", text=tuple(_progress(body.plan, ink)))
    yield from _register(body, ink, most=3)
    yield _listed("Help needed", list(_help(body, ink)), "None that the numbers show.")


_LAYOUTS: Final[Mapping[Kind, Callable[[Body, Ink], Iterator[Part]]]] = {
    Kind.DAILY: _daily,
    Kind.WEEKLY: _weekly,
    Kind.DEMO: _demo,
    Kind.RETROSPECTIVE: _retrospective,
    Kind.EXECUTIVE: _executive,
}


# What they are made of ---------------------------------------------------------------------------
def _listed(heading: str, points: Sequence[str], nothing: str) -> Part:
    return Part(heading, points=tuple(points)) if points else Part(heading, text=(nothing,))


def _rows(body: Body, ink: Ink, measures: Sequence[Measure]) -> tuple[Row, ...]:
    return tuple(row(each, ink) for each in body.figures if each.measure in measures)


def _figure(body: Body, measure: Measure) -> Figure:
    return next(each for each in body.figures if each.measure is measure)


def _count(body: Body, measure: Measure) -> int:
    """0 as well where it was not measured, as what an earlier release made does not have all of them."""
    return round(next((each.now for each in body.figures if each.measure is measure), None) or 0)


def _sentences(body: Body, ink: Ink) -> list[str]:
    """Two or three: what came of the patches, why some did not land, what to know besides."""
    landed, failed = _count(body, Measure.LANDED), _count(body, Measure.FAILED)
    quarantined, incidents = _count(body, Measure.QUARANTINED), _count(body, Measure.INCIDENTS)
    if not landed + failed + quarantined:
        said = [f"No patch came to an end in {body.period.label}."]
    else:
        change = changed(_figure(body, Measure.LANDED))
        ended = [f"{figures.counted(landed, 'patch', 'patches')} landed" + (f" ({change})" if change else "")]
        ended += [f"{failed:,} failed"] if failed else []
        ended += [f"{quarantined:,} quarantined"] if quarantined else []
        said = [f"{body.period.label}: {figures.joined(ended)}."]
    if body.causes:
        said.append(f"The most frequent reason: {cause(body.causes[0], ink)}.")
    alerts = figures.counted(incidents, "critical alert was", "critical alerts were")
    said.append(f"{alerts if incidents else 'No critical alert was'} raised.")
    return said


def _progress(plan: PlanPart | None, ink: Ink) -> Iterator[str]:
    if plan is None:
        yield NO_PLAN
        return
    if plan.current is not None:
        yield f"Current batch: {_batch(plan.current, ink)}"
    if plan.percent is None:
        yield "The plan has no batches."
        return
    numbers = " + ".join(f"{weight} × {percents:.4g}" for weight, _, percents in plan.shares)
    weights = " + ".join(f"{weight} × {many}" for weight, many, _ in plan.shares)
    yield (
        f"Overall: {ink.strong(f'{plan.percent:.1f} %')}, {plan.finished:,} of"
        f" {figures.counted(plan.batches, 'batch', 'batches')} done."
        f" Sum of weight × percent over sum of weights: ({numbers}) / ({weights})."
    )


def _batch(batch: BatchLine, ink: Ink) -> str:
    facts = [f"{batch.percent:.4g} %", f"owner {ink.words(batch.owner)}" if batch.owner else "no owner"]
    facts += [f"due {ink.words(batch.target)}"] if batch.target else []
    facts += [f"{figures.counted(batch.landed, 'patch', 'patches')} landed"] if batch.landed else []
    return f"{ink.quote(batch.id)} {ink.words(batch.name)}: {', '.join(facts)}"


def _goal(batch: BatchLine, ink: Ink) -> str:
    blocked = f"; first: {_joined(batch.blockers, ink)}" if batch.blockers else ""
    return _batch(batch, ink) + blocked


def _joined(words: Sequence[str], ink: Ink) -> str:
    return figures.joined([ink.words(each) for each in words])


def _completed(body: Body, ink: Ink, heading: str) -> Part:
    landed, shown = _count(body, Measure.LANDED), body.landed
    points = [f"Batch {_batch(each, ink)}" for each in (body.plan.done if body.plan else ())]
    points += [_patch(each, ink) for each in shown]
    if landed > len(shown):
        points.append(f"and {landed - len(shown):,} patches more that landed before these")
    return _listed(heading, points, _NOTHING_LANDED)


def _patch(patch: PatchLine, ink: Ink) -> str:
    whose = f"{ink.words(patch.domain)}, {ink.words(patch.actor)}"
    return f"{ink.quote(patch.id)} {ink.words(patch.title)} ({whose})"


def _under_way(body: Body) -> tuple[BatchLine, ...]:
    return body.plan.under_way if body.plan else ()


def _blockers(body: Body, ink: Ink) -> list[str]:
    said = []
    for batch in body.plan.blocked if body.plan else ():
        way = _joined(batch.blockers, ink) or "nobody wrote what is in the way"
        resolution = ink.words(batch.notes) if batch.notes else "none is written down"
        said.append(f"{ink.quote(batch.id)} {ink.words(batch.name)}: {way}. Resolution: {resolution}")
    return said


def _failures(body: Body, ink: Ink) -> Iterator[Part]:
    if body.causes:
        yield Part("Why patches did not land", points=tuple(cause(each, ink) for each in body.causes))
    troubled = [each for each in body.gates if each.passed < each.judged]
    if troubled:
        points = tuple(gate(each, ink, domain=body.domain is None) for each in troubled)
        yield Part("Gates that did not always pass", points=points)


def _help(body: Body, ink: Ink) -> Iterator[str]:
    """What does not go away by itself."""
    if body.risk.level is RiskLevel.CRITICAL:
        yield f"The risk rate is critical. {risk(body.risk)}"
    if quarantined := _count(body, Measure.QUARANTINED):
        patches = figures.counted(quarantined, "patch was", "patches were")
        yield f"{patches} quarantined: the desk itself could not."
    if undecided := _count(body, Measure.APPROVALS_WAITING):
        yield f"{figures.counted(undecided, 'patch waits', 'patches wait')} for an approval."
    waiting = [each for each in body.open if each.state is not PatchState.RUNNING]
    if waiting and (age := _figure(body, Measure.OLDEST_OPEN)).now is not None:
        oldest = amount(age.now, unit_of(age.measure))
        yield f"Open for {oldest}: {_patch(waiting[0], ink)}"
    if body.plan is None:
        return
    for batch in body.plan.blocked:
        if not batch.notes or not batch.owner:
            missing = figures.joined(
                [*([] if batch.owner else ["an owner"]), *([] if batch.notes else ["a way out"])]
            )
            yield f"{ink.quote(batch.id)} {ink.words(batch.name)} is blocked and needs {missing}."
    for batch in body.plan.late:
        yield f"{ink.quote(batch.id)} {ink.words(batch.name)} was due {ink.words(batch.target or '')}."


def _wins(body: Body, ink: Ink) -> Iterator[str]:
    for batch in body.plan.done if body.plan else ():
        yield f"{ink.quote(batch.id)} {ink.words(batch.name)} is done."
    for figure in body.figures:
        if figure.better is True:
            yield line(figure, ink)
    landed, failed = _count(body, Measure.LANDED), _count(body, Measure.FAILED)
    if landed and not failed + _count(body, Measure.QUARANTINED):
        yield f"Every patch that came to an end landed: {landed:,}."


def _register(body: Body, ink: Ink, *, most: int | None = None) -> Iterator[Part]:
    risks = body.plan.risks if body.plan else ()
    if not risks:
        return
    points = []
    for each in risks[:most]:
        owner = ink.words(each.owner) if each.owner else "nobody"
        plan = ink.words(each.mitigation) if each.mitigation else "nothing is written down"
        review = " Nobody has looked at it for a week." if each.to_review else ""
        points.append(
            f"{ink.quote(each.id)} {ink.words(each.risk)} ({each.score} of 9, {each.degree}): {plan};"
            f" owner {owner}.{review}"
        )
    yield Part("Risk register", points=tuple(points))
