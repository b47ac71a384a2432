"""Rows to values of `contracts` and back. Times are microseconds UTC; values inside a column are JSON."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from contracts.alerts.model import Labels, Matcher
from contracts.as_json import AsJson
from contracts.commands import Actor, Place, Source
from contracts.control import Approval, Hold, Priority, Proposal
from contracts.faults import Fault
from contracts.notices import Notice
from contracts.outcome import Prepared, Report, Step, StepTime
from contracts.patch import Patch
from contracts.records import StoredPatch
from contracts.states import OPEN_STATES, PatchState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PRIORITIES = tuple(Priority)  # by their rank

_PATCH: AsJson[Patch] = AsJson(Patch)
_ACTOR: AsJson[Actor] = AsJson(Actor)
_PROPOSAL: AsJson[Proposal] = AsJson(Proposal)
_APPROVAL: AsJson[Approval] = AsJson(Approval)
_REPORT: AsJson[Report] = AsJson(Report)
_PREPARED: AsJson[Prepared] = AsJson(Prepared)
_NOTICE: AsJson[Notice] = AsJson(Annotated[Notice, Field(discriminator="kind")])
_FAULT: AsJson[Fault] = AsJson(Fault)
_MATCHERS: AsJson[tuple[Matcher, ...]] = AsJson(tuple[Matcher, ...])


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
    return _PATCH.dump(patch)


def patch_from_json(stored: str) -> Patch:
    return _PATCH.load(stored)


def actor_to_json(actor: Actor) -> str:
    return _ACTOR.dump(actor)


def report_to_json(report: Report) -> str:
    return _REPORT.dump(report)


def report_from_json(stored: str) -> Report:
    return _REPORT.load(stored)


def notice_to_json(notice: Notice) -> str:
    return _NOTICE.dump(notice)


def notice_from_json(stored: str) -> Notice:
    return _NOTICE.load(stored)


def fault_to_json(fault: Fault) -> str:
    return _FAULT.dump(fault)


def fault_from_json(stored: str) -> Fault:
    return _FAULT.load(stored)


def matchers_to_json(matchers: tuple[Matcher, ...]) -> str:
    return _MATCHERS.dump(matchers)


def matchers_from_json(stored: str) -> tuple[Matcher, ...]:
    return _MATCHERS.load(stored)


def labels_to_json(labels: Labels) -> str:
    return json.dumps(dict(labels), ensure_ascii=False)


def labels_from_json(stored: str) -> dict[str, str]:
    labels: dict[str, str] = json.loads(stored)
    return labels


def _steps(stored: str, ended_at: int | None) -> tuple[StepTime, ...]:
    """A step ends where the next begins, the last one with its attempt."""
    begun: list[tuple[str, int]] = json.loads(stored)
    ends = [start for _, start in begun[1:]] + [ended_at] * bool(begun)
    return tuple(
        StepTime(Step(step), from_time(start), from_time_if(end))
        for (step, start), end in zip(begun, ends, strict=True)
    )


def proposal_to_json(proposal: Proposal) -> str:
    return _PROPOSAL.dump(proposal)


def prepared_to_json(prepared: Prepared) -> str:
    return _PREPARED.dump(prepared)


def approval_to_json(approval: Approval) -> str:
    return _APPROVAL.dump(approval)


#: What `stored_patch` reads: a patch, its row in `lanes` or in `endings`, and its card.
STORED = """
SELECT id, source, inbox_id, patches.channel, patches.ts, patches.thread,
  coalesce(lanes.state, endings.state), coalesce(lanes.attempt, endings.attempt), accepted_at,
  coalesce(lanes.started_at, endings.started_at), coalesce(lanes.ended_at, endings.ended_at), due_at,
  coalesce(lanes.steps, endings.steps), coalesce(lanes.report, endings.report),
  cards.channel, cards.ts, cards.thread, coalesce(lanes.held, 0), rank, held_by, held_why, held_at,
  stop_by, proposal, approval, bound IS NOT NULL AND cleared = 0, coalesce(cleared, 0), broken, prepared,
  (SELECT later.id FROM reverts JOIN patches AS later USING (seq)
    WHERE undone = patches.id ORDER BY seq DESC LIMIT 1),
  (SELECT set_id FROM members WHERE members.seq = patches.seq ORDER BY twin, set_id LIMIT 1),
  actor, patches.patch
FROM patches LEFT JOIN lanes USING (seq) LEFT JOIN endings USING (seq)
  LEFT JOIN cards ON cards.patch = patches.id
"""


def stored_patch(row: Sequence[Any]) -> StoredPatch:
    """Of what STORED selects."""
    (id_, source, inbox_id, channel, ts, thread, state, attempt, accepted_at) = row[:9]
    (started_at, ended_at, due_at, steps, report, *card, held) = row[9:18]
    (rank, held_by, held_why, held_at, stop_by, proposal, approval, bound, cleared) = row[18:27]
    (broken, prepared, reverted_by, set_id, actor, patch) = row[27:]
    return StoredPatch(
        id=id_,
        patch=_PATCH.load(patch),
        actor=_ACTOR.load(actor),
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
        report=None if report is None else _REPORT.load(report),
        card=None if card[0] is None else Place(*card),
        held=held,
        priority=None if rank is None else _PRIORITIES[rank],
        hold=None if held_by is None else Hold(held_by, held_why, from_time(held_at)),
        stop_by=stop_by,
        proposal=None if proposal is None else _PROPOSAL.load(proposal),
        approval=None if approval is None else _APPROVAL.load(approval),
        reverted_by=reverted_by,
        set_id=set_id,
        bound=bool(bound),
        cleared=bool(cleared),
        broken=None if broken is None else _FAULT.load(broken),
        prepared=None if prepared is None else _PREPARED.load(prepared),
    )
