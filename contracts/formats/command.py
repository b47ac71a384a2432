"""A command_patch block, in the shapes that people and agents write it, to Patches.

What says what is to be done is read strictly; what describes is kept. A block can lie in another one's
`patch` (a request around a patch): then both are read, and the inner one says what is to be done.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from contracts.commands import Submit
from contracts.faults import Fault, Reason, nearest
from contracts.formats.context import Context
from contracts.formats.describe import Description, describe, one_line
from contracts.formats.diff import HEADER, normalise, read_diff
from contracts.formats.document import Entry, Fields, Items, Mark, Node, Text
from contracts.formats.findings import Findings
from contracts.formats.mutation import Given, Surroundings, build, does_something, read_mutation, with_path
from contracts.formats.spellings import (
    BLOCK_BY_SPELLING,
    BY_SPELLING,
    COMMANDS,
    DOING,
    LABELS,
    NEARLY,
    NO_SLIPS,
    ROLE,
    SHELL,
    TITLES,
    TURN_BY_SPELLING,
    Field,
)
from contracts.formats.target import resolve
from contracts.formats.turn import read_turn
from contracts.patch import (
    Changeset,
    Delete,
    Diff,
    Mutation,
    Patch,
    Together,
    Write,
    build_changeset,
    paths_of,
)

_FORMS: Final = (Field.MUTATIONS, Field.PATCH, Field.DIFF)
_THE_BLOCK: Final = "the block"
#: How alike a field must be to one with a meaning to be taken for a slip of the pen.
_NEARLY_EQUAL: Final = 0.8
_COMPARED: Final = 100
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class _Frame:
    """One mapping of nested blocks: *given* is what says what to do, *own* the fields of a mutation.

    *rest* describes.
    """

    fields: Fields
    given: dict[Field, Entry]
    own: dict[Field, Entry]
    rest: tuple[Entry, ...]

    @property
    def forms(self) -> list[Entry]:
        """The fields that list what is to be done, in the order of the text."""
        return [entry for field, entry in self.given.items() if field in _FORMS]


def is_shaped_like_a_patch(root: Fields) -> bool:
    """True if a field of *root* has a meaning for the desk, be there a role or not."""
    return any(entry.key in BLOCK_BY_SPELLING or entry.key in BY_SPELLING for entry in root.entries)


def read_command(
    root: Fields, block: int, submit: Submit, context: Context, findings: Findings
) -> tuple[Patch, ...]:
    """One Patch for each domain that *root* is for; none if anything is among *findings*."""
    frames = _frames(root, findings)
    inner = frames[0]
    for frame in frames:
        _blame_slips(frame, findings)
        _blame_rivals(frame, findings)
    path = next((path for frame in frames if (path := _path(frame, findings))), None)
    targets = [frame.given[Field.TARGET] for frame in frames if _is_domain(frame.given.get(Field.TARGET))]
    domains = resolve(targets, submit.domain, root.at, context, findings)
    changesets: dict[str, Changeset] = {}
    for domain in domains or (None,):
        around = Surroundings(_prefixes(domain, context), context.limits, path, domain in context.recounting)
        mutations = _mutations(inner, around, findings)
        built = build_changeset(mutations, context.limits) if mutations and not findings else None
        if isinstance(built, Fault):
            findings.add(replace(built, line=inner.fields.at.line, column=inner.fields.at.column))
        elif built is not None and domain is not None:
            changesets[domain] = built
    turn = read_turn([frame.given for frame in frames], findings)
    if findings:
        return ()
    description = describe([*(_descriptive(frame) for frame in frames), turn.unread])
    together = Together(tuple(changesets), turn.atomic) if len(changesets) > 1 else None
    return tuple(
        replace(
            _patch(domain, each, description, submit, block),
            priority=turn.priority,
            depends_on=turn.depends_on,
            hotfix=turn.hotfix,
            together=together,
        )
        for domain, each in changesets.items()
    )


def _patch(domain: str, changeset: Changeset, said: Description, submit: Submit, block: int) -> Patch:
    title, body = said.title or said.label or _paths(changeset), said.body
    if submit.title:
        body = "\n\n".join(text for text in (said.title, said.body) if text)
        title = submit.title
    line = one_line(title)
    return Patch(
        domain, changeset, line, body, said.label, said.details, said.commands, block, batch=said.batch
    )


def _paths(changeset: Changeset) -> str:
    return ", ".join(dict.fromkeys(path for each in changeset.mutations for path in paths_of(each)))


def _prefixes(domain: str | None, context: Context) -> tuple[str, ...]:
    """Of *domain*; where it is not known yet, of all: a path may be right for one of them."""
    if domain is not None:
        return context.prefixes.get(domain, ())
    return tuple(prefix for prefixes in context.prefixes.values() for prefix in prefixes)


# The block and the blocks around it ------------------------------------------------------------
def _frames(root: Fields, findings: Findings) -> list[_Frame]:
    """The nested blocks of *root*, the innermost first."""
    frames: list[_Frame] = []
    node: Fields | None = root
    while node is not None:
        frame = _frame(node, findings)
        frames.insert(0, frame)
        node = _nested(frame)
    return frames


def _frame(fields: Fields, findings: Findings) -> _Frame:
    given: dict[Field, Entry] = {}
    own: dict[Field, Entry] = {}
    rest: list[Entry] = []
    lists = any(BLOCK_BY_SPELLING.get(entry.key) in _FORMS for entry in fields.entries)
    for entry in fields.entries:
        field = BLOCK_BY_SPELLING.get(entry.key) or TURN_BY_SPELLING.get(entry.key)
        known = own if field is None else given
        field = field or BY_SPELLING.get(entry.key)
        if field is None or field is Field.REMARK:
            rest.append(entry)
        elif (first := known.setdefault(field, entry)) is not entry:
            if known is own and lists and field is not Field.PATH:
                rest.append(entry)  # beside a list of mutations `type` and `action` only describe
            else:
                findings.blame(Reason.CONFLICTING_FIELDS, entry.at, first=first.key, second=entry.key)
    return _Frame(fields, given, own, tuple(rest))


def _nested(frame: _Frame) -> Fields | None:
    """The block in `patch`, if it is one: a mutation has no list of its own."""
    entry = frame.given.get(Field.PATCH)
    if entry is None or not isinstance(entry.value, Fields):
        return None
    inside = {BLOCK_BY_SPELLING.get(each.key) for each in entry.value.entries}
    return entry.value if inside.intersection(_FORMS) else None


def _descriptive(frame: _Frame) -> tuple[Entry, ...]:
    """What of *frame* is to be kept and shown; the mutation's fields too where they are not read as one."""
    role = frame.given.get(Field.ROLE)
    kept = () if role is None or _is_role(role) else (role,)
    unread = tuple(frame.own.values()) if frame.forms else ()
    return (*frame.rest, *kept, *unread)


