"""A change of a group while it is decided: what is written and said adds up in the order it is decided."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from contracts.alerts.announcing import looks, told
from contracts.alerts.escalation import webhooks_called
from contracts.alerts.model import (
    GROUP_TRANSITIONS,
    Entry,
    EntryKind,
    Group,
    GroupChange,
    GroupEvent,
    Spoken,
)
from contracts.alerts.routing import route_at
from contracts.alerts.rules import Rules
from contracts.alerts.settings import Route
from contracts.notices import CallWebhook, NewDelivery
from contracts.states import after

#: What becomes of a group, for those who were told of it elsewhere.
_TURNS: Final = frozenset(
    {
        EntryKind.ACKNOWLEDGED,
        EntryKind.SNOOZED,
        EntryKind.LET_GO,
        EntryKind.WOKE,
        EntryKind.RESOLVED,
    }
)


@dataclass(slots=True)
class Draft:
    """*group* is the group as decided so far."""

    before: Group
    rules: Rules
    now: datetime
    group: Group = field(init=False)
    route: Route = field(init=False)
    entries: list[Entry] = field(default_factory=list)
    unsaid: set[int] = field(default_factory=set)
    directly: list[NewDelivery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.group = self.before
        self.route = route_at(self.rules.alerts, self.before.route)

    def set(self, **changes: Any) -> None:
        # A tick looks at a thousand groups, and to make a row anew costs more than most of what is decided.
        if any(getattr(self.group, name) != value for name, value in changes.items()):
            self.group = replace(self.group, **changes)

    def move(self, event: GroupEvent, **changes: Any) -> None:
        """Raises KeyError where the table does not allow it."""
        self.set(state=after(GROUP_TRANSITIONS, self.group.state, event), **changes)

    def write(self, kind: EntryKind, actor: str | None = None, /, **facts: object) -> Entry:
        """A new entry of the log; facts that are None are left out."""
        number = self.before.entries + len(self.entries) + 1
        known = {name: as_fact(value) for name, value in facts.items() if value is not None}
        entry = Entry(number, self.now, kind, actor, known)
        self.entries.append(entry)
        if kind in _TURNS:
            self._tell_webhooks(entry)
        return entry

    def note(self, kind: EntryKind, **facts: object) -> None:
        """As `write`, for the log and the card only: no reply says so."""
        self.unsaid.add(self.write(kind, **facts).number)

    def _tell_webhooks(self, entry: Entry) -> None:
        """Whom a webhook has called must hear when somebody sees to it, and when it is over."""
        climb = self.group.climb
        names = webhooks_called(climb, self.rules.alerts.ladders.get(climb.chain, ())) if climb else ()
        self.directly += [NewDelivery(CallWebhook(self.group.id, entry.number, name), None) for name in names]

    def passed(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self.now

    def counts(self) -> dict[str, int]:
        """The facts of an entry that says how much of it there is."""
        return {"firing": self.group.firing, "times": self.group.times}

    def said(self) -> Spoken:
        return Spoken(self.now, self.group.firing, self.group.times)

    def finish(self, due_at: Callable[[Group, datetime | None], datetime | None]) -> GroupChange:
        """All of it, with what is said; if that is nothing, its group is *before*.

        *due_at* is asked with the group and when anything was last said of it.
        """
        group, shown = self.group, self.group.shown
        if group.spoken is not None and _counts(shown) != (group.firing, group.times):
            shown = self.said()
        looks_new = shown is not group.shown or looks(self.before) != looks(group)
        replies = [entry for entry in self.entries if entry.number not in self.unsaid]
        said = told(self.before, group, replies, self.rules.home(group), looks_new=looks_new)
        deliveries = (*said, *self.directly)
        told_at = self.now if deliveries else group.told_at
        entries = self.before.entries + len(self.entries)
        self.set(shown=shown, told_at=told_at, entries=entries, due_at=due_at(group, told_at))
        return GroupChange(self.before.version, self.group, tuple(self.entries), deliveries)


def as_fact(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _counts(spoken: Spoken | None) -> tuple[int, int] | None:
    return (spoken.firing, spoken.times) if spoken else None
