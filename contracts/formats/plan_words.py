"""Changes of the plan as they are typed on a command line: `status=done`, `blockers+=no bricks`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from contracts.faults import Fault, Reason, fault, nearest
from contracts.formats.plan_text import MOST_TEXT, read_blockers, read_field, read_metric
from contracts.plan import ATTRIBUTES, Batch, Key, Metric, Value
from contracts.register import Degree, Risk, RiskState

_WORD: Final = re.compile(r"(?P<field>[A-Za-z]+)(?P<sign>[+-]?)=(?P<value>.*)", re.DOTALL)
_SHOWN: Final = 80
#: The fields of a batch that can be changed, as they may be spelled.
FIELDS: Final[Mapping[str, Key]] = {
    "name": Key.NAME,
    "status": Key.STATUS,
    "priority": Key.PRIORITY,
    "progress": Key.PROGRESS,
    "expected": Key.EXPECTED,
    "expectedPatches": Key.EXPECTED,
    "target": Key.TARGET,
    "targetDate": Key.TARGET,
    "blockers": Key.BLOCKERS,
    "owner": Key.OWNER,
    "notes": Key.NOTES,
}


def read_changes(batch: Batch, words: Sequence[str]) -> dict[Key, Value] | tuple[Fault, ...]:
    """What *words* make of *batch*, or all that is wrong with them.

    `blockers=` takes a list with commas; `blockers+=` and `blockers-=` one blocker, commas and all.
    """
    given: dict[Key, Value] = {}
    faults: list[Fault] = []
    for word in words:
        match _parts(word, FIELDS, "a batch"):
            case Fault() as wrong:
                faults.append(wrong)
            case name, sign, typed:
                key = FIELDS[name]
                before = given.get(key, ATTRIBUTES[key](batch))
                value = read_field(key, typed) if not sign else _listed(key, before, sign, typed)
                if isinstance(value, Fault):
                    faults.append(value)
                else:
                    given[key] = value
    return tuple(faults) or given


def read_metrics(words: Sequence[str]) -> dict[Metric, Decimal | None] | tuple[Fault, ...]:
    """The metrics that *words* set; `coverage=` leaves one out."""
    known = {metric.value: metric for metric in Metric}
    given: dict[Metric, Decimal | None] = {}
    faults: list[Fault] = []
    for word in words:
        match _parts(word, known, "the metrics"):
            case Fault() as wrong:
                faults.append(wrong)
            case name, "", typed:
                value = read_metric(known[name], typed)
                if isinstance(value, Fault):
                    faults.append(value)
                else:
                    given[known[name]] = value
            case name, _, _:
                faults.append(_not_a_change(word))
    return tuple(faults) or given


#: The fields of a risk, and the words that some of them take.
RISK_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "risk": (),
    "probability": tuple(Degree),
    "impact": tuple(Degree),
    "mitigation": (),
    "owner": (),
    "state": tuple(RiskState),
}
_KINDS: Final = {"probability": Degree, "impact": Degree, "state": RiskState}


def read_risk(risk: Risk, words: Sequence[str]) -> Risk | tuple[Fault, ...]:
    """*risk* as *words* make it, or all that is wrong with them."""
    given: dict[str, Any] = {}
    faults: list[Fault] = []
    for word in words:
        match _parts(word, RISK_FIELDS, "a risk"):
            case Fault() as wrong:
                faults.append(wrong)
            case name, "", typed:
                value = _of_risk(name, typed.encode("utf-8", "replace").decode().strip())
                if isinstance(value, Fault):
                    faults.append(value)
                else:
                    given[name] = value
            case _:
                faults.append(_not_a_change(word))
    after = replace(risk, **given)
    if not after.risk and not faults:
        faults.append(fault(Reason.MISSING_FIELD, field="risk", where="a risk"))
    return tuple(faults) or after


def _of_risk(name: str, typed: str) -> str | Fault:
    known = RISK_FIELDS[name]
    if len(typed) > MOST_TEXT:
        return fault(Reason.PLAN_TOO_LONG, field=name, size=len(typed), most=MOST_TEXT)
    if not known:
        return typed
    if typed in known:
        return _KINDS[name](typed)
    said, suggestion = typed[:_SHOWN], nearest(typed[:_SHOWN], known)
    return fault(Reason.PLAN_BAD_WORD, field=name, said=said, known=" ".join(known), suggestion=suggestion)


def _parts(word: str, known: Iterable[str], where: str) -> tuple[str, str, str] | Fault:
    found = _WORD.fullmatch(word)
    if found is None:
        return _not_a_change(word)
    if (field := found["field"]) not in known:
        said = field[:_SHOWN]
        return fault(Reason.UNKNOWN_FIELD, field=said, where=where, suggestion=nearest(said, known))
    return field, found["sign"], found["value"]


def _not_a_change(word: str) -> Fault:
    return fault(Reason.WRONG_TYPE, field=word[:_SHOWN], expected="FIELD=VALUE", found="not", quote="")


def _listed(key: Key, before: object, sign: str, typed: str) -> Value | Fault:
    """One blocker more, or one less."""
    typed = typed.strip()
    if key is not Key.BLOCKERS or not isinstance(before, tuple | None) or not typed:
        return _not_a_change(f"{key}{sign}={typed}")
    blockers = tuple(blocker for blocker in before or () if blocker != typed)
    if sign == "-" and len(blockers) == len(before or ()):
        return fault(Reason.NOT_A_BLOCKER, said=typed[:_SHOWN])
    return read_blockers((*blockers, typed) if sign == "+" else blockers)
