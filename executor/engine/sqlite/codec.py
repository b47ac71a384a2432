"""Rows to values of `contracts` and back. Times are microseconds UTC; values inside a column are JSON."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from contracts.commands import Actor, Place, Source
from contracts.notices import Notice
from contracts.outcome import Report, Step, StepTime
from contracts.patch import Patch
from contracts.records import StoredPatch
from contracts.states import OPEN_STATES, PatchState

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_Steps = tuple[tuple[Step, int], ...]


# pydantic takes longer to import than all of the engine, and `patchdesk status` needs none of it.
@cache
def _json(of: type[T]) -> "TypeAdapter[T]":
    from pydantic import TypeAdapter  # noqa: PLC0415 - see above

    return TypeAdapter(of)


@cache
def _notice() -> "TypeAdapter[Notice]":
    from pydantic import Field, TypeAdapter  # noqa: PLC0415 - see above

    return TypeAdapter(Annotated[Notice, Field(discriminator="kind")])


def to_time(moment: datetime) -> int:
    """Raises TypeError for a naive datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def from_time(stored: int) -> datetime:
    return _EPOCH + timedelta(microseconds=stored)


def from_time_if(stored: int | None) -> datetime | None:
    return None if stored is None else from_time(stored)


def patch_to_json(patch: Patch) -> str:
    return _json(Patch).dump_json(patch).decode()


def actor_to_json(actor: Actor) -> str:
    return _json(Actor).dump_json(actor).decode()


def report_to_json(report: Report) -> str:
    return _json(Report).dump_json(report).decode()


def notice_to_json(notice: Notice) -> str:
    return _notice().dump_json(notice).decode()


def notice_from_json(stored: str) -> Notice:
    return _notice().validate_json(stored)


def _steps(stored: str, ended_at: int | None) -> tuple[StepTime, ...]:
    """A step ends where the next begins, the last one with its attempt."""
    begun = _json(_Steps).validate_json(stored)
    ends = [start for _, start in begun[1:]] + [ended_at] * bool(begun)
    return tuple(
        StepTime(step, from_time(start), from_time_if(end))
        for (step, start), end in zip(begun, ends, strict=True)
    )


#: What `stored_patch` reads: a patch, its row in `lanes` or in `endings`, and its card.
STORED = """
SELECT id, source, inbox_id, patches.channel, patches.ts, patches.thread,
  coalesce(lanes.state, endings.state), coalesce(lanes.attempt, endings.attempt), accepted_at,
  coalesce(lanes.started_at, endings.started_at), coalesce(lanes.ended_at, endings.ended_at), due_at,
  coalesce(lanes.steps, endings.steps), coalesce(lanes.report, endings.report),
  cards.channel, cards.ts, cards.thread, actor, patches.patch
FROM patches LEFT JOIN lanes USING (seq) LEFT JOIN endings USING (seq)
  LEFT JOIN cards ON cards.patch = patches.id
"""


def stored_patch(row: Sequence[Any]) -> StoredPatch:
    """Of what STORED selects."""
    (id_, source, inbox_id, channel, ts, thread, state, attempt, accepted_at) = row[:9]
    (started_at, ended_at, due_at, steps, report, *card, actor, patch) = row[9:]
    return StoredPatch(
        id=id_,
        patch=_json(Patch).validate_json(patch),
        actor=_json(Actor).validate_json(actor),
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
        report=None if report is None else _json(Report).validate_json(report),
        card=None if card[0] is None else Place(*card),
    )
