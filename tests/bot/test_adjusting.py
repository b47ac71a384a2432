"""What was offered becomes a patch that is the old one in everything but its content."""

from dataclasses import replace

import pytest

from bot.steering import adjusted_of
from contracts.control import Priority
from contracts.faults import Fault, Reason, fault
from contracts.outcome import Offer
from contracts.patch import Author, Changeset, Diff, FileHeader, Limits, Together
from contracts.records import StoredPatch
from contracts.states import PatchState
from tests.delivery.rows import FAILED

DIFF = b"diff --git a/a b/a\nindex 1234567..89abcde\n--- a/a\n+++ b/a\n@@ -1,1 +1,1 @@\n-old\n+new\n"
TOOK = fault(Reason.TOOK_PLACE, path="a", hunk=1, said=2, at=1)


def offering(offer: Offer | None, state: PatchState = PatchState.FAILED) -> StoredPatch:
    assert FAILED.report is not None
    asked = replace(
        FAILED.patch,
        label="fix-1",
        priority=Priority.HIGH,
        hotfix=True,
        depends_on=("k3v9x2aa",),
        expects_tree="0" * 40,
        together=Together(("web", "api"), atomic=True),
    )
    return replace(FAILED, patch=asked, state=state, report=replace(FAILED.report, offer=offer))


def test_it_has_the_offered_content_and_all_that_was_asked_beside() -> None:
    row = offering(Offer(DIFF, (TOOK,)))
    made = adjusted_of(row, Limits())
    assert not isinstance(made, Fault)
    assert made.changeset == Changeset((Diff(DIFF, (FileHeader("a", "a"),)),))
    assert made == replace(
        row.patch,
        changeset=made.changeset,
        adjusts=row.id,
        author=Author(row.actor.name, row.actor.email),
        depends_on=(),
        expects_tree=None,
        together=None,
    )


@pytest.mark.parametrize(
    "row",
    [
        offering(None),
        offering(Offer(b"", ())),
        offering(Offer(DIFF, ()), PatchState.LANDED),
        replace(FAILED, report=None),
    ],
)
def test_where_nothing_was_offered_there_is_nothing_to_take(row: StoredPatch) -> None:
    assert adjusted_of(row, Limits()) == fault(Reason.NOT_OFFERED, id=row.id)


def test_limits_that_were_lowered_since_hold_for_it_too() -> None:
    refused = adjusted_of(offering(Offer(DIFF, (TOOK,))), Limits(content=10))
    assert isinstance(refused, Fault)
    assert refused.reason is Reason.CONTENT_TOO_LARGE
