"""`execution-plan.json`: its text to a Plan or what is wrong with it, and back.

What is read and written again means the same: the same fields in the same order with the same values. A field
that was null is null, one that was left out is left out. Only blanks and the spelling of numbers may differ.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from contracts.faults import Fault, Reason, nearest
from contracts.formats.document import Entry, Fields, Items, Mark, Node, Plain, Scalar, Text
from contracts.formats.findings import Findings
from contracts.formats.json_text import read_json
from contracts.plan import ATTRIBUTES, BATCH_ID, NAMES, WEIGHTS, Batch, Key, Metric, Plan, Status, Value

MOST_BATCHES: Final = 500
MOST_BLOCKERS: Final = 20
MOST_TEXT: Final = 300
MOST_NOTES: Final = 3_000
MOST_PATCHES: Final = 100_000
#: So many values that every plan within the bounds above can be read.
_MOST_VALUES: Final = 20_000
MOST_NUMBER: Final = Decimal(10**9)
_MOST_DIGITS: Final = 24
_DECIMALS: Final = 4
_SHOWN: Final = 80

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_WEEK: Final = re.compile(r"Week [1-9]\d{0,2}(?: ?[-\u2013] ?[1-9]\d{0,2})?", re.IGNORECASE)
_TYPED_NUMBER: Final = re.compile(r"(-?(?:0|[1-9]\d{0,12})(?:\.\d{1,9})?)\s*%?", re.ASCII)
_BATCHES: Final = "batches"
_METRICS: Final = "metrics"
COUNTS: Final = frozenset({Metric.PRS_MERGED, Metric.PRODUCTION_INCIDENTS})
PERCENTS: Final = frozenset({Metric.CI_PASS_RATE, Metric.COVERAGE})
NEEDED: Final = (Key.ID, Key.NAME, Key.STATUS)
_NULLABLE: Final = frozenset(Key) - {*NEEDED, Key.BLOCKERS}


def read_plan(text: str) -> Plan | tuple[Fault, ...]:
    """*text* (without surrogates) as a Plan; or everything that is wrong, with line and column."""
    document = read_json(text, most=_MOST_VALUES)
    findings = Findings(document.faults)
    if document.root is None:
        return findings.in_order()
    plan = _plan(document.root, findings)
    return findings.in_order() or plan


def write_plan(plan: Plan) -> str:
    whole: dict[str, object] = {_BATCHES: [_written(batch) for batch in plan.batches]}
    if plan.metrics is not None:
        metrics = {metric.value: _plain(value) for metric, value in plan.metrics}
        whole = {_METRICS: metrics, **whole} if plan.metrics_first else {**whole, _METRICS: metrics}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _written(batch: Batch) -> dict[str, object]:
    return {key.value: _plain(ATTRIBUTES[key](batch)) for key in batch.keys}


def _plain(value: object) -> object:
    """As JSON has it; with four decimals at most a binary fraction is read back as the same number."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


# The whole -------------------------------------------------------------------------------------
def _plan(root: Node, findings: Findings) -> Plan:
    entries = _entries(root, "the plan", (_BATCHES, _METRICS), findings)
    batches: tuple[Batch, ...] = ()
    if _BATCHES in entries:
        batches = _batches(entries[_BATCHES].value, findings)
    elif isinstance(root, Fields):
        findings.blame(Reason.MISSING_FIELD, root.at, field=_BATCHES, where="the plan")
    metrics = _metrics(entries[_METRICS].value, findings) if _METRICS in entries else None
    return Plan(batches, metrics, next(iter(entries), None) == _METRICS and len(entries) > 1)


def _entries(node: Node, where: str, known: tuple[str, ...], findings: Findings) -> dict[str, Entry]:
    """The fields of *node* that are *known*; all others are faults, and so is a node without fields."""
    if not isinstance(node, Fields):
        findings.wrong(where, node, "an object with fields")
        return {}
    for entry in node.entries:
        if entry.key not in known:
            said = entry.key[:_SHOWN]
            suggestion = str(nearest(said, known))
            findings.blame(Reason.UNKNOWN_FIELD, entry.at, field=said, where=where, suggestion=suggestion)
    return {entry.key: entry for entry in node.entries if entry.key in known}


def _batches(node: Node, findings: Findings) -> tuple[Batch, ...]:
    if not isinstance(node, Items):
        findings.wrong(_BATCHES, node, "a list")
        return ()
    if len(node.items) > MOST_BATCHES:
        findings.blame(Reason.PLAN_TOO_MANY, node.at, field=_BATCHES, most=str(MOST_BATCHES))
        return ()
    read = [_batch(item, number, findings) for number, item in enumerate(node.items, 1)]
    _blame_twins(node.items, findings)
    return tuple(batch for batch in read if batch is not None)


