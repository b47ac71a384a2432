"""What the desk says of itself and of its rows in JSON and to Prometheus."""

import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.alerts.inbound import MOST_BYTES
from bot.tallies import Counted
from bot.web.probes import Phase
from contracts.faults import Reason, fault
from contracts.gates import GateResult, Verdict
from contracts.health import GateHealth, Health, Level, Service, ServiceState, Status
from contracts.measuring import Measure
from contracts.outcome import Landed, Report
from contracts.patch import Together
from contracts.settings import Scope
from tests.cli.json_shapes import departures
from tests.docs.http_page import PROMISED, unnamed
from tests.engine.given import FAILED, LANDED, NOW, after, asked
from tests.web.conftest import KEYS, Site, open_site

BROKEN = Level(Measure.QUEUE_DEPTH, "web", 12.0, 10.0, broken_since=NOW, did=fault(Reason.DID_TIDY, count=3))
UNKNOWN = Level(Measure.CLOCK_SKEW, None, None, 30.0, why=fault(Reason.NOT_MEASURED_YET))
HEALTH = Health(
    at=NOW,
    status=Status.DEGRADED,
    services=(
        Service("inbox", ServiceState.UP, NOW, 0),
        Service(
            "lanes",
            ServiceState.DOWN,
            None,
            3,
            fault(Reason.COMPONENT_SILENT, component="lanes", measured=90),
        ),
    ),
    gates=(GateHealth("web", "tests", Verdict.FAILED, NOW, 3, 4),),
    levels=(BROKEN, UNKNOWN),
    reachable=True,
    last_consumed_at=NOW - timedelta(seconds=5),
    queue_depth=12,
    drift=None,
    unmeasured={"drift": fault(Reason.NOTHING_MEASURES)},
)


def shaped_as(name: str, real: object) -> None:
    assert list(departures(PROMISED[name], real)) == []


# Health ----------------------------------------------------------------------------------------
async def test_health_is_what_was_measured(site: Site) -> None:
    await site.desk.engine.health.keep(HEALTH, now=NOW)
    site.clock.forward(timedelta(seconds=10))
    answer = await site.get("/health")
    assert answer.status == 200
    said = await answer.json()
    assert said.keys() == PROMISED["health"].keys()
    assert list(departures(unnamed(PROMISED["health"]), unnamed(said))) == []
    assert said["status"] == "degraded"
    assert said["timestamp"] == NOW.isoformat()
    assert said["lastConsumeAgeSec"] == 15
    assert said["services"]["lanes"]["state"] == "down"
    assert said["acceptance_gates"]["web"]["tests"]["verdict"] == "failed"
    assert said["slo"]["queue-depth"][0]["holds"] is False
    assert said["slo"]["clock-skew"][0]["holds"] is None
    assert said["drift"] is None
    assert said["unmeasured"]["drift"]["reason"] == Reason.NOTHING_MEASURES


async def test_every_null_of_health_has_its_reason_beside_it(site: Site) -> None:
    for kept in (False, True):
        if kept:
            empty = Health(NOW, Status.HEALTHY, (), (), (), None, None, 0, None, {})
            await site.desk.engine.health.keep(empty, now=NOW)
        said = await (await site.get("/health")).json()
        nulls = {name for name, value in said.items() if value is None}
        assert nulls
        assert nulls <= set(said["unmeasured"])


async def test_a_desk_that_was_never_measured_is_not_called_healthy(site: Site) -> None:
    answer = await site.get("/health")
    assert answer.status == 503
    said = await answer.json()
    assert said["status"] is None
    assert said["unmeasured"]["status"]["reason"] == Reason.NOT_MEASURED_YET
    assert said.keys() == PROMISED["health"].keys()


async def test_what_was_healthy_two_periods_ago_is_not_called_healthy(site: Site) -> None:
    healthy = Health(NOW, Status.HEALTHY, (), (), (), True, NOW, 0, 0.0, {})
    await site.desk.engine.health.keep(healthy, now=NOW)
    site.clock.forward(timedelta(seconds=60))
    assert (await (await site.get("/health")).json())["status"] == "healthy"
    site.clock.forward(timedelta(seconds=1))
    answer = await site.get("/health")
    assert answer.status == 503
    said = await answer.json()
    assert said["status"] == "failing"
    assert said["unmeasured"]["status"]["facts"] == {"age": "61.0", "most": "60.0"}


