"""From what was measured to how the desk is. A pure function of measurements, limits and the time."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from contracts.faults import Fault, Reason, fault
from contracts.health import GateHealth, Health, Level, Service, ServiceState, Status
from contracts.levels import Levels


class Measure(enum.StrEnum):
    """The names of the levels, and what is measured."""

    QUEUE_DEPTH = "queue-depth"  #: patches of the domain that wait
    HEAD_AGE = "head-age"  #: since when the head of its lane waits to be taken up
    SUMMARY_AGE = "summary-age"  #: since when the longest ended patch without a summary has ended
    QUARANTINED = "quarantined"  #: patches that were quarantined lately
    FAILURE_RATE = "failure-rate"  #: share of the last patches that failed or were quarantined
    SILENCE = "silence"  #: since a component gave a sign of life
    RESTARTS = "restarts"  #: of a component lately
    UNCONSUMED = "unconsumed"  #: for how long something has waited while nothing of its kind was taken up
    OUTBOX_AGE = "outbox-age"  #: of what waits longest to be said
    DISK_FREE = "disk-free"  #: share of the data folder's disk
    STORE_FINDINGS = "store-findings"  #: what the last check of the store found
    SOCKET_SILENCE = "socket-silence"  #: since Slack was last heard on a connection
    CLOCK_SKEW = "clock-skew"  #: between the desk's clock and Slack's, either way


#: Broken, these do not let the desk be called merely degraded.
_GRAVE = frozenset({Measure.SILENCE, Measure.STORE_FINDINGS})


# What is measured ------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class DomainNumbers:
    """One domain, as the store has it.

    *queued* patches wait, the head that nobody has taken up among them; *head_since*: since when that one
    waits. *summary_since*: when the longest ended patch ended whose summary is still to be said. *finished*
    and *failed* are of the last ones, *quarantined* of a window. *last* is another after another ending.
    """

    domain: str
    queued: int
    head_since: datetime | None
    summary_since: datetime | None
    quarantined: int
    finished: int
    failed: int
    last_taken_at: datetime | None
    last: int | None


@dataclass(frozen=True, slots=True)
class StoreNumbers:
    """*inbox_since* and *due_since*: since when what could be taken up waits longest, in inbox and outbox.

    *outbox_since*: the oldest of all that is still to be said, whatever it waits for.
    """

    domains: tuple[DomainNumbers, ...]
    running: int
    inbox_since: datetime | None
    due_since: datetime | None
    outbox_since: datetime | None


@dataclass(frozen=True, slots=True)
class ComponentNumbers:
    """*silent* since the last sign of life, of which *last_beat* is the time.

    *allowed*: the longest silence that is normal for it, if longer than that of the levels. *restarting*: it
    has ended by an error and waits to be started again.
    """

    name: str
    began: datetime
    silent: timedelta
    allowed: timedelta
    last_beat: datetime | None
    restarts: int
    restarts_lately: int
    restarting: bool
    last_error: str | None
    taken_at: datetime | None  #: when it last took something up
    busy: bool  #: something it took up is under way


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """*why* there is no number. *expected*: there is none to be had, which is no trouble."""

    why: Fault
    expected: bool


@dataclass(frozen=True, slots=True)
class Measurements:
    """Everything that one look at the desk gave. Shares are between 0 and 1."""

    store: StoreNumbers
    components: tuple[ComponentNumbers, ...]
    gates: tuple[GateHealth, ...]
    disk_free: float | Unmeasured
    findings: int | Unmeasured
    socket_silent: timedelta | Unmeasured
    clock_skew: timedelta | Unmeasured
    reachable: bool | None
    drift: float | Unmeasured


# What follows ----------------------------------------------------------------------------------
_Measured = float | Unmeasured


def judge(measured: Measurements, before: Health | None, levels: Levels, now: datetime) -> Health:
    """How the desk is. A level that was broken *before* and still is keeps its time and what was done."""
    known = {_identity(level): level for level in before.levels} if before else {}
    found = tuple(
        _lasting(level, known.get(_identity(level)), now) for level in _levels(measured, levels, now)
    )
    services = tuple(_service(component, levels) for component in measured.components)
    taken = [each.taken_at for each in measured.components]
    taken += [each.last_taken_at for each in measured.store.domains]
    taken.append(before.last_consumed_at if before else None)
    return Health(
        at=now,
        status=_status(measured, found, services),
        services=services,
        gates=measured.gates,
        levels=found,
        reachable=measured.reachable,
        last_consumed_at=max((moment for moment in taken if moment is not None), default=None),
        queue_depth=sum(each.queued for each in measured.store.domains),
        drift=None if isinstance(measured.drift, Unmeasured) else measured.drift,
        unmeasured=_missing(measured),
    )


def with_deeds(health: Health, deeds: Mapping[tuple[str, str | None], Fault]) -> Health:
    """*health* with what the desk just did about broken levels, by their name and component."""
    levels = tuple(
        replace(level, did=deeds.get((level.name, level.component), level.did))
        if level.broken_since is not None
        else level
        for level in health.levels
    )
    return replace(health, levels=levels)


def all_well(health: Health) -> bool:
    """Every check was made, and every one passed."""
    return health.status is Status.HEALTHY


def _identity(level: Level) -> tuple[str, str | None, str | None]:
    return level.name, level.domain, level.component


def _lasting(level: Level, before: Level | None, now: datetime) -> Level:
    if level.broken_since is None or before is None or before.broken_since is None:
        return level
    return replace(level, broken_since=min(before.broken_since, now), did=before.did)


def _levels(measured: Measurements, levels: Levels, now: datetime) -> Iterator[Level]:
    for domain in measured.store.domains:
        yield from _of_domain(domain, levels.of(domain.domain), now)
    yield from _unconsumed(measured.store, measured.components, levels, now)
    outbox = _age(measured.store.outbox_since, now)
    yield _most(Measure.OUTBOX_AGE, outbox, levels.outbox_age.total_seconds(), now)
    for component in measured.components:
        yield from _of_component(component, levels, now)
    free = measured.disk_free
    broken = now if isinstance(free, float) and free < levels.disk_free else None
    yield _level(Measure.DISK_FREE, free, levels.disk_free, broken, floor=True)
    yield _most(Measure.STORE_FINDINGS, measured.findings, 0, now)
    yield _most(
        Measure.SOCKET_SILENCE, _seconds(measured.socket_silent), levels.socket_silence.total_seconds(), now
    )
    skew = measured.clock_skew
    either_way = skew if isinstance(skew, Unmeasured) else abs(skew)
    yield _most(Measure.CLOCK_SKEW, _seconds(either_way), levels.clock_skew.total_seconds(), now)


def _of_domain(of: DomainNumbers, levels: Levels, now: datetime) -> Iterator[Level]:
    def most(measure: Measure, value: _Measured, limit: float) -> Level:
        return _most(measure, value, limit, now, domain=of.domain)

    yield most(Measure.QUEUE_DEPTH, of.queued, levels.queue_depth)
    yield most(Measure.HEAD_AGE, _age(of.head_since, now), levels.head_age.total_seconds())
    yield most(Measure.SUMMARY_AGE, _age(of.summary_since, now), levels.summary_age.total_seconds())
    yield most(Measure.QUARANTINED, of.quarantined, levels.quarantined)
    rate: _Measured
    if of.finished < (least := min(levels.failure_least, levels.failure_window)):
        rate = Unmeasured(fault(Reason.TOO_FEW_FINISHED, found=of.finished, least=least), expected=True)
    else:
        rate = of.failed / of.finished
    yield most(Measure.FAILURE_RATE, rate, levels.failure_rate)


def _of_component(of: ComponentNumbers, levels: Levels, now: datetime) -> Iterator[Level]:
    limit = max(levels.silence, of.allowed).total_seconds()
    yield _most(Measure.SILENCE, of.silent.total_seconds(), limit, now, component=of.name)
    yield _most(Measure.RESTARTS, of.restarts_lately, levels.restarts, now, component=of.name)


def _unconsumed(
    store: StoreNumbers, components: tuple[ComponentNumbers, ...], levels: Levels, now: datetime
) -> Iterator[Level]:
    """One level for each kind of work, where its component is known."""
    heads = [each.head_since for each in store.domains if each.head_since is not None]
    waits = {"inbox": store.inbox_since, "lanes": min(heads, default=None), "outbox": store.due_since}
    for component in components:
        if component.name in waits:
            since = waits[component.name]
            if since is not None:
                # What waited before the desk was there is no reproach to it.
                since = max(since, component.taken_at or component.began)
            limit = levels.unconsumed.total_seconds()
            yield _most(Measure.UNCONSUMED, _age(since, now), limit, now, component=component.name)


def _most(
    measure: Measure,
    value: _Measured,
    limit: float,
    now: datetime,
    *,
    domain: str | None = None,
    component: str | None = None,
) -> Level:
    broken = now if not isinstance(value, Unmeasured) and value > limit else None
    return _level(measure, value, limit, broken, domain=domain, component=component)


def _level(
    measure: Measure,
    value: _Measured,
    limit: float,
    broken: datetime | None,
    *,
    domain: str | None = None,
    component: str | None = None,
    floor: bool = False,
) -> Level:
    return Level(
        name=measure,
        domain=domain,
        measured=None if isinstance(value, Unmeasured) else float(value),
        limit=float(limit),
        broken_since=broken,
        why=value.why if isinstance(value, Unmeasured) else None,
        component=component,
        floor=floor,
    )


def _age(since: datetime | None, now: datetime) -> float:
    """Seconds; what does not wait has waited for none."""
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _seconds(span: timedelta | Unmeasured) -> _Measured:
    return span if isinstance(span, Unmeasured) else span.total_seconds()


def _service(of: ComponentNumbers, levels: Levels) -> Service:
    why: Fault | None = None
    limit = max(levels.silence, of.allowed)
    if of.silent > limit:
        state = ServiceState.DOWN
        measured = {"measured": _plain(of.silent), "limit": _plain(limit)}
        why = Fault(Reason.COMPONENT_SILENT, {"component": of.name, **measured, "did": ""})
    elif of.restarting:
        state = ServiceState.RESTARTING
    else:
        state = ServiceState.UP
    if of.last_error is not None and state is not ServiceState.UP:
        why = fault(Reason.COMPONENT_FAILED, component=of.name, detail=of.last_error)
    return Service(of.name, state, of.last_beat, of.restarts, why)


def _plain(span: timedelta) -> str:
    return f"{span.total_seconds():.0f}"


def _status(measured: Measurements, levels: tuple[Level, ...], services: tuple[Service, ...]) -> Status:
    """Never HEALTHY while something waits and nothing is taken up, nor where a check could not be made."""
    idle = {each.name for each in measured.components if not each.busy}
    broken = [level for level in levels if level.broken_since is not None]
    starving = any(level.name == Measure.UNCONSUMED and level.component in idle for level in broken)
    down = any(service.state is ServiceState.DOWN for service in services)
    if down or starving or any(level.name in _GRAVE for level in broken):
        return Status.FAILING
    unknown = any(not each.expected for each in _unmeasured(measured).values())
    restarting = any(service.state is ServiceState.RESTARTING for service in services)
    if broken or unknown or restarting or measured.reachable is False:
        return Status.DEGRADED
    return Status.HEALTHY


def _unmeasured(measured: Measurements) -> dict[str, Unmeasured]:
    found = {
        Measure.DISK_FREE: measured.disk_free,
        Measure.STORE_FINDINGS: measured.findings,
        Measure.SOCKET_SILENCE: measured.socket_silent,
        Measure.CLOCK_SKEW: measured.clock_skew,
        "drift": measured.drift,
    }
    return {str(name): value for name, value in found.items() if isinstance(value, Unmeasured)}


def _missing(measured: Measurements) -> dict[str, Fault]:
    return {name: value.why for name, value in _unmeasured(measured).items()}
