"""Rows to values of `contracts` and back. Times are microseconds UTC; values inside a column are JSON."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from contracts.alerts.model import Labels, Matcher
from contracts.commands import Actor, Place, Source
from contracts.control import Approval, Hold, Priority, Proposal
from contracts.faults import Fault
from contracts.notices import Notice
from contracts.outcome import Report, Step, StepTime
from contracts.patch import Patch
from contracts.records import StoredPatch
from contracts.states import OPEN_STATES, PatchState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_PATCH: TypeAdapter[Patch] = TypeAdapter(Patch)
_ACTOR: TypeAdapter[Actor] = TypeAdapter(Actor)
_PROPOSAL: TypeAdapter[Proposal] = TypeAdapter(Proposal)
_APPROVAL: TypeAdapter[Approval] = TypeAdapter(Approval)
_REPORT: TypeAdapter[Report] = TypeAdapter(Report)
_NOTICE: TypeAdapter[Notice] = TypeAdapter(Annotated[Notice, Field(discriminator="kind")])
_STEPS: TypeAdapter[tuple[tuple[Step, int], ...]] = TypeAdapter(tuple[tuple[Step, int], ...])
_FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)
_MATCHERS: TypeAdapter[tuple[Matcher, ...]] = TypeAdapter(tuple[Matcher, ...])


def to_time(moment: datetime) -> int:
    """Raises TypeError for a naive datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def from_time(stored: int) -> datetime:
    return _EPOCH + timedelta(microseconds=stored)


def from_time_if(stored: int | None) -> datetime | None:
    return None if stored is None else from_time(stored)


def to_time_if(moment: datetime | None) -> int | None:
    return None if moment is None else to_time(moment)


def patch_to_json(patch: Patch) -> str:
    return _PATCH.dump_json(patch).decode()


def patch_from_json(stored: str) -> Patch:
    return _PATCH.validate_json(stored)


def actor_to_json(actor: Actor) -> str:
    return _ACTOR.dump_json(actor).decode()


def report_to_json(report: Report) -> str:
    return _REPORT.dump_json(report).decode()


def report_from_json(stored: str) -> Report:
    return _REPORT.validate_json(stored)


def notice_to_json(notice: Notice) -> str:
    return _NOTICE.dump_json(notice).decode()


def notice_from_json(stored: str) -> Notice:
    return _NOTICE.validate_json(stored)


def fault_to_json(fault: Fault) -> str:
    return _FAULT.dump_json(fault).decode()


def fault_from_json(stored: str) -> Fault:
    return _FAULT.validate_json(stored)


def matchers_to_json(matchers: tuple[Matcher, ...]) -> str:
    return _MATCHERS.dump_json(matchers).decode()


def matchers_from_json(stored: str) -> tuple[Matcher, ...]:
    return _MATCHERS.validate_json(stored)


def labels_to_json(labels: Labels) -> str:
    return json.dumps(dict(labels), ensure_ascii=False)


def labels_from_json(stored: str) -> dict[str, str]:
    labels: dict[str, str] = json.loads(stored)
    return labels


def _steps(stored: str, ended_at: int | None) -> tuple[StepTime, ...]:
    """A step ends where the next begins, the last one with its attempt."""
    begun = _STEPS.validate_json(stored)
    ends = [start for _, start in begun[1:]] + [ended_at] * bool(begun)
    return tuple(
        StepTime(step, from_time(start), from_time_if(end))
        for (step, start), end in zip(begun, ends, strict=True)
    )


def proposal_to_json(proposal: Proposal) -> str:
    return _PROPOSAL.dump_json(proposal).decode()


def approval_to_json(approval: Approval) -> str:
    return _APPROVAL.dump_json(approval).decode()


#: What `stored_patch` reads: a patch, its row in `lanes` or in `endings`, and its card.
STORED = """
SELECT id, source, inbox_id, patches.channel, patches.ts, patches.thread,
  coalesce(lanes.state, endings.state), coalesce(lanes.attempt, endings.attempt), accepted_at,
  coalesce(lanes.started_at, endings.started_at), coalesce(lanes.ended_at, endings.ended_at), due_at,
  coalesce(lanes.steps, endings.steps), coalesce(lanes.report, endings.report),
  cards.channel, cards.ts, cards.thread, coalesce(lanes.held, 0), rank, held_by, held_why, held_at,
  stop_by, proposal, approval,
  (SELECT later.id FROM reverts JOIN patches AS later USING (seq)
    WHERE undone = patches.id ORDER BY seq DESC LIMIT 1),
  actor, patches.patch
FROM patches LEFT JOIN lanes USING (seq) LEFT JOIN endings USING (seq)
  LEFT JOIN cards ON cards.patch = patches.id
"""


def stored_patch(row: Sequence[Any]) -> StoredPatch:
    """Of what STORED selects."""
    (id_, source, inbox_id, channel, ts, thread, state, attempt, accepted_at) = row[:9]
    (started_at, ended_at, due_at, steps, report, *card, held) = row[9:18]
    (rank, held_by, held_why, held_at, stop_by, proposal, approval, reverted_by, actor, patch) = row[18:]
    return StoredPatch(
        id=id_,
        patch=_PATCH.validate_json(patch),
        actor=_ACTOR.validate_json(actor),
        source=Source(source),
        inbox_id=inbox_id,
        place=Place(channel, ts, thread),
        state=PatchState(state),
        attempt=attempt,
        accepted_at=from_time(accepted_at),
        started_at=from_time_if(started_at),
        finished_at=None if state in OPEN_STATES else from_time_if(ended_at),
        not_before=from_time_if(due_at),
        steps=_steps(steps, ended_at),
        report=None if report is None else _REPORT.validate_json(report),
        card=None if card[0] is None else Place(*card),
        held=held,
        priority=None if rank is None else list(Priority)[rank],
        hold=None if held_by is None else Hold(held_by, held_why, from_time(held_at)),
        stop_by=stop_by,
        proposal=None if proposal is None else _PROPOSAL.validate_json(proposal),
        approval=None if approval is None else _APPROVAL.validate_json(approval),
        reverted_by=reverted_by,
    )
