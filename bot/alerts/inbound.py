"""Alerts of others, as Alertmanager's webhook (version 4) sends them: bytes to observations, or a Fault.

Labels are as hostile as any text that comes over HTTP: they are bounded and checked here, and nothing of a
message with something wrong in it is taken.
"""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Final

from bot.alerts.observing import Observer
from contracts.alerts.model import NAME, Observation
from contracts.faults import Fault, Reason, fault
from contracts.formats.document import Fields, Items, Mark, Node, Text
from contracts.formats.findings import kind_of
from contracts.formats.json_text import read_json

#: What these alerts are kept under: nothing from outside ends an alert of the desk's own.
SOURCE: Final = "http"
MOST_BYTES: Final = 1024**2
MOST_ALERTS: Final = 1000
MOST_LABELS: Final = 40
LONGEST_VALUE: Final = 512
_LONGEST_TEXT: Final = 600
_LONGEST_LINK: Final = 1000
#: Values of a message with as many alerts as are taken.
_MOST_NODES: Final = 100_000

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
#: RFC 3339; Alertmanager writes up to nine digits of a second.
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
#: In this order the first that is there says what is wrong.
_SAYING: Final = ("summary", "message", "title", "description")


class Inbound:
    """`POST /alerts`, without the HTTP."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    async def receive(self, body: bytes, *, now: datetime) -> int | Fault:
        """Keep the alerts in *body*; how many there are, or why nothing was taken."""
        read = observations(body, now=now)
        if isinstance(read, Fault):
            return read
        await self._observer.observe(SOURCE, read, now=now)
        return len(read)


def observations(body: bytes, *, now: datetime) -> list[Observation] | Fault:
    """What *body* tells. An alert that it repeats only still holds; a new one counts as once."""
    try:
        return _message(_read(body), now)
    except _RefusedError as refused:
        return refused.why


class _RefusedError(Exception):
    def __init__(self, why: Fault) -> None:
        super().__init__(why.reason)
        self.why = why


def _refuse(reason: Reason, at: Mark | None = None, **args: str | int) -> _RefusedError:
    told = {name: str(value) for name, value in args.items()}
    return _RefusedError(Fault(reason, told, None, at.line if at else None, at.column if at else None))


# The message -------------------------------------------------------------------------------------
def _read(body: bytes) -> Fields:
    if len(body) > MOST_BYTES:
        raise _refuse(Reason.BODY_TOO_LARGE, most=MOST_BYTES)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refuse(Reason.NOT_UTF8, offset=error.start) from error
    document = read_json(text, most=_MOST_NODES)
    if document.root is None or document.faults:
        raise _RefusedError(document.faults[0])
    if not isinstance(document.root, Fields):
        raise _refuse(Reason.NOT_A_MAPPING, Mark(1, 1), found=kind_of(document.root))
    return document.root


def _message(message: Fields, now: datetime) -> list[Observation]:
    version = _get(message, "version", "the message")
    if not isinstance(version, Text) or version.value != "4":
        shown = version.value if isinstance(version, Text) else kind_of(version)
        raise _refuse(Reason.WEBHOOK_VERSION, version.at, version=shown[:80])
    alerts = _get(message, "alerts", "the message")
    if not isinstance(alerts, Items):
        raise _wrong(alerts, "alerts", "a list")
    if len(alerts.items) > MOST_ALERTS:
        raise _refuse(Reason.TOO_MANY_ALERTS, alerts.at, count=len(alerts.items), most=MOST_ALERTS)
    return [_alert(node, f"alerts[{place}]", now) for place, node in enumerate(alerts.items)]


def _alert(node: Node, where: str, now: datetime) -> Observation:
    alert = _fields(node, where)
    labels = _labels(_fields(_get(alert, "labels", where), f"{where}.labels"), where)
    status = _text(_get(alert, "status", where), f"{where}.status")
    if status not in {"firing", "resolved"}:
        raise _refuse(Reason.ALERT_STATUS, _get(alert, "status", where).at, where=where, status=status[:80])
    since = _time(_get(alert, "startsAt", where), f"{where}.startsAt") or now
    ends = None if (said := _find(alert, "endsAt")) is None else _time(said, f"{where}.endsAt")
    over = status == "resolved" or (ends is not None and ends <= now)
    return Observation(
        labels,
        fault(Reason.REPORTED, text=_saying(alert, where) or labels[NAME]),
        since,
        ended=max(since, min(ends or now, now)) if over else None,
        times=0,
        expires=None if over else ends,
        link=_link(alert, where),
    )


def _labels(labels: Fields, where: str) -> dict[str, str]:
    if len(labels.entries) > MOST_LABELS:
        raise _refuse(
            Reason.TOO_MANY_LABELS, labels.at, where=where, count=len(labels.entries), most=MOST_LABELS
        )
    found: dict[str, str] = {}
    for entry in labels.entries:
        if not _NAME.fullmatch(entry.key):
            raise _refuse(Reason.LABEL_NAME, entry.at, where=where, name=entry.key[:80])
        value = _text(entry.value, f"{where}.labels.{entry.key}")
        if len(value) > LONGEST_VALUE:
            raise _refuse(
                Reason.LABEL_TOO_LONG,
                entry.value.at,
                where=where,
                name=entry.key,
                size=len(value),
                most=LONGEST_VALUE,
            )
        if any(unicodedata.category(character) == "Cc" for character in value):
            raise _refuse(Reason.LABEL_CONTROL, entry.value.at, where=where, name=entry.key)
        # An empty label is as none.
        found |= {entry.key: value} if value else {}
    if NAME not in found:
        raise _refuse(Reason.MISSING_FIELD, labels.at, field=NAME, where=f"{where}.labels")
    return found


def _saying(alert: Fields, where: str) -> str:
    """What the annotations say, in one line; nothing if they say nothing."""
    node = _find(alert, "annotations")
    said = {} if node is None else {e.key: e.value for e in _fields(node, f"{where}.annotations").entries}
    texts = (" ".join(text.value.split()) for key in _SAYING if isinstance(text := said.get(key), Text))
    return next((text[:_LONGEST_TEXT] for text in texts if text), "")


def _link(alert: Fields, where: str) -> str | None:
    node = _find(alert, "generatorURL")
    link = "" if node is None else _text(node, f"{where}.generatorURL")
    return link if link.startswith(("http://", "https://")) and len(link) <= _LONGEST_LINK else None


# Values ------------------------------------------------------------------------------------------
def _find(fields: Fields, key: str) -> Node | None:
    return next((entry.value for entry in fields.entries if entry.key == key), None)


def _get(fields: Fields, key: str, where: str) -> Node:
    node = _find(fields, key)
    if node is None:
        raise _refuse(Reason.MISSING_FIELD, fields.at, field=key, where=where)
    return node


def _fields(node: Node, field: str) -> Fields:
    if not isinstance(node, Fields):
        raise _wrong(node, field, "a mapping")
    return node


def _text(node: Node, field: str) -> str:
    if not isinstance(node, Text):
        raise _wrong(node, field, "text")
    return node.value


def _time(node: Node, field: str) -> datetime | None:
    """None for the first year: that is how Alertmanager spells a time that there is not."""
    said = _text(node, field)
    match = _TIME.fullmatch(said)
    if match is None:
        raise _wrong(node, field, "a time, as in 2026-03-01T09:00:00Z")
    seconds, fraction, zone = match.groups()
    spelled = f"{seconds}.{(fraction or '')[:6]:0<6}{'+00:00' if zone == 'Z' else zone}"
    try:
        time = datetime.fromisoformat(spelled)
        return time.astimezone(UTC) if time.year > 1 else None
    except (ValueError, OverflowError) as error:
        raise _wrong(node, field, "a time, as in 2026-03-01T09:00:00Z") from error


def _wrong(node: Node, field: str, expected: str) -> _RefusedError:
    return _refuse(Reason.WRONG_TYPE, node.at, field=field, expected=expected, found=kind_of(node), quote="")
