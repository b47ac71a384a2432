"""What a block says about its turn: how soon, after which others, through a freeze, all of it at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.control import Priority
from contracts.faults import Reason, nearest
from contracts.formats.document import Entry, Items, Node, Plain, Scalar, Text
from contracts.formats.findings import Findings
from contracts.formats.spellings import PRIORITIES, TURN, Field

#: Other patches that one may depend on.
MOST_NEEDED: Final = 20
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Turn:
    """*depends_on* as it was named. *unread*: what only describes after all."""

    priority: Priority
    depends_on: tuple[str, ...]
    hotfix: bool
    atomic: bool
    unread: tuple[Entry, ...] = ()


def read_turn(frames: Sequence[Mapping[Field, Entry]], findings: Findings) -> Turn:
    """From the fields of a block and of the blocks around it: each of them may be in one of these."""
    given = {field: _only(field, frames, findings) for field in TURN}
    priority, depends_on, hotfix, atomic = (given[field] for field in TURN)
    known = _priority(priority, findings) if priority else None
    return Turn(
        known or Priority.NORMAL,
        _names(depends_on, findings) if depends_on else (),
        _yes(hotfix, findings) if hotfix else False,
        _yes(atomic, findings) if atomic else False,
        (priority,) if priority and known is None else (),
    )


def _only(field: Field, frames: Sequence[Mapping[Field, Entry]], findings: Findings) -> Entry | None:
    entries = [frame[field] for frame in frames if field in frame and not _is_nothing(frame[field].value)]
    for other in entries[1:]:
        findings.blame(Reason.CONFLICTING_FIELDS, other.at, first=entries[0].key, second=other.key)
    return entries[0] if entries else None


def _is_nothing(node: Node) -> bool:
    """`null` is how agents leave a field out."""
    return isinstance(node, Scalar) and node.what is Plain.NOTHING


def _priority(entry: Entry, findings: Findings) -> Priority | None:
    """None: a word of the sender's own, which only describes; but a slip of the pen is none."""
    if not isinstance(entry.value, Text):
        return None
    said = entry.value.value.strip()
    if (known := PRIORITIES.get(said.casefold())) is None and (meant := nearest(said[:_SHOWN], PRIORITIES)):
        words = ", ".join(Priority)
        findings.blame(Reason.BAD_PRIORITY, entry.value.at, said=said[:_SHOWN], known=words, suggestion=meant)
    return known


def _names(entry: Entry, findings: Findings) -> tuple[str, ...]:
    """One name, or a list of them."""
    nodes: Sequence[Node] = entry.value.items if isinstance(entry.value, Items) else (entry.value,)
    if len(nodes) > MOST_NEEDED:
        findings.wrong(entry.key, entry.value, f"at most {MOST_NEEDED} names of patches")
        return ()
    named = [findings.name(entry.key, node) for node in nodes]
    return tuple(dict.fromkeys(name.strip() for name in named if name and name.strip()))


def _yes(entry: Entry, findings: Findings) -> bool:
    match entry.value:
        case Scalar(what=Plain.TRUTH, source=source):
            return source.casefold() == "true"
        case Text(value="true" | "false" as value):
            return value == "true"
        case _:
            findings.wrong(entry.key, entry.value, "true or false")
            return False
