"""What is demanded of a domain's patches, what of it needs an approval, and what an approval is of."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import normpath
from typing import Final

from contracts.as_json import AsJson
from contracts.faults import Fault, Reason, fault
from contracts.gates import Credentials, GateSpec, RepairSpec
from contracts.patch import Commands, Patch, content_hash
from contracts.paths import fold
from contracts.protection import CommandRule, Protected, Rule, guarding
from contracts.resolving import Mending
from contracts.settings import ApproverSettings, DomainSettings


@dataclass(frozen=True, slots=True)
class Demands:
    """What holds for every patch of a domain. *left_out* are gates of the repository that may not run.

    *capture*: what shell lists change of the files lands, too. *repairs* may change it where a gate says no,
    and *repaired* is what becomes of that.
    """

    protected: tuple[Protected, ...]
    commands: CommandRule
    credentials: Credentials
    gates: tuple[GateSpec, ...]
    left_out: tuple[str, ...] = ()
    capture: bool = False
    repairs: tuple[RepairSpec, ...] = ()
    repaired: Mending = Mending.OFFER


def demands_of(rules: DomainSettings) -> Demands:
    """What the operators demand."""
    return Demands(
        tuple(Protected(each.paths, each.rule) for each in rules.protected),
        rules.commands,
        rules.credentials,
        tuple(gate.spec() for gate in rules.gates),
        capture=rules.capture,
        repairs=rules.repairs(),
        repaired=rules.resolve.repair,
    )


def refusal(patch: Patch, changed: Sequence[str], demands: Demands) -> Fault | None:
    """Why nobody's approval would let *patch* land; *changed* are all paths that it really changes."""
    for path in changed:
        if glob := guarding(demands.protected, path, Rule.REFUSE):
            return fault(Reason.PATH_REFUSED, path=path, glob=glob)
    if patch.commands and demands.commands is CommandRule.REFUSE:
        first = patch.commands[0]
        return fault(Reason.COMMANDS_REFUSED, field=first.field, count=len(first.lines))
    return None


def unseen(paths: Sequence[str], base: Mapping[str, str], demands: Demands) -> Fault | None:
    """Why *paths* cannot change without anybody having seen how; *base* is what is there before, as above."""
    for path in paths:
        if glob := guarding(demands.protected, path, Rule.REFUSE):
            return fault(Reason.PATH_REFUSED, path=path, glob=glob)
    found = next(_of_paths({path: base[path] for path in paths}, demands), None)
    return fault(Reason.LEFT_UNSEEN, path=found.args["path"]) if found else None


def reasons(patch: Patch, changed: Mapping[str, str], demands: Demands) -> tuple[Fault, ...]:
    """Everything that needs an approval; *changed* are the paths with what the base has there, if anything.

    Whoever adds to it adds what it depends on to `binding`, too.
    """
    return (*_of_paths(changed, demands), *_of_commands(patch, demands), *_of_hotfix(patch))


def _of_paths(changed: Mapping[str, str], demands: Demands) -> Iterator[Fault]:
    for path, present in changed.items():
        if glob := guarding(demands.protected, path, Rule.APPROVE):
            yield fault(Reason.PATH_PROTECTED, path=path, glob=glob)
        elif gate := next((each for each in demands.gates if _owns(each, path, present)), None):
            yield fault(Reason.GATE_FILE_PROTECTED, path=path, gate=gate.name)


def _of_commands(patch: Patch, demands: Demands) -> Iterator[Fault]:
    if demands.commands is CommandRule.APPROVE:
        why = Reason.COMMANDS_CAPTURED if demands.capture else Reason.COMMANDS_PROTECTED
        for commands in patch.commands:
            yield fault(why, field=commands.field, count=len(commands.lines))


def _of_hotfix(patch: Patch) -> Iterator[Fault]:
    if patch.hotfix:
        yield fault(Reason.HOTFIX_PROTECTED)


#: What separates the words of an argument that is a script.
_BETWEEN: Final = re.compile(r"[\s=,;:|&<>(){}\"'`$]+")


def _owns(gate: GateSpec, path: str, present: str) -> bool:
    """Whether *gate* is, or reads, the file at *path*: its argv names it, or a script in it what is there.

    A script is full of words that are no files, until a patch brings one of that name.
    """
    arguments = {part for argument in gate.run for part in (argument, argument.rpartition("=")[2])}
    words = {word for argument in gate.run for word in _BETWEEN.split(argument)} if present else set()
    return fold(path) in {fold(normpath(name)) for name in arguments | words if name}


# What an approval is of ------------------------------------------------------------------------
_COMMANDS: AsJson[tuple[Commands, ...]] = AsJson(tuple[Commands, ...])
_DEMANDS: AsJson[Demands] = AsJson(Demands)


def binding(
    patch: Patch,
    base: Mapping[str, str],
    demands: Demands,
    approvers: ApproverSettings,
    *,
    policy_file: str,
) -> str:
    """SHA-256 (hex) of all that somebody who approves looks at.

    *base* is what the base has at each path that the patch touches: mode and object id, or nothing.
    *policy_file* is the same of the repository's own policy.
    """
    stated = {
        "patch": content_hash(patch),
        "commands": _COMMANDS.adapter.dump_python(patch.commands, mode="json"),
        "hotfix": patch.hotfix,
        "base": dict(base),
        "demands": _DEMANDS.adapter.dump_python(demands, mode="json"),
        "approvers": [sorted(approvers.users), sorted(approvers.groups)],
        "policy": policy_file,
    }
    return hashlib.sha256(json.dumps(stated, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
