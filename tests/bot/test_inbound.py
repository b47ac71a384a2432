"""Alertmanager's webhook, version 4: what it tells, and what is refused with the place of the fault."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.inbound import MOST_ALERTS, MOST_BYTES, Inbound, observations
from bot.alerts.observing import Observer
from bot.clock import new_group_id
from bot.delivery.wording.faults import explain
from contracts.alerts.model import Observation
from contracts.alerts.settings import AlertSettings
from contracts.faults import Fault, Reason, fault
from executor.engine import open_engine

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NEVER = "0001-01-01T00:00:00Z"


def alert(**fields: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "DiskFull", "severity": "critical", "instance": "web-1:9100"},
        "annotations": {"summary": "Disk /var is 97 % full", "runbook_url": "https://example.org/disk"},
        "startsAt": "2026-03-02T08:55:00.123456789Z",
        "endsAt": NEVER,
        "generatorURL": "https://prometheus.example.org/graph?g0.expr=disk",
        "fingerprint": "c8d1a2b3c4d5e6f7",
        **fields,
    }


def message(*alerts: object, **fields: Any) -> bytes:
    """As Alertmanager 0.27 sends it."""
    return json.dumps(
        {
            "version": "4",
            "groupKey": '{}:{alertname="DiskFull"}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "desk",
            "groupLabels": {"alertname": "DiskFull"},
            "commonLabels": {"alertname": "DiskFull"},
            "commonAnnotations": {},
            "externalURL": "https://alertmanager.example.org",
            "alerts": alerts,
            **fields,
        }
    ).encode()


def read(*alerts: object, **fields: Any) -> list[Observation]:
    found = observations(message(*alerts, **fields), now=NOW)
    assert not isinstance(found, Fault), found
    return found


def refused(body: bytes) -> Fault:
    found = observations(body, now=NOW)
    assert isinstance(found, Fault)
    assert explain(found).what
    return found


# What it tells -----------------------------------------------------------------------------------
def test_a_firing_alert_is_an_observation_that_holds() -> None:
    assert read(alert()) == [
        Observation(
            labels={"alertname": "DiskFull", "severity": "critical", "instance": "web-1:9100"},
            what=fault(Reason.REPORTED, text="Disk /var is 97 % full"),
            since=datetime(2026, 3, 2, 8, 55, 0, 123456, tzinfo=UTC),
            ended=None,
            times=0,
            expires=None,
            link="https://prometheus.example.org/graph?g0.expr=disk",
        )
    ]


@pytest.mark.parametrize(
    ("fields", "ended"),
    [
        ({"status": "resolved", "endsAt": "2026-03-02T08:58:00Z"}, datetime(2026, 3, 2, 8, 58, tzinfo=UTC)),
        ({"status": "resolved", "endsAt": NEVER}, NOW),
        ({"status": "resolved", "endsAt": "2026-03-02T11:00:00Z"}, NOW),
        (
            {"status": "firing", "endsAt": "2026-03-02T09:58:00+01:00"},
            datetime(2026, 3, 2, 8, 58, tzinfo=UTC),
        ),
        ({"status": "resolved", "endsAt": "2026-03-02T08:00:00Z"}, "startsAt"),
        ({"status": "firing", "endsAt": NEVER}, None),
    ],
)
def test_an_alert_has_ended_by_its_status_or_by_its_end(fields: dict[str, str], ended: object) -> None:
    [seen] = read(alert(**fields))
    assert seen.ended == (seen.since if ended == "startsAt" else ended)


def test_an_end_to_come_is_when_it_expires() -> None:
    [seen] = read(alert(endsAt="2026-03-02T09:05:00Z"))
    assert (seen.ended, seen.expires) == (None, NOW + timedelta(minutes=5))


def test_a_start_that_is_not_known_is_now() -> None:
    assert read(alert(startsAt=NEVER))[0].since == NOW


@pytest.mark.parametrize(
    ("annotations", "text"),
    [
        ({"description": "Long\n  story", "summary": " "}, "Long story"),
        ({"message": "m", "description": "d"}, "m"),
        ({"summary": 7}, "DiskFull"),
        ({}, "DiskFull"),
    ],
)
def test_it_says_what_its_annotations_say_else_its_name(annotations: dict[str, Any], text: str) -> None:
    assert read(alert(annotations=annotations))[0].what == fault(Reason.REPORTED, text=text)


def test_what_may_be_missing_may_be_missing() -> None:
    fields = alert()
    for name in ("annotations", "endsAt", "generatorURL", "fingerprint"):
        del fields[name]
    [seen] = read(fields)
    assert (seen.what.args["text"], seen.link, seen.ended) == ("DiskFull", None, None)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://" + "a" * 2000, ""])
def test_a_link_that_is_none_is_left_out(link: str) -> None:
    assert read(alert(generatorURL=link))[0].link is None


def test_an_empty_label_is_as_none() -> None:
    assert "zone" not in read(alert(labels={"alertname": "A", "zone": ""}))[0].labels


def test_a_message_without_alerts_tells_nothing() -> None:
    assert read() == []


# What is refused ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("body", "reason", "args"),
    [
        (b"\xff{}", Reason.NOT_UTF8, {"offset": "0"}),
        (b"[]", Reason.NOT_A_MAPPING, {"found": "a list"}),
        (b'{"version": "4", "alerts": [}', Reason.BAD_JSON, None),
        (b'{"version": "4", "version": "4"}', Reason.DUPLICATE_KEY, {"key": "version"}),
        (b"[" * 100_000, Reason.TOO_DEEP, None),
        (b" " * (MOST_BYTES + 1), Reason.BODY_TOO_LARGE, {"most": str(MOST_BYTES)}),
        (b"{}", Reason.MISSING_FIELD, {"field": "version", "where": "the message"}),
        (message(version="3"), Reason.WEBHOOK_VERSION, {"version": "3"}),
        (message(version=4), Reason.WEBHOOK_VERSION, {"version": "a number"}),
        (message(alerts={}), Reason.WRONG_TYPE, None),
        (message("x"), Reason.WRONG_TYPE, None),
        (message(*[alert()] * (MOST_ALERTS + 1)), Reason.TOO_MANY_ALERTS, {"count": "1001", "most": "1000"}),
        (message(alert(status="pending")), Reason.ALERT_STATUS, {"where": "alerts[0]", "status": "pending"}),
        (message(alert(), alert(startsAt="soon")), Reason.WRONG_TYPE, None),
        (message(alert(startsAt="2026-02-31T00:00:00Z")), Reason.WRONG_TYPE, None),
        (message(alert(startsAt="9999-12-31T23:59:59-14:00")), Reason.WRONG_TYPE, None),
        (message(alert(labels={"severity": "info"})), Reason.MISSING_FIELD, None),
        (
            message(alert(labels={"alertname": "A", "no-name": "x"})),
            Reason.LABEL_NAME,
            {"where": "alerts[0]", "name": "no-name"},
        ),
        (
            message(alert(labels={"alertname": "A" * 513})),
            Reason.LABEL_TOO_LONG,
            {"where": "alerts[0]", "name": "alertname", "size": "513", "most": "512"},
        ),
        (
            message(alert(labels={"alertname": "A\x1b[2J"})),
            Reason.LABEL_CONTROL,
            {"where": "alerts[0]", "name": "alertname"},
        ),
        (message(alert(labels={"alertname": "\ud800"})), Reason.BAD_JSON, None),
        (message(alert(labels={"alertname": 7})), Reason.WRONG_TYPE, None),
        (
            message(alert(labels={"alertname": "A"} | {f"l{n}": "x" for n in range(40)})),
            Reason.TOO_MANY_LABELS,
            {"where": "alerts[0]", "count": "41", "most": "40"},
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_taken(
    body: bytes, reason: Reason, args: dict[str, str] | None
) -> None:
    wrong = refused(body)
    assert wrong.reason is reason
    assert args is None or wrong.args == args


def test_a_fault_knows_its_line() -> None:
    body = json.dumps(json.loads(message(alert(status="pending"))), indent=1).encode()
    line = refused(body).line
    assert line is not None
    assert b"pending" in body.splitlines()[line - 1]


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    assert isinstance(observations(body, now=NOW), list | Fault)


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=10)))
def test_labels_that_are_taken_are_kept_as_they_are(labels: dict[str, str]) -> None:
    found = observations(message(alert(labels={**labels, "alertname": "A"})), now=NOW)
    if not isinstance(found, Fault):
        given_ = {name: value for name, value in labels.items() if value}
        assert found[0].labels == {**given_, "alertname": "A"}


# Kept --------------------------------------------------------------------------------------------
async def test_a_repeated_message_counts_once_and_a_resolved_one_ends_it(tmp_path: Path) -> None:
    engine = await open_engine(f"sqlite:///{tmp_path}/desk.db", identity="store")
    inbound = Inbound(Observer(engine.alerts, AlertSettings(), new_group_id=new_group_id))
    both = message(alert(), alert(labels={"alertname": "DiskFull", "instance": "web-2:9100"}))
    for _ in range(3):
        assert await inbound.receive(both, now=NOW) == 2
    [group] = await engine.alerts.open_groups(limit=9)
    assert (group.firing, group.alerts, group.times) == (2, 2, 2)
    assert await inbound.receive(message(alert(status="resolved")), now=NOW) == 1
    [group] = await engine.alerts.open_groups(limit=9)
    assert (group.firing, group.alerts) == (1, 2)
    assert isinstance(await inbound.receive(b"{}", now=NOW), Fault)
    await engine.close()