def _is_role(entry: Entry) -> bool:
    return isinstance(entry.value, Text) and entry.value.value == ROLE


def _is_domain(entry: Entry | None) -> bool:
    return entry is not None and not _is_path(entry)


def _is_path(entry: Entry) -> bool:
    """A `target` with a slash is a file: no domain has one in its name."""
    return entry.key == "target" and isinstance(entry.value, Text) and "/" in entry.value.value


def _path(frame: _Frame, findings: Findings) -> Entry | None:
    """The file that the block names for all of its mutations."""
    path, target = frame.own.get(Field.PATH), frame.given.get(Field.TARGET)
    if path is not None and not isinstance(path.value, Text):
        path = None
    if target is None or not _is_path(target):
        return path
    if path is not None:
        findings.blame(Reason.CONFLICTING_FIELDS, target.at, first=path.key, second=target.key)
    return target


def _blame_slips(frame: _Frame, findings: Findings) -> None:
    """Unknown fields that are nearly one with a meaning: left out, they would change it."""
    for entry in frame.rest[:_COMPARED]:
        if entry.key in {*LABELS, *TITLES, *COMMANDS, *NO_SLIPS}:
            continue
        meant = nearest(entry.key[:_SHOWN], NEARLY, cutoff=_NEARLY_EQUAL)
        if not meant or meant[0] != entry.key[0].casefold():
            continue
        field = BLOCK_BY_SPELLING.get(meant) or TURN_BY_SPELLING.get(meant, Field.PATH)
        # Where the changes are listed already, `patched: true` describes; `mutation: [...]` does not.
        listed = field in _FORMS and frame.forms and not isinstance(entry.value, Fields | Items)
        if field not in frame.given and field not in frame.own and not listed:
            findings.blame(
                Reason.UNKNOWN_FIELD,
                entry.at,
                field=entry.key[:_SHOWN],
                where=_THE_BLOCK,
                suggestion=meant,
            )


