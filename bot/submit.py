"""The one door: an inbox row becomes an actor and a command, a decision, and one transaction.

`plan` decides and touches nothing; `Submitter.turn` reads the row and writes the decision once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import groupby
from typing import Final, Protocol, assert_never

from bot.admitting import admitted, kept_whole, refusals
from bot.approving import Approver
from bot.planning import Planner
from bot.steering import Helm
from bot.tallies import Counted, Tallies
from bot.tending import Tender, refusal
from contracts import policy
from contracts.alerts.rules import Rules
from contracts.alerts.settings import AlertSettings
from contracts.commands import (
    Act,
    Actor,
    ActorKind,
    Command,
    EditBatch,
    Help,
    Ignore,
    ListAlerts,
    ListRisks,
    ListSilences,
    Place,
    Question,
    Queue,
    Roadmap,
    Show,
    ShowReport,
    Source,
    Status,
    Submit,
    Tending,
    WhoIsOnCall,
    Why,
)
from contracts.faults import Fault, Reason, Rejection, fault
from contracts.formats.context import Context
from contracts.formats.reading import read
from contracts.notices import (
    Answer,
    Deny,
    Misunderstood,
    NewDelivery,
    Notice,
    Twin,
    home_of,
    on_accepted,
)
from contracts.patch import Patch, content_hash
from contracts.ports import (
    AuditEntry,
    Engine,
    MovedOnError,
    NewPatch,
    NewSet,
    PatchIdTakenError,
    Settled,
    Settlement,
)
from contracts.records import InboxRow
from contracts.ruling import Ruling
from contracts.settings import Settings
from contracts.states import Backoff
from contracts.steering import Steering

LEASE: Final = timedelta(seconds=60)
#: Well within the lease: who holds a row has stopped reading it before another may begin.
READING_WITHIN: Final = timedelta(seconds=45)
#: Decisions in a row about rows that others change meanwhile, before it is left for a moment.
AT_ONCE: Final = 10
#: Somebody is waiting for an answer: about a minute of tries, then they are told.
PATIENCE: Final = Backoff(first=timedelta(seconds=1), most=timedelta(seconds=30), attempts=7)


# What a source brings --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Asked:
    """A row, read. *command* is a Fault where somebody spoke to the desk in words that are no command."""

    actor: Actor
    place: Place
    command: Command | Fault
    zone: tzinfo = UTC  #: in which times of day are meant


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that may pass kept the row from being read; *fault* is what to say if it stays."""

    fault: Fault


class Reader(Protocol):
    """Reads back what one source recorded, and fetches what belongs to it."""

    def place(self, payload: bytes) -> Place:
        """Where the row came from; needs nothing but the payload."""

    async def __call__(self, payload: bytes) -> Asked | Trouble: ...


# Deciding --------------------------------------------------------------------------------------
def plan(row: InboxRow, asked: Asked, settings: Settings, new_patch_id: Callable[[], str]) -> Settlement:
    """All that follows from *row*. Pure but for the ids that it draws."""
    actor, place = asked.actor, asked.place
    nothing = Settlement(row.id, row.attempt, place)
    if not policy.hears(settings, actor, place):
        return nothing
    match asked.command:
        case Ignore():
            return nothing
        case Fault() as unknown if row.source is Source.ACTION:
            return refusal(nothing, actor, unknown)
        case Fault() as unknown:
            return _telling(nothing, Misunderstood(actor.id, unknown))
        case (
            Help()
            | Status()
            | Queue()
            | Show()
            | Why()
            | ShowReport()
            | ListAlerts()
            | ListSilences()
            | WhoIsOnCall()
            | Roadmap()
            | ListRisks()
        ) as question:
            return _telling(nothing, _answer(question, actor))
        case Submit() as submit:
            return _submission(row, asked, submit, settings, new_patch_id)
        case _:
            raise LookupError(f"{asked.command.kind} is decided by a Tender, a Helm or a Planner")


def _answer(question: Question, actor: Actor) -> Answer:
    return Answer(question, actor.id)


