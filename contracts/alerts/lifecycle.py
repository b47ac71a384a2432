"""The life of a group of alerts: what a tick does to it, and what people do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.alerts.model import Alert, Group, GroupChange, GroupState, Placement, Severity, Silence
from contracts.alerts.rules import Rules
from contracts.alerts.settings import AlertSettings
from contracts.commands import Act
from contracts.faults import Fault


@dataclass(frozen=True, slots=True)
class View:
    """What a tick knows besides the group's own row, all read at one time.

    *firing* are the alerts that fire in it; None if `needs_members` said no. *silences* are those that have
    not ended, begun or not; *sources* all firing alerts that inhibit others. *unheard_since*: the oldest of
    what waits to be said of the group; None: people have heard everything.
    """

    firing: tuple[Alert, ...] | None
    silences: tuple[Silence, ...]
    sources: tuple[Alert, ...]
    unheard_since: datetime | None = None


def opened(placement: Placement, id_: str, severity: Severity, now: datetime) -> Group:
    """A new group, WAITING and due at once, at version 1; its facts (nothing fires yet) are the store's."""
    return Group(
        id=id_,
        key=placement.key,
        route=placement.route,
        labels=placement.labels,
        severity=severity,
        state=GroupState.WAITING,
        version=1,
        opened_at=now,
        firing=0,
        alerts=0,
        times=0,
        grew_at=now,
        due_at=now,
    )


def needs_members(
    group: Group, settings: AlertSettings, silences: Sequence[Silence], sources: Sequence[Alert]
) -> bool:
    """Whether a silence, a maintenance window or an inhibition could touch any alert of *group*.

    False: `advance` decides from the group's row alone, so that its alerts need not be read. *silences*,
    begun or not, and *sources* as in View.
    """
    raise NotImplementedError


def advance(group: Group, view: View, rules: Rules, now: datetime) -> GroupChange | None:
    """What a tick at *now* changes; None: nothing, not even when it is due next.

    `due_at` of what comes out is the next moment at which this can change something by itself. What others
    change makes groups due at once: facts their group; a silence that is written, and an inhibiting alert
    that begins or ends, all open groups.
    """
    raise NotImplementedError


def press(group: Group, act: Act, actor: str, rules: Rules, now: datetime) -> GroupChange | Fault:
    """What *act* of *actor* (`Actor.id`) changes, or why it cannot be done. A group that is over stays so."""
    raise NotImplementedError