def _blame_twins(items: Sequence[Node], findings: Findings) -> None:
    first: dict[str, int] = {}
    for entry in (entry for item in items if isinstance(item, Fields) for entry in item.entries):
        if entry.key == Key.ID and isinstance(entry.value, Text):
            id_, at = entry.value.value, entry.value.at
            if id_ in first:
                findings.blame(Reason.PLAN_ID_TWICE, at, id=id_[:_SHOWN], first=str(first[id_]))
            first.setdefault(id_, at.line)


def _batch(node: Node, number: int, findings: Findings) -> Batch | None:
    where = f"batch {number}"
    entries = _entries(node, where, tuple(Key), findings)
    for key in NEEDED:
        if isinstance(node, Fields) and key not in entries:
            findings.blame(Reason.MISSING_FIELD, node.at, field=key.value, where=where)
    values = {Key(name): _field(Key(name), entry.value, findings) for name, entry in entries.items()}
    id_, name, status = (values.get(key) for key in NEEDED)
    if not isinstance(id_, str) or not isinstance(name, str) or not isinstance(status, Status):
        return None
    given: dict[str, Any] = {NAMES.get(key, key.value): value for key, value in values.items()}
    return Batch(**given, keys=tuple(values))


def _metrics(node: Node, findings: Findings) -> tuple[tuple[Metric, Decimal | None], ...]:
    found = []
    for name, entry in _entries(node, "the metrics", tuple(Metric), findings).items():
        metric = Metric(name)
        most = Decimal(100) if metric in PERCENTS else MOST_NUMBER
        value = None
        if not _is_null(entry.value):
            value = _number(name, entry.value, 0, most, findings, whole=metric in COUNTS)
        found.append((metric, value))
    return tuple(found)


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.what is Plain.NOTHING


# Single values ---------------------------------------------------------------------------------
def _field(key: Key, node: Node, findings: Findings) -> Value:
    """The value of *key*, or None with a fault noted (or for null, where that may be)."""
    if key in _NULLABLE and _is_null(node):
        return None
    return _READERS[key](key, node, findings)


def _words(key: Key, node: Node, findings: Findings) -> str | None:
    text = findings.text(key.value, node)
    most = MOST_NOTES if key is Key.NOTES else MOST_TEXT
    if text is not None and len(text) > most:
        size = str(len(text))
        findings.blame(Reason.PLAN_TOO_LONG, node.at, field=key.value, size=size, most=str(most))
        return None
    return text


def _id(key: Key, node: Node, findings: Findings) -> str | None:
    text = findings.text(key.value, node)
    if text is not None and not BATCH_ID.fullmatch(text):
        findings.blame(Reason.PLAN_BAD_ID, node.at, said=text[:_SHOWN])
        return None
    return text


def _name(key: Key, node: Node, findings: Findings) -> str | None:
    text = _words(key, node, findings)
    if text is not None and not text.strip():
        findings.blame(Reason.WRONG_TYPE, node.at, field=key.value, expected="text", found="empty", quote="")
        return None
    return text


def _choice(key: Key, node: Node, findings: Findings) -> str | None:
    known: tuple[str, ...] = tuple(Status) if key is Key.STATUS else tuple(WEIGHTS)
    text = findings.text(key.value, node)
    if text is None or text in known:
        return Status(text) if text is not None and key is Key.STATUS else text
    said = text[:_SHOWN]
    findings.blame(
        Reason.PLAN_BAD_WORD,
        node.at,
        field=key.value,
        said=said,
        known=" ".join(known),
        suggestion=str(nearest(said.replace("_", "-").replace(" ", "-"), known, cutoff=0.6)),
    )
    return None


def _percent(key: Key, node: Node, findings: Findings) -> Decimal | None:
    return _number(key.value, node, 0, Decimal(100), findings)


def _patches(key: Key, node: Node, findings: Findings) -> Decimal | None:
    return _number(key.value, node, 1, Decimal(MOST_PATCHES), findings, whole=True)