async def test_the_history_of_health_is_kept_by_minutes_and_hours(site: Site) -> None:
    await site.desk.engine.health.keep(HEALTH, now=NOW)
    for span in ("minutes=30", "hours=2"):
        said = await (await site.get(f"/health/history?{span}")).json()
        shaped_as("history", said)
        assert [(each["status"], each["queueDepth"]) for each in said["samples"]] == [("degraded", 12)]
    assert (await (await site.get("/health/history")).json())["of"] == "minutes"
    site.clock.forward(timedelta(hours=3))
    assert (await (await site.get("/health/history?minutes=30")).json())["samples"] == []


@pytest.mark.parametrize(
    "span", ["minutes=0", "minutes=-1", "hours=x", "hours=٣", "hours=9999999999", "minutes=1&hours=1"]
)
async def test_a_span_that_makes_no_sense_is_refused(site: Site, span: str) -> None:
    answer = await site.get(f"/health/history?{span}")
    assert (answer.status, (await answer.json())["reason"]) == (400, Reason.HISTORY_SPAN)


# Rows ------------------------------------------------------------------------------------------
async def test_the_queue_at_a_glance(site: Site) -> None:
    await site.desk.settle(asked("p-1"), asked("p-2"), asked("a-1", domain="api"))
    await site.desk.finish(await site.desk.start())
    said = await (await site.get("/queue/stats")).json()
    shaped_as("queue", said)
    assert said["running"] is True
    assert said["patches"]["landed"] == 1
    assert [(each["domain"], each["head"]["id"]) for each in said["domains"]] == [
        ("web", "p-2"),
        ("api", "a-1"),
    ]


async def test_a_desk_that_is_only_starting_is_not_said_to_run(site: Site) -> None:
    site.front.probes.phase = Phase.STARTING
    assert (await (await site.get("/queue/stats")).json())["running"] is False
    assert "No desk is running." in await (await site.get("/dashboard")).text()


async def test_one_patch_whatever_the_case_of_its_id(site: Site) -> None:
    await site.desk.settle(asked("p-1", text="<b>&"))
    said = await (await site.get("/patches/P-1")).json()
    shaped_as("patch", said)
    assert said["title"] == "Say <b>&"
    gone = await site.get("/patches/%22%3E%0A")
    assert (gone.status, (await gone.json())["reason"]) == (404, Reason.UNKNOWN_PATCH)


async def test_a_set_is_told_with_its_patches(site: Site) -> None:
    domains = ("web", "api")
    news = [asked(f"m-{domain}", "same", domain=domain) for domain in domains]
    await site.desk.settle(
        *(replace(new, patch=replace(new.patch, together=Together(domains)), set_id="s-1") for new in news)
    )
    said = await (await site.get("/patches/S-1")).json()
    assert (said["id"], said["domains"], said["open"]) == ("s-1", ["web", "api"], True)
    assert [each["id"] for each in said["patches"]] == ["m-web", "m-api"]
    shaped_as("patch", said["patches"][0])


# Alerts of others ------------------------------------------------------------------------------
def message(*names: str) -> dict[str, object]:
    firing = [
        {
            "status": "firing",
            "labels": {"alertname": name, "severity": "critical"},
            "annotations": {"summary": "It burns"},
            "startsAt": NOW.isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": "f" * 16,
        }
        for name in names
    ]
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "desk",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": firing,
    }


async def test_alerts_of_others_become_alerts_of_the_desk(site: Site) -> None:
    answer = await site.ask("POST", "/alerts", key=KEYS[Scope.ALERTS], json=message("DiskFull", "Down"))
    assert (answer.status, await answer.json()) == (200, {"kept": 2})
    groups = await site.desk.engine.alerts.open_groups(limit=9)
    assert sum(group.firing for group in groups) == 2


async def test_what_is_wrong_with_a_message_of_alerts_is_said_with_its_place(site: Site) -> None:
    broken = json.dumps(message("DiskFull"), indent=1).replace('"alertname": "DiskFull",', '"alertname": 7,')
    answer = await site.ask("POST", "/alerts", key=KEYS[Scope.ALERTS], data=broken)
    assert answer.status == 400
    assert answer.content_type == "application/problem+json"
    assert re.search(r"line \d+", (await answer.json())["detail"])
    assert await site.desk.engine.alerts.open_groups(limit=9) == ()


async def test_a_message_that_is_too_large_is_not_read(site: Site) -> None:
    for size in (MOST_BYTES + 1, 4 * MOST_BYTES):
        answer = await site.ask("POST", "/alerts", key=KEYS[Scope.ALERTS], data=io.BytesIO(b" " * size))
        assert (answer.status, (await answer.json())["reason"]) == (413, Reason.BODY_TOO_LARGE)


