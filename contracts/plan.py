"""The execution plan: batches of work, how far each is, and how far all of them are together.

A plan is a value. What people change by hand, what landed patches say, and what the numbers mean is decided
here; `formats.plan_text` reads and writes it, a store keeps it with its history.
"""

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

FULL: Final = Decimal(100)
BATCH_ID: Final = re.compile(r"[\w.:/-]{1,64}")


class Status(enum.StrEnum):
    NOT_STARTED = "not-started"
    QUEUED = "queued"  #: to be begun as soon as somebody is free
    IN_PROGRESS = "in-progress"
    BLOCKED = "blocked"  #: begun or not, it cannot go on
    DONE = "done"


class Key(enum.StrEnum):
    """The fields of a batch, spelled and ordered as the desk itself writes them."""

    ID = "id"
    NAME = "name"
    PRIORITY = "priority"
    STATUS = "status"
    PROGRESS = "progress"
    EXPECTED = "expectedPatches"
    TARGET = "targetDate"
    BLOCKERS = "blockers"
    OWNER = "owner"
    NOTES = "notes"


class Metric(enum.StrEnum):
    PRS_MERGED = "prsMerged"
    CI_PASS_RATE = "ciPassRate"  # noqa: S105 - in percent; no password
    COVERAGE = "coverage"  #: in percent
    PRODUCTION_INCIDENTS = "productionIncidents"
    DEPLOYMENT_MINUTES = "deploymentMinutes"


#: How much a batch counts in the overall progress, by its priority: the rule that is shown beside the number.
WEIGHTS: Final[Mapping[str, int]] = MappingProxyType(
    {"P0": 4, "critical": 4, "P1": 3, "high": 3, "P2": 2, "medium": 2, "P3": 1, "low": 1}
)
#: Of a batch without a priority.
USUAL: Final = "P2"

Value = str | Decimal | tuple[str, ...] | None
#: What is written down so says no more than what is left out.
_NOTHING: Final = (None, "", ())


@dataclass(frozen=True, slots=True)
class Batch:
    """*keys* are the fields that are written down, in their order; all that have a value are among them.

    A field that is written down without a value was said to be nothing (null); one that is not was left out.
    *progress* is in percent; None: it follows from the patches that landed for the batch, of *expected*.
    *target* is a day (`2026-12-01`) or in the plan's own weeks (`Week 3`). A blocker is the id of another
    batch, or says what is in the way.
    """

    id: str
    name: str
    status: Status
    priority: str | None = None
    progress: Decimal | None = None
    expected: Decimal | None = None
    target: str | None = None
    blockers: tuple[str, ...] = ()
    owner: str | None = None
    notes: str | None = None
    keys: tuple[Key, ...] = ()

    def __post_init__(self) -> None:
        missing = (key for key in Key if key not in self.keys and ATTRIBUTES[key](self) not in (None, ()))
        object.__setattr__(self, "keys", (*self.keys, *missing))

    @property
    def weight(self) -> int:
        return WEIGHTS[self.priority or USUAL]

    @property
    def due(self) -> date | None:
        """The day it is to be done by; None: none is said, or it is said in weeks."""
        return date.fromisoformat(self.target) if self.target and self.target[0].isdecimal() else None


