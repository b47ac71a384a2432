"""A change of a group while it is decided: what is written and said adds up in the order it is decided."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from contracts.alerts.announcing import told
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
from contracts.notices import NewDelivery
from contracts.states import after


@dataclass(slots=True)
class Draft:
    """*group* is the group as decided so far."""

    before: Group
    rules: Rules
    now: datetime
    group: Group = field(init=False)
    entries: list[Entry] = field(default_factory=list)
    directly: list[NewDelivery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.group = self.before

    def set(self, **changes: Any) -> None:
        self.group = replace(self.group, **changes)

    def move(self, event: GroupEvent, **changes: Any) -> None:
        """Raises KeyError where the table does not allow it."""
        self.set(state=after(GROUP_TRANSITIONS, self.group.state, event), **changes)

    def write(self, kind: EntryKind, actor: str | None = None, /, **facts: object) -> Entry:
        """A new entry of the log; facts that are None are left out."""
        number = self.group.entries + 1
        known = {name: as_fact(value) for name, value in facts.items() if value is not None}
        entry = Entry(number, self.now, kind, actor, known)
        self.entries.append(entry)
        self.set(entries=number)
        return entry

    @property
    def route(self) -> Route:
        return route_at(self.rules.alerts, self.group.route)

    def passed(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self.now

    def counts(self) -> dict[str, int]:
        """The facts of an entry that says how much of it there is."""
        return {"firing": self.group.firing, "times": self.group.times}

    def said(self) -> Spoken:
        return Spoken(self.now, self.group.firing, self.group.times)

    def end_climb(self) -> None:
        """The file has no step more; what was climbed is kept."""
        if self.group.climb is not None:
            self.set(climb=replace(self.group.climb, next_at=None))

    def change(self, due_at: Callable[[Group], datetime | None]) -> GroupChange | None:
        """All of it, with what is said; None if that is nothing."""
        written = self.written(due_at=None)
        after = replace(written.after, due_at=due_at(written.after))
        return None if after == self.before else replace(written, after=after)

    def written(self, *, due_at: datetime | None) -> GroupChange:
        if self.group.spoken is not None and _counts(self.group.shown) != _counts(self.said()):
            self.set(shown=self.said())
        said = told(self.before, self.group, self.entries, self.rules.home(self.group))
        deliveries = (*said, *self.directly)
        if deliveries:
            self.set(told_at=self.now)
        after = replace(self.group, due_at=due_at)
        return GroupChange(self.before.version, after, tuple(self.entries), deliveries)


def as_fact(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _counts(spoken: Spoken | None) -> tuple[int, int] | None:
    return (spoken.firing, spoken.times) if spoken else None