# Metrics ---------------------------------------------------------------------------------------
async def scraped(site: Site) -> dict[tuple[str, ...], float]:
    """Name and values of labels, in the order of their names, to the value."""
    answer = await site.get("/metrics", key=KEYS[Scope.METRICS])
    assert answer.status == 200
    families = text_string_to_metric_families(await answer.text())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def with_gates() -> Landed:
    gate = GateResult("tests", Verdict.PASSED, True, took=timedelta(seconds=3))
    return Landed(Report("main", base="b" * 40, commit="c" * 40, gates=(gate,)))


async def test_metrics_count_what_the_store_has(site: Site) -> None:
    await site.desk.settle(*(asked(f"p-{n}") for n in range(5)))
    await site.desk.finish(await site.desk.start(now=after(20)), with_gates(), now=after(50))
    await site.desk.finish(await site.desk.start(now=after(60)), FAILED, now=after(70))
    site.clock.now = after(100)
    found = await scraped(site)
    assert found["patchdesk_patches_accepted_total",] == 5
    assert found["patchdesk_patches_ended_total", "web", "landed"] == 1
    assert found["patchdesk_patches_ended_total", "web", "failed"] == 1
    assert found["patchdesk_queue_depth", "web"] == 2
    assert found["patchdesk_queue_oldest_seconds", "web"] == 100
    assert found["patchdesk_waiting", "lanes"] == 3
    assert found["patchdesk_patch_wait_seconds_sum", "web"] == 20 + 60
    assert found["patchdesk_patch_run_seconds_sum", "web"] == 30 + 10
    assert found["patchdesk_patch_run_seconds_bucket", "web", "10.0"] == 1
    assert found["patchdesk_gate_seconds_sum", "web", "tests"] == 3
    assert found["patchdesk_gate_verdicts_total", "web", "tests", "passed"] == 1


async def test_every_end_is_folded_once(site: Site) -> None:
    for n in range(3):
        await site.desk.settle(asked(f"p-{n}"))
        await site.desk.finish(await site.desk.start(), LANDED, now=after(n))
        found = await scraped(site)
        assert found["patchdesk_patch_run_seconds_count", "web"] == n + 1
    assert (await scraped(site))["patchdesk_patch_run_seconds_count", "web"] == 3


async def test_what_ended_before_the_process_began_is_counted_and_not_folded(
    site: Site, tmp_path: Path
) -> None:
    await site.desk.settle(asked("p-1"), asked("p-2"))
    await site.desk.finish(await site.desk.start())
    async with open_site(tmp_path, site.session) as later:
        await site.desk.finish(await site.desk.start())
        found = await scraped(later)
    assert found["patchdesk_patches_ended_total", "web", "landed"] == 2
    assert found["patchdesk_patch_run_seconds_count", "web"] == 1


async def test_metrics_count_what_only_the_process_knows(site: Site) -> None:
    await site.get("/health", key="pdk-wrong")
    site.tallies.count(Counted.DELIVERIES, "post-card", "sent", many=2)
    site.tallies.count(Counted.LIMITED, "chat.postMessage")
    site.tallies.count(Counted.BLOCKS, "rejected")
    found = await scraped(site)
    assert found["patchdesk_http_refused_total", Reason.KEY_WRONG] == 1
    assert found["patchdesk_deliveries_total", "post-card", "sent"] == 2
    assert found["patchdesk_slack_limited_total", "chat.postMessage"] == 1
    assert found["patchdesk_blocks_total", "rejected"] == 1


async def test_metrics_tell_health_and_alerts_and_nothing_that_is_old(site: Site) -> None:
    await site.desk.engine.health.keep(HEALTH, now=NOW)
    await site.ask("POST", "/alerts", key=KEYS[Scope.ALERTS], json=message("DiskFull"))
    found = await scraped(site)
    assert found["patchdesk_health", "degraded"] == 1
    assert found["patchdesk_component_up", "lanes"] == 0
    assert found["patchdesk_component_restarts_total", "lanes"] == 3
    assert found["patchdesk_level_broken", "", "web", "queue-depth"] == 1
    assert ("patchdesk_level_broken", "", "", "clock-skew") not in found
    assert found["patchdesk_alerts", "critical", "waiting"] == 1
    site.clock.forward(timedelta(minutes=5))
    later = await scraped(site)
    assert later["patchdesk_health_age_seconds",] == 300
    assert not [name for name, *_ in later if name in ("patchdesk_health", "patchdesk_level_broken")]


async def test_prometheus_gets_the_format_that_it_asks_for(site: Site) -> None:
    asked_for = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = await site.get("/metrics", headers=asked_for)
    assert answer.content_type == "application/openmetrics-text"
    assert (await answer.text()).endswith("# EOF\n")