#: What a Batch calls a field, where the field itself is called otherwise.
NAMES: Final[Mapping[Key, str]] = {Key.EXPECTED: "expected", Key.TARGET: "target"}
ATTRIBUTES: Final[Mapping[Key, Callable[[Batch], object]]] = {
    Key.ID: lambda batch: batch.id,
    Key.NAME: lambda batch: batch.name,
    Key.PRIORITY: lambda batch: batch.priority,
    Key.STATUS: lambda batch: batch.status,
    Key.PROGRESS: lambda batch: batch.progress,
    Key.EXPECTED: lambda batch: batch.expected,
    Key.TARGET: lambda batch: batch.target,
    Key.BLOCKERS: lambda batch: batch.blockers,
    Key.OWNER: lambda batch: batch.owner,
    Key.NOTES: lambda batch: batch.notes,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """*metrics* None: left out; a metric that is there without a value was said to be nothing.

    *metrics_first*: that is how it is written down.
    """

    batches: tuple[Batch, ...] = ()
    metrics: tuple[tuple[Metric, Decimal | None], ...] | None = None
    metrics_first: bool = False

    def batch(self, id_: str) -> Batch | None:
        return next((batch for batch in self.batches if batch.id == id_), None)

    def metric(self, metric: Metric) -> Decimal | None:
        return dict(self.metrics or ()).get(metric)


# How far it is ---------------------------------------------------------------------------------
#: How many patches have landed for each batch that some patch names.
Landed = Mapping[str, int]
NOTHING_LANDED: Final[Landed] = MappingProxyType({})


class Basis(enum.StrEnum):
    """Where a batch's progress comes from."""

    SAID = "said"  #: somebody wrote it; what landed does not change it
    COUNTED = "counted"  #: landed patches of those expected
    STATUS = "status"  #: neither: all of it if it is done, else nothing


@dataclass(frozen=True, slots=True)
class Progress:
    """*percent* from 0 to 100. *landed* is told beside it, whatever it is based on."""

    percent: Decimal
    basis: Basis
    landed: int


def progress(batch: Batch, landed: Landed = NOTHING_LANDED) -> Progress:
    """How far *batch* is: as somebody said; else by what landed of what is expected; else by its status."""
    count = landed.get(batch.id, 0)
    if batch.progress is not None:
        return Progress(batch.progress, Basis.SAID, count)
    if batch.status is Status.DONE:
        return Progress(FULL, Basis.STATUS, count)
    if batch.expected is not None:
        return Progress(min(FULL, FULL * count / batch.expected), Basis.COUNTED, count)
    return Progress(Decimal(0), Basis.STATUS, count)


@dataclass(frozen=True, slots=True)
class Share:
    """What the batches of one weight bring in: their number, and the sum of their percents."""

    weight: int
    batches: int
    percents: Decimal


@dataclass(frozen=True, slots=True)
class Overall:
    """Progress over all batches: the sum of weight × percent, divided by the sum of the weights.

    *percent* None: there is no batch. *shares* are the numbers to compute it again from, the heaviest first.
    """

    percent: Decimal | None
    batches: int
    done: int
    shares: tuple[Share, ...]


def overall(plan: Plan, landed: Landed = NOTHING_LANDED) -> Overall:
    by_weight: dict[int, list[Decimal]] = {}
    for batch in plan.batches:
        by_weight.setdefault(batch.weight, []).append(progress(batch, landed).percent)
    shares = tuple(
        Share(weight, len(percents), sum(percents, Decimal(0)))
        for weight, percents in sorted(by_weight.items(), reverse=True)
    )
    weights = sum(share.weight * share.batches for share in shares)
    total = sum((share.weight * share.percents for share in shares), Decimal(0))
    done = sum(batch.status is Status.DONE for batch in plan.batches)
    return Overall(total / weights if weights else None, len(plan.batches), done, shares)


# What to look at -------------------------------------------------------------------------------
def open_blockers(plan: Plan, batch: Batch) -> tuple[str, ...]:
    """What is still in the way of *batch*: another batch that is done no longer is."""
    done = {each.id for each in plan.batches if each.status is Status.DONE}
    return tuple(blocker for blocker in batch.blockers if blocker not in done)


def in_progress(plan: Plan) -> tuple[Batch, ...]:
    """The most urgent first."""
    return tuple(sorted((b for b in plan.batches if b.status is Status.IN_PROGRESS), key=_urgency))


def blocked(plan: Plan) -> tuple[Batch, ...]:
    """Those that cannot go on: BLOCKED, or in progress with something in the way. The most urgent first."""
    stuck = (
        batch
        for batch in plan.batches
        if batch.status is Status.BLOCKED
        or (batch.status is Status.IN_PROGRESS and open_blockers(plan, batch))
    )
    return tuple(sorted(stuck, key=_urgency))


def current(plan: Plan) -> Batch | None:
    """What the team is at: the most urgent batch in progress; else the blocked one, else the next."""
    return next(iter((*in_progress(plan), *blocked(plan), *next_goals(plan, most=1))), None)


def next_goals(plan: Plan, *, most: int = 5) -> tuple[Batch, ...]:
    """What to begin next: nothing in the way first, then the most urgent, then what is queued already."""
    waiting = [batch for batch in plan.batches if batch.status in {Status.QUEUED, Status.NOT_STARTED}]

    def order(batch: Batch) -> tuple[bool, int, date, bool]:
        return (bool(open_blockers(plan, batch)), *_urgency(batch), batch.status is not Status.QUEUED)

    return tuple(sorted(waiting, key=order)[:most])


def late(plan: Plan, today: date) -> tuple[Batch, ...]:
    """What is not done though its day is over."""
    return tuple(b for b in plan.batches if b.status is not Status.DONE and b.due and b.due < today)


def _urgency(batch: Batch) -> tuple[int, date]:
    return -batch.weight, batch.due or date.max


# Changing it -----------------------------------------------------------------------------------
def changed(batch: Batch, given: Mapping[Key, Value]) -> Batch:
    """*batch* with the fields of *given*; a field that becomes None is left out from then on.

    A batch that becomes done is at 100 percent, if its progress was said and *given* does not say another.
    """
    after = _with(batch, given)
    becomes_done = after.status is Status.DONE and batch.status is not Status.DONE
    if becomes_done and Key.PROGRESS not in given and batch.progress is not None:
        after = replace(after, progress=FULL)
    return after


def _with(batch: Batch, given: Mapping[Key, Value]) -> Batch:
    values: dict[str, Any] = {NAMES.get(key, key.value): value for key, value in given.items()}
    if Key.BLOCKERS in given:
        values["blockers"] = given[Key.BLOCKERS] or ()
    gone = {key for key, value in given.items() if value in _NOTHING}
    return replace(batch, **values, keys=tuple(key for key in batch.keys if key not in gone))


def with_batch(plan: Plan, batch: Batch) -> Plan:
    """*plan* with *batch* in the place of the one with its id."""
    return replace(plan, batches=tuple(batch if b.id == batch.id else b for b in plan.batches))


def with_metrics(plan: Plan, given: Mapping[Metric, Decimal | None]) -> Plan:
    """*plan* with the metrics of *given*; one that becomes None is left out from then on."""
    merged = {**dict(plan.metrics or ()), **given}
    kept = tuple((m, v) for m, v in merged.items() if not (m in given and v is None))
    return replace(plan, metrics=kept)


# Its history -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Difference:
    """One field that changed. *batch* None: it is a metric, or `batches`, their ids in their order.

    *before* None: it was not there; *after* None: it no longer is.
    """

    batch: str | None
    field: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Edit:
    """A Difference that was kept. *version* is that of the plan it led to, and several may lead to one."""

    version: int
    at: datetime
    actor: str
    difference: Difference


def differences(before: Plan, after: Plan) -> tuple[Difference, ...]:
    """What has to be said to lead from *before* to *after*, in the order of the batches."""
    old, new = ({batch.id: batch for batch in plan.batches} for plan in (before, after))
    found = [
        difference for id_ in {**old, **new} for difference in _of_batch(id_, old.get(id_), new.get(id_))
    ]
    if list(old) != list(new):
        found.append(Difference(None, "batches", tuple(old) or None, tuple(new) or None))
    was, now = dict(before.metrics or ()), dict(after.metrics or ())
    found += [
        Difference(None, metric.value, was.get(metric), now.get(metric))
        for metric in {**was, **now}
        if was.get(metric) != now.get(metric)
    ]
    return tuple(found)


def _of_batch(id_: str, before: Batch | None, after: Batch | None) -> Sequence[Difference]:
    values = {key: (_value(before, key), _value(after, key)) for key in Key if key is not Key.ID}
    return [Difference(id_, key.value, was, now) for key, (was, now) in values.items() if was != now]


def _value(batch: Batch | None, key: Key) -> Value:
    if batch is None:
        return None
    value = ATTRIBUTES[key](batch)
    return value if value not in _NOTHING and isinstance(value, str | Decimal | tuple) else None


def completed_between(history: Sequence[Edit], start: datetime, end: datetime) -> tuple[str, ...]:
    """Ids of the batches that became done from *start* up to *end* and did not become anything else by then.

    *history* holds at least that time, oldest first.
    """
    done: dict[str, None] = {}
    for edit in history:
        what = edit.difference
        if not start <= edit.at < end or what.batch is None or what.field != Key.STATUS:
            continue
        done.pop(what.batch, None)
        if what.after == Status.DONE:
            done[what.batch] = None
    return tuple(done)


# Editing it beside others ----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Clash:
    """*key* was changed by *actor* since it was shown, to something else than is wanted now."""

    key: Key
    actor: str
    value: Value


def as_shown(batch: Batch, since: Sequence[Edit]) -> Batch:
    """*batch* as it was before the edits *since* (of any batch, oldest first)."""
    first: dict[Key, Value] = {}
    for edit in since:
        if edit.difference.batch == batch.id:
            first.setdefault(Key(edit.difference.field), edit.difference.before)
    return _with(batch, {key: _restored(key, value) for key, value in first.items()})


def _restored(key: Key, value: Value) -> Value:
    return Status(str(value)) if key is Key.STATUS else value


def wanted(batch: Batch, form: Mapping[Key, Value], since: Sequence[Edit]) -> dict[Key, Value] | Clash:
    """What of *form*, filled in before the edits *since*, is a change of the batch as it is now.

    Fields that the form leaves as they were shown stay as they are now.
    """
    shown = as_shown(batch, since)
    changes: dict[Key, Value] = {}
    for key, value in form.items():
        then, now = _value(shown, key), _value(batch, key)
        if (None if value in _NOTHING else value) in (then, now):
            continue
        if now != then:
            actor = next(edit.actor for edit in reversed(since) if _is_about(edit, batch.id, key))
            return Clash(key, actor, now)
        changes[key] = value
    return changes


def _is_about(edit: Edit, batch: str, key: Key) -> bool:
    return edit.difference.batch == batch and edit.difference.field == key
