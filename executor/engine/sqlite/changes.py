"""Changes that were decided on rows as they were read: written if the rows are still so, else not at all."""

from collections.abc import Callable, Sequence
from functools import partial

from contracts.alerts.duties import DutyChange
from contracts.alerts.model import GroupChange, SilenceChange
from contracts.plan_store import PlanChange
from contracts.ports import Change
from executor.engine.sqlite.controls import control
from executor.engine.sqlite.duties import change_duty
from executor.engine.sqlite.groups import change_group, change_silence
from executor.engine.sqlite.plan import change_plan
from executor.engine.sqlite.writer import Transaction

#: Writes one change; False: its row has moved on, and nothing was written.
Write = Callable[[Transaction], bool]


def writes(changes: Sequence[Change], now: int) -> list[Write]:
    """The changes, put into rows before the transaction begins."""
    return [_write(change, now) for change in changes]


def _write(change: Change, now: int) -> Write:
    match change:
        case GroupChange():
            return change_group(change, now)
        case SilenceChange():
            return change_silence(change, now)
        case DutyChange():
            return change_duty(change)
        case PlanChange():
            return change_plan(change, now)
        case _:
            return partial(control, change, now)