def _submission(
    row: InboxRow, asked: Asked, submit: Submit, settings: Settings, new_patch_id: Callable[[], str]
) -> Settlement:
    actor, place = asked.actor, asked.place
    context = Context.of(settings, place)
    accepted: list[NewPatch] = []
    sets: list[NewSet] = []
    rejected = [_unread(number, why) for number, why in enumerate(submit.unread, len(submit.parts) + 1)]
    denied: list[Fault] = []
    for _, block in groupby(read(submit, context), key=lambda result: result.block):
        results = list(block)
        rejected += [each for each in results if isinstance(each, Rejection)]
        found = _allowed([each for each in results if isinstance(each, Patch)], asked, settings)
        denied += found.denied
        rejected += found.rejected
        wanted = [replace(patch, expects_tree=submit.expects) for patch in found.patches]
        set_id = new_patch_id() if wanted and wanted[0].together else None
        if set_id is not None:
            sets.append(NewSet(set_id, *home_of(place, row.source, wanted[0].domain, settings)))
        accepted += [_entering(row, asked, each, settings, new_patch_id(), of_set=set_id) for each in wanted]
    return Settlement(
        row.id,
        row.attempt,
        place,
        patches=tuple(accepted),
        sets=tuple(sets),
        rejected=len(rejected),
        told=(*refusals(row.id, place, rejected), *_denials(actor, place, denied)),
        audit=tuple(_entry(actor, "denied", why) for why in denied),
        edited=submit.edited,
    )


@dataclass(frozen=True, slots=True)
class _Allowed:
    """Of the patches of one block those that *actor* may submit, and why not the others."""

    patches: tuple[Patch, ...]
    denied: tuple[Fault, ...]
    rejected: tuple[Rejection, ...] = ()


def _allowed(block: Sequence[Patch], asked: Asked, settings: Settings) -> _Allowed:
    """Of an atomic set all or none."""
    patches: list[Patch] = []
    denied: list[Fault] = []
    for patch in block:
        match policy.may_submit(settings, asked.actor, patch.domain, asked.place):
            case policy.Allowed():
                patches.append(patch)
            case policy.Denied(why):
                denied.append(why)
            case decision:
                assert_never(decision)
    if patches and denied and patches[0].together and patches[0].together.atomic:
        out = [patch.domain for patch in block if patch not in patches]
        return _Allowed((), tuple(denied), (Rejection(block[0].block, (kept_whole(out),)),))
    return _Allowed(tuple(patches), tuple(denied))


def _unread(block: int, why: Fault) -> Rejection:
    """An attachment that could not be had: it may have been a patch, so nobody should wait for it."""
    return Rejection(block, (why,), why.args.get("name") or why.file)


def _entering(
    row: InboxRow, asked: Asked, patch: Patch, settings: Settings, patch_id: str, *, of_set: str | None
) -> NewPatch:
    home = home_of(asked.place, row.source, patch.domain, settings)
    channel, thread = home
    twin = Twin("", patch.block, of_set=of_set is not None)
    return NewPatch(
        patch_id,
        patch,
        content_hash(patch),
        asked.actor,
        row.source,
        asked.place,
        told=on_accepted(patch_id, row.id, asked.place, home),
        twin_to=NewDelivery(twin, channel, thread) if channel else None,
        set_id=of_set,
    )


# Saying ----------------------------------------------------------------------------------------
def _telling(settlement: Settlement, notice: Notice) -> Settlement:
    place = settlement.place
    return Settlement(
        settlement.inbox_id,
        settlement.attempt,
        place,
        told=(NewDelivery(notice, place.channel, place.thread),),
    )


def _denials(actor: Actor, place: Place, denied: Sequence[Fault]) -> tuple[NewDelivery, ...]:
    """A person is told once per reason, privately. A bot cannot be: the audit has to do."""
    if actor.kind is not ActorKind.PERSON:
        return ()
    once = {(why.reason, *sorted(why.args.items())): why for why in denied}
    return tuple(NewDelivery(Deny(actor.id, why), place.channel, place.thread) for why in once.values())


def _entry(actor: Actor, action: str, why: Fault) -> AuditEntry:
    facts = " ".join(f"{name}={value}" for name, value in why.args.items())
    return AuditEntry(actor.id, action, f"{why.reason} {facts}".strip())


def unreadable(row: InboxRow, place: Place, why: Fault) -> Settlement:
    """The end of a row that could not be read, however often it was tried."""
    pressed = row.source is Source.ACTION
    unheard = NewDelivery(Misunderstood("", why), place.channel, place.thread)
    return Settlement(
        row.id,
        row.attempt,
        place,
        rejected=0 if pressed else 1,
        told=(unheard,) if pressed else refusals(row.id, place, [Rejection(1, (why,))]),
        audit=(AuditEntry("desk", "unreadable", f"inbox row {row.id}: {why.reason}"),),
    )


