"""`.patchdesk.yml` in a repository: what it asks for on top of what the desk's operators demand.

It is written by the people who write the repository, so it can only make things stricter. The version on the
branch counts; the one that a patch brings along counts once it has landed.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Final, Self, TypeVar, assert_never

from pydantic import Field, ValidationError, model_validator

from contracts.approvals import Demands
from contracts.faults import Fault, Reason, fault
from contracts.formats.document import Fields, Items, Mark, Node, Plain, Scalar, Text
from contracts.formats.yaml_text import read_yaml
from contracts.gates import Credentials, GateSpec
from contracts.protection import CommandRule, Protected
from contracts.sections import Section, problem
from contracts.settings import GateSettings, ProtectedSettings

FILE: Final = ".patchdesk.yml"
MOST_BYTES: Final = 64 * 1024
#: A gate of the repository may not keep the lane for longer.
_MOST_TIME: Final = timedelta(hours=1)
_MOST_GATES: Final = 20

Rank = TypeVar("Rank")


class RepositoryGate(GateSettings):
    """A gate that the repository adds; it has no network."""

    timeout: Annotated[timedelta, Field(gt=timedelta(0), le=_MOST_TIME)] = timedelta(minutes=10)
    network: Annotated[bool, Field(json_schema_extra={"const": False})] = False

    @model_validator(mode="after")
    def _has_no_network(self) -> Self:
        if self.network:
            raise ValueError("only the desk's operators give a gate the network")
        return self


class RepositoryPolicy(Section):
    """All that the file may say."""

    gates: Annotated[tuple[RepositoryGate, ...], Field(max_length=_MOST_GATES)] = ()
    protected: tuple[ProtectedSettings, ...] = ()
    commands: CommandRule = CommandRule.ALLOW
    credentials: Credentials = Credentials.IGNORE

    @model_validator(mode="after")
    def _gate_names_differ(self) -> Self:
        names = [gate.name for gate in self.gates]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two gates are named {twice!r}")
        return self


def read_policy(content: bytes) -> RepositoryPolicy | Fault:
    """The file, or what is wrong with it and on which line."""
    if len(content) > MOST_BYTES:
        return _broken(None, f"it is larger than {MOST_BYTES // 1024} KB")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return fault(Reason.NOT_UTF8, file=FILE, offset=error.start)
    document = read_yaml(text)
    if document.faults:
        return replace(document.faults[0], file=FILE)
    root = document.root
    if root is None or (isinstance(root, Scalar) and root.what is Plain.NOTHING):
        return RepositoryPolicy()
    if not isinstance(root, Fields):
        return _broken(root.at, "it is no mapping")
    try:
        return RepositoryPolicy.model_validate(_plain(root))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        said = problem(first)
        return _broken(_mark(root, first["loc"]), f"{where}: {said}" if where else said)


def merged(demands: Demands, policy: RepositoryPolicy, *, gates_allowed: bool) -> Demands | Fault:
    """Everything that *demands* hold, and what *policy* adds. A gate cannot take another's name."""
    own = {gate.name for gate in demands.gates}
    if taken := next((gate.name for gate in policy.gates if gate.name in own), None):
        return fault(Reason.POLICY_FILE_GATE, file=FILE, gate=taken)
    added = tuple(gate.spec() for gate in policy.gates)
    return replace(
        demands,
        protected=(*demands.protected, *(Protected(each.paths, each.rule) for each in policy.protected)),
        commands=_stricter(demands.commands, policy.commands, list(CommandRule)),
        credentials=_stricter(policy.credentials, demands.credentials, list(reversed(Credentials))),
        gates=(*demands.gates, *(added if gates_allowed else ())),
        left_out=() if gates_allowed else _names(added),
    )


def _stricter(one: Rank, other: Rank, rising: Sequence[Rank]) -> Rank:
    return max(one, other, key=rising.index)


def _names(gates: Sequence[GateSpec]) -> tuple[str, ...]:
    return tuple(gate.name for gate in gates)


def _broken(at: Mark | None, detail: str) -> Fault:
    line, column = (at.line, at.column) if at else (None, None)
    return fault(Reason.POLICY_FILE_BROKEN, file=FILE, line=line, column=column, detail=detail)


# The tree as plain values, and back to a place in it ----------------------------------------------
def _plain(node: Node) -> Any:
    match node:
        case Text(value=value):
            return value
        case Scalar(what=Plain.NOTHING):
            return None
        case Scalar(what=Plain.TRUTH, source=source):
            return source.casefold() in {"true", "yes", "on"}
        case Scalar(source=source):
            return int(source) if source.isdecimal() and len(source) < 19 else source
        case Items(items=items):
            return [_plain(item) for item in items]
        case Fields(entries=entries):
            return {entry.key: _plain(entry.value) for entry in entries}
        case _:
            assert_never(node)


def _mark(node: Node, path: Sequence[int | str]) -> Mark:
    """Where *path* leads, as far as there is something."""
    if not path:
        return node.at
    step, *rest = path
    match node:
        case Items(items=items) if isinstance(step, int) and step < len(items):
            return _mark(items[step], rest)
        case Fields(entries=entries):
            found = next((entry for entry in entries if entry.key == step), None)
            return node.at if found is None else _mark(found.value, rest) if rest else found.at
        case _:
            return node.at