def _blame_rivals(frame: _Frame, findings: Findings) -> None:
    """More than one way of saying what is to be done: all but one would be left out."""
    if forms := frame.forms:
        for rival in (*forms[1:], *(frame.own[field] for field in DOING if field in frame.own)):
            findings.blame(Reason.CONFLICTING_FIELDS, rival.at, first=forms[0].key, second=rival.key)


# What is to be done ----------------------------------------------------------------------------
def _mutations(frame: _Frame, around: Surroundings, findings: Findings) -> tuple[Mutation, ...]:
    if frame.forms:
        return tuple(_listed(frame.forms[0], around, findings))
    if does_something(with_path(frame.own, around)):
        made = build(Given(frame.own, frame.rest, frame.fields.at, _THE_BLOCK), around, findings)
        return (made,) if made is not None else ()
    _blame_nothing(frame, findings)
    return ()


def _blame_nothing(frame: _Frame, findings: Findings) -> None:
    role, at = frame.given.get(Field.ROLE), frame.fields.at
    if role is None and not is_shaped_like_a_patch(frame.fields):
        findings.blame(Reason.MISSING_FIELD, at, field=Field.ROLE.value, where=_THE_BLOCK)
    elif role is not None and isinstance(role.value, Text) and not _is_role(role):
        said = role.value.value[:_SHOWN]
        findings.blame(Reason.WRONG_ROLE, role.value.at, role=said, suggestion=nearest(said, (ROLE,)))
    findings.blame(Reason.NO_MUTATIONS, at)


def _listed(form: Entry, around: Surroundings, findings: Findings) -> Iterator[Mutation]:
    """The mutations in the field *form*: a list of them, one, or the text of a diff."""
    value = form.value
    if isinstance(value, Text) and form.key in {"patch", "diff"}:
        yield from _textual(form, value, around, findings)
    elif form.key == "diff":
        findings.wrong(form.key, value, "the text of a diff")
    elif isinstance(value, Items):
        yield from _items(value.items, form.at, around, findings)
    elif isinstance(value, Fields) and any(entry.key in SHELL for entry in value.entries):
        findings.blame(Reason.SHELL_AS_PATCH, value.at)
    elif isinstance(value, Fields) and form.key == "patch":
        if (made := read_mutation(value, "`patch`", around, findings)) is not None:
            yield made
    else:
        findings.wrong(form.key, value, "a list of mutations")


def _items(items: Sequence[Node], at: Mark, around: Surroundings, findings: Findings) -> Iterator[Mutation]:
    if not items:
        findings.blame(Reason.NO_MUTATIONS, at)
    whole: set[str] = set()
    for number, item in enumerate(items, 1):
        made = read_mutation(item, f"mutation {number}", around, findings)
        if made is None:
            continue
        if isinstance(made, Write | Delete):
            if made.path in whole:
                findings.blame(Reason.PATH_TWICE, item.at, path=made.path)
            whole.add(made.path)
        yield made


def _textual(form: Entry, value: Text, around: Surroundings, findings: Findings) -> Iterator[Diff]:
    """A diff as text. Other text is a command for a shell, or content without a place to put it."""
    if form.key != "diff" and not HEADER.search(value.value):
        findings.blame(Reason.SHELL_AS_PATCH, value.at)
        return
    made = normalise(read_diff(value.value.encode(), around.limits, recount=around.recount), around.prefixes)
    if isinstance(made, Diff):
        yield made
        return
    for wrong in made:
        # Its lines are those of the text inside; the document's own are what people can find.
        findings.add(replace(wrong, line=value.at.line, column=value.at.column))