# Doing -----------------------------------------------------------------------------------------
class Submitter:
    """Settles inbox rows, one per turn. *jitter* gives numbers in [0, 1).

    *reached* is called with `inbox-claimed` and `settled` when these have happened.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        readers: Mapping[Source, Reader],
        *,
        clock: Callable[[], datetime],
        new_patch_id: Callable[[], str],
        jitter: Callable[[], float],
        reached: Callable[[str], None] = lambda _: None,
        alerts: AlertSettings | None = None,
        tallies: Tallies | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        rules = Rules(alerts or AlertSettings(), settings)
        self._tender = Tender(engine.alerts, rules, clock=clock, new_id=new_patch_id)
        self._approver = Approver(engine.ledger, settings)
        self._planner = Planner(engine.plan, settings)
        self._helm = Helm(engine.ledger, settings, clock=clock, new_patch_id=new_patch_id)
        self._readers = readers
        self._clock = clock
        self._new_patch_id = new_patch_id
        self._jitter = jitter
        self._reached = reached
        self._tallies = tallies or Tallies()

    async def turn(self) -> bool:
        row = await self._engine.inbox.claim(now=self._clock(), lease=LEASE)
        if row is None:
            return False
        self._reached("inbox-claimed")
        for _ in range(AT_ONCE):
            settlement = await self._decided(row)
            if settlement is None or await self._settled(settlement):
                return True
        # Others write these rows all the time: let them.
        place = self._readers[row.source].place(row.payload)
        ended = await self._again(row, place, fault(Reason.ROWS_MOVE_ON))
        if ended is not None:
            await self._settled(ended)
        return True

    async def _settled(self, settlement: Settlement) -> bool:
        """False: it is to be decided again, with other ids or about the rows as they are now."""
        try:
            settled = await self._engine.inbox.settle(settlement, now=self._clock())
        except (PatchIdTakenError, MovedOnError):
            return False
        self._count(settlement, settled)
        self._reached("settled")
        return True

    def _count(self, settlement: Settlement, settled: Settled | None) -> None:
        """What came of the blocks that were found; nothing if somebody else settled the row."""
        if settled is None:
            return
        blocks = {
            "accepted": len(settled.accepted),
            "repeated": len(settled.twins),
            "rejected": settlement.rejected,
        }
        for became, many in blocks.items():
            self._tallies.count(Counted.BLOCKS, became, many=many)

    async def _decided(self, row: InboxRow) -> Settlement | None:
        """None: the row could not be read yet, and comes again."""
        reader = self._readers[row.source]
        if row.attempt > PATIENCE.attempts:
            # Every try so far ended in a crash, or this one would be told already.
            why = fault(Reason.DESK_CRASHED, attempts=row.attempt - 1)
            return unreadable(row, reader.place(row.payload), why)
        match await _within_lease(reader(row.payload)):
            case Asked(actor, place, command) as asked:
                if isinstance(command, Act | Tending) and policy.hears(self._settings, actor, place):
                    return await self._tender.decide(row, actor, place, command, asked.zone)
                if isinstance(command, Steering) and policy.hears(self._settings, actor, place):
                    return await self._helm.decide(row, actor, place, command, asked.zone)
                if isinstance(command, Ruling) and policy.hears(self._settings, actor, place):
                    return await self._approver.decide(row, actor, place, command)
                if isinstance(command, EditBatch):
                    return await self._planner.decide(row, actor, place, command)
                settlement = plan(row, asked, self._settings, self._new_patch_id)
                settlement = await admitted(settlement, self._engine.ledger)
                return await self._planner.advised(settlement, actor)
            case Trouble(why):
                return await self._again(row, reader.place(row.payload), why)

    async def _again(self, row: InboxRow, place: Place, why: Fault) -> Settlement | None:
        now = self._clock()
        at = PATIENCE.again_at(row.attempt, now=now, jitter=self._jitter())
        if at is None:
            return unreadable(row, place, why)
        await self._engine.inbox.postpone(row.id, row.attempt, until=at)
        return None


async def _within_lease(reading: Awaitable[Asked | Trouble]) -> Asked | Trouble:
    try:
        async with asyncio.timeout(READING_WITHIN.total_seconds()):
            return await reading
    except TimeoutError:
        return Trouble(fault(Reason.SENDER_UNREAD, detail=f"no answer within {READING_WITHIN}"))