def _number(
    field: str, node: Node, least: int, most: Decimal, findings: Findings, *, whole: bool = False
) -> Decimal | None:
    kind = "a whole number" if whole else "a number"
    if not isinstance(node, Scalar) or node.what is not Plain.NUMBER:
        findings.wrong(field, node, kind)
        return None
    number = Decimal(node.source) if len(node.source) <= _MOST_DIGITS else None
    # Compared before anything else: an exponent may stand for more digits than there is memory.
    if number is None or not least <= number <= most:
        said = node.source[:_SHOWN]
        findings.blame(
            Reason.PLAN_OUT_OF_RANGE, node.at, field=field, said=said, least=str(least), most=f"{most:f}"
        )
        return None
    step = Decimal(1) if whole else Decimal(1).scaleb(-_DECIMALS)
    rounded = number.quantize(step)
    if rounded != number:
        precise = kind if whole else f"a number with at most {_DECIMALS} decimals"
        findings.blame(
            Reason.WRONG_TYPE, node.at, field=field, expected=precise, found=node.source[:_SHOWN], quote=""
        )
        return None
    return rounded.normalize() + 0


def _target(key: Key, node: Node, findings: Findings) -> str | None:
    text = findings.text(key.value, node)
    if not text or _is_time(text):
        return text
    findings.blame(Reason.PLAN_BAD_DATE, node.at, field=key.value, said=text[:_SHOWN])
    return None


def _is_time(text: str) -> bool:
    if not _DAY.fullmatch(text) or not text.isascii():
        return _WEEK.fullmatch(text) is not None
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _blockers(key: Key, node: Node, findings: Findings) -> tuple[str, ...]:
    if not isinstance(node, Items):
        findings.wrong(key.value, node, "a list of texts")
        return ()
    if len(node.items) > MOST_BLOCKERS:
        findings.blame(Reason.PLAN_TOO_MANY, node.at, field=key.value, most=str(MOST_BLOCKERS))
    read = [_name(key, item, findings) for item in node.items]
    for text, item in zip(read, node.items, strict=True):
        if text is not None and len(text.splitlines()) > 1:
            expected = "text on one line"
            findings.blame(
                Reason.WRONG_TYPE, item.at, field=key.value, expected=expected, found="longer", quote=""
            )
    return tuple(text for text in read if text is not None)


_READERS: Final[Mapping[Key, Callable[[Key, Node, Findings], Value]]] = {
    Key.ID: _id,
    Key.NAME: _name,
    Key.PRIORITY: _choice,
    Key.STATUS: _choice,
    Key.PROGRESS: _percent,
    Key.EXPECTED: _patches,
    Key.TARGET: _target,
    Key.BLOCKERS: _blockers,
    Key.OWNER: _words,
    Key.NOTES: _words,
}


# Typed in --------------------------------------------------------------------------------------
_HERE: Final = Mark(1, 1)


def read_field(key: Key, typed: str) -> Value | Fault:
    """One field as somebody typed it; blank: to be left out. Blockers stand on lines, or between commas."""
    typed = typed.strip()
    if key is Key.BLOCKERS:
        return read_blockers([text for text in re.split(r"[\n,]", typed) if text.strip()])
    if not typed and key in _NULLABLE:
        return None
    findings = Findings()
    value = _READERS[key](key, _typed(typed, number=key in {Key.PROGRESS, Key.EXPECTED}), findings)
    return _first(findings) or value


def read_blockers(typed: Sequence[str]) -> tuple[str, ...] | Fault:
    findings = Findings()
    texts = tuple(_typed(text.strip(), number=False) for text in typed)
    blockers = _blockers(Key.BLOCKERS, Items(texts, _HERE), findings)
    return _first(findings) or blockers


def read_metric(metric: Metric, typed: str) -> Decimal | Fault | None:
    """One metric as somebody typed it; blank: to be left out."""
    findings = Findings()
    if not typed.strip():
        return None
    node = Fields((Entry(metric.value, _HERE, _typed(typed.strip(), number=True)),), _HERE)
    [(_, value)] = _metrics(node, findings)
    return _first(findings) or value


def _first(findings: Findings) -> Fault | None:
    """What is wrong, without the place: there is no text that people could look at."""
    wrong = next(iter(findings.in_order()), None)
    return Fault(wrong.reason, wrong.args) if wrong else None


def _typed(typed: str, *, number: bool) -> Node:
    """`40` and `40 %` are numbers; anything else is text, which the reader then refuses.

    A command line may bring bytes that are no text, and Slack half of a surrogate pair.
    """
    found = _TYPED_NUMBER.fullmatch(typed) if number else None
    if found:
        return Scalar(Plain.NUMBER, found[1], _HERE)
    return Text(typed.encode("utf-8", "replace").decode(), _HERE)
