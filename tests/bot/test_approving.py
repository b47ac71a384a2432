"""Who asked for a patch approves neither it nor what it is again, whoever brought that in."""

from dataclasses import dataclass, replace
from typing import cast

import pytest

from bot.approving import ruled_on
from contracts.commands import Actor, ActorKind, Place
from contracts.control import Proposal
from contracts.faults import Fault, Reason
from contracts.ports import Ledger
from contracts.records import StoredPatch
from contracts.ruling import Approve
from contracts.settings import DomainSettings, Settings
from contracts.states import PatchState
from tests.delivery.rows import CHANNEL, LANDED

SETTINGS = Settings(domains={LANDED.patch.domain: DomainSettings(channels=(CHANNEL,))})
ADA, BEN, CLEO = (Actor(ActorKind.PERSON, f"U0{name.upper()}", name, "") for name in ("Ada", "Ben", "Cleo"))
FIRST = replace(LANDED, id="p-1", state=PatchState.FAILED, actor=ADA)
TAKEN = replace(FIRST, id="p-2", actor=BEN, patch=replace(FIRST.patch, adjusts="p-1"))
AGAIN = replace(
    TAKEN,
    id="p-3",
    patch=replace(FIRST.patch, replays="p-2"),
    state=PatchState.PROPOSED,
    proposal=Proposal("b" * 64, ()),
)


@dataclass(frozen=True)
class Rows:
    rows: tuple[StoredPatch, ...]

    async def patch(self, id_: str) -> StoredPatch | None:
        return next((row for row in self.rows if row.id == id_), None)


@pytest.mark.parametrize(
    ("actor", "reason"), [(ADA, Reason.OWN_PATCH), (BEN, Reason.OWN_PATCH), (CLEO, None)]
)
async def test_nobody_approves_their_own_content_that_somebody_else_brought_in_again(
    actor: Actor, reason: Reason | None
) -> None:
    ledger = cast(Ledger, Rows((FIRST, TAKEN, AGAIN)))
    ruled = await ruled_on(Approve("p-3"), actor, Place(CHANNEL), ledger, SETTINGS)
    assert (ruled.reason if isinstance(ruled, Fault) else None) is reason
