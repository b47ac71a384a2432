"""`patchdesk alerts`: what the configuration makes of an alert, in a folder with a real store."""

from datetime import timedelta

import yaml

from bot import clock
from bot.cli.exits import ExitCode
from contracts.alerts.model import Silence, SilenceChange
from contracts.alerts.silences import silence
from tests.cli.conftest import Place
from tests.cli.json_shapes import PROMISED, departures

OPERATIONS = {
    "alerts": {
        "people": {"ada": {"slack": "U0ADA"}, "bea": {"slack": "U0BEA"}},
        "schedules": {
            "desk": {
                "zone": "Europe/Berlin",
                "layers": [{"people": ["ada", "bea"], "start": "2026-03-02", "handover": "09:00"}],
            }
        },
        "chains": {"critical": [{"wait": 300}, {"on_call": "desk"}, {"wait": 600}, {"on_call": "desk"}]},
    }
}


def settings(place: Place, operations: object = OPERATIONS) -> None:
    place.write("patchdesk.yml", "slack: {operators: C0OPS}\ndomains: {web: {channels: [C0WEB]}}\n")
    place.write("operations.yml", yaml.safe_dump(operations))


async def test_it_prints_the_route_the_group_and_every_step_with_who_is_on_call_then(place: Place) -> None:
    settings(place)
    labels = "alertname=disk-low,severity=critical,domain=web"
    ran = await place.run("alerts", "test", "--labels", labels, "--at", "2026-03-09T08:50:00+01:00")
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    lines = ran.out.splitlines()
    assert lines[0] == "There is no store here, so no silence was looked at."
    assert lines[1].startswith(
        'Route {}/{severity="critical"} takes severity="critical": C0WEB, chain critical'
    )
    assert 'Group {alertname="disk-low", domain="web"}' in lines[2]
    assert [line.split("  ", 2)[2] for line in lines[4:]] == [
        "its card: posted in C0WEB",
        "step 1, on call desk (ada): U0ADA in its thread",
        "step 2, on call desk (bea): U0BEA in its thread",
    ]


async def test_it_tells_what_silences_of_the_store_keep_back(place: Place) -> None:
    settings(place)
    now = clock.now()
    async with place._engine() as engine:
        made = silence(
            "sil-1",
            "alertname=disk-low",
            creator="U0ADA",
            comment="known",
            starts=now,
            ends=now + timedelta(hours=1),
            now=now,
        )
        assert isinstance(made, Silence)
        await engine.alerts.write([SilenceChange(made)], now=now)
    labels = "alertname=disk-low,severity=critical"
    ran = await place.run("alerts", "test", "--labels", labels)
    assert "Silenced by sil-1 until" in ran.out
    assert "no store" not in ran.out
    ran = await place.run("alerts", "test", "--labels", labels, "--json")
    assert list(departures(PROMISED["alerts test"], ran.json)) == []
    [group] = ran.json["groups"]
    assert group["hidden"]["by"] == "sil-1"
    assert [each["kind"] for each in group["happens"]] == [
        "hidden",
        "silence-ends",
        "shown",
        "opened",
        "escalated",
        "escalated",
    ]
    ran = await place.run("alerts", "test", "--labels", "alertname=other")
    assert "Silenced" not in ran.out


async def test_labels_and_times_that_are_none_are_refused(place: Place) -> None:
    settings(place)
    for labels in ("disk-low", "alertname!=x", ""):
        ran = await place.run("alerts", "test", "--labels", labels)
        assert (ran.code, "--labels alertname=" in ran.err) == (ExitCode.USAGE, True)
    ran = await place.run("alerts", "test", "--labels", "a=b", "--at", "yesterday")
    assert (ran.code, "2026-03-28T09:30" in ran.err) == (ExitCode.USAGE, True)


async def test_check_says_that_a_file_is_well_or_what_is_wrong_with_it(place: Place) -> None:
    settings(place)
    ran = await place.run("alerts", "check")
    assert (ran.code, "Nothing to object to." in ran.out) == (ExitCode.OK, True)
    settings(place, {"alerts": {"route": {"chain": "pager"}}})
    ran = await place.run("alerts", "check")
    assert (ran.code, "route {} names the chain 'pager'" in ran.err) == (ExitCode.USAGE, True)


async def test_check_names_what_would_leave_somebody_uninformed(place: Place) -> None:
    settings(place)
    place.write("patchdesk.yml", "domains: {web: {channels: [C0WEB]}}\n")
    ran = await place.run("alerts", "check")
    assert (ran.code, "may have no channel to speak in" in ran.out) == (ExitCode.NO, True)
