"""Everything that a dashboard shows, as one value; the same for the terminal and for the browser."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.ports import Counts, Engine
from contracts.records import LaneLine, PatchLine, StoredPatch
from contracts.settings import Settings
from contracts.states import PatchState

#: What is shown of each list; `Overview.counts` says how much there is.
MOST_QUEUED: Final = 20
MOST_RECENT: Final = 15


@dataclass(frozen=True, slots=True)
class Overview:
    """How everything stood at *at*. *running*: a desk worked on the store just then.

    *under_way* are the RUNNING patches with their steps.
    """

    at: datetime
    running: bool
    counts: Counts
    domains: tuple[LaneLine, ...]
    under_way: tuple[StoredPatch, ...]
    queue: tuple[PatchLine, ...]
    recent: tuple[PatchLine, ...]


async def look(engine: Engine, settings: Settings, *, running: bool, now: datetime) -> Overview:
    """Few reads, whatever waits: one for each kind of row, one for each patch under way."""
    ledger, names = engine.ledger, tuple(settings.domains)
    domains = await ledger.lanes(names)
    heads = [line.head for line in domains if line.head and line.head.state is PatchState.RUNNING]
    found = [await ledger.patch(head.id) for head in heads]
    return Overview(
        at=now,
        running=running,
        counts=await ledger.counts(),
        domains=domains,
        # Looked at a moment later, so it may be over meanwhile; then it is among the recent ones.
        under_way=tuple(patch for patch in found if patch and patch.state is PatchState.RUNNING),
        queue=await ledger.queue(names, limit=MOST_QUEUED),
        recent=await ledger.recent(names, limit=MOST_RECENT),
    )
