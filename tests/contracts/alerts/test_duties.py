"""Who takes a duty on call has it, before whoever else would; and only until they said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from contracts.alerts.duties import Duty, given_back, named, taken, with_duties
from contracts.alerts.oncall import on_call
from contracts.alerts.rules import Rules
from contracts.alerts.settings import AlertSettings
from contracts.faults import Fault, Reason
from contracts.settings import Settings

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
WEEKLY = {"people": ["ada", "bea"], "start": "2026-03-02", "days": 7, "handover": "09:00"}
ALERTS = AlertSettings.model_validate(
    {
        "people": {"ada": {"slack": "U0ADA"}, "bea": {"slack": "U0BEA"}, "cyd": {"slack": "U0CYD"}},
        "schedules": {"web": {"layers": [WEEKLY]}},
    }
)
RULES = Rules(ALERTS, Settings())


def take(
    user: str, text: str = "", *, schedule: str | None = None, alerts: AlertSettings = ALERTS
) -> Duty | Fault:
    return taken("d-1", schedule, text, person=named(user, alerts), alerts=alerts, now=NOW, zone=BERLIN)


def refused(found: object) -> Reason:
    assert isinstance(found, Fault)
    return found.reason


@pytest.mark.parametrize(
    ("text", "ends"),
    [("2h", NOW + 2 * HOUR), ("18:00", NOW + 5 * HOUR), ("", datetime(2026, 3, 9, 9, tzinfo=UTC))],
)
def test_a_duty_is_taken_for_a_length_until_a_time_of_day_or_for_the_rest_of_the_shift(
    text: str, ends: datetime
) -> None:
    assert take("U0CYD", text) == Duty("d-1", "web", "cyd", NOW, ends)


def test_what_cannot_be_taken_says_why() -> None:
    assert refused(take("U0STRANGER")) is Reason.NOT_IN_PEOPLE
    assert refused(take("U0ADA")) is Reason.DUTY_HELD
    assert refused(take("U0BEA", "some day")) is Reason.BAD_SPAN
    assert refused(take("U0BEA", schedule="wbe")) is Reason.UNKNOWN_SCHEDULE
    two = ALERTS.model_copy(update={"schedules": {**ALERTS.schedules, "api": ALERTS.schedules["web"]}})
    assert refused(take("U0BEA", alerts=two)) is Reason.MISSING_FIELD
    alone = {"web": {"layers": [{**WEEKLY, "people": ["ada"]}]}}
    endless = AlertSettings.model_validate({**ALERTS.model_dump(include={"people"}), "schedules": alone})
    assert refused(take("U0BEA", alerts=endless)) is Reason.DUTY_ENDLESS


def who(duties: list[Duty], at: datetime = NOW) -> str | None:
    return on_call(with_duties(RULES, duties).alerts.schedules["web"], at)


def test_the_last_who_took_it_has_it_and_after_them_the_one_before() -> None:
    cyd = Duty("d-1", "web", "cyd", NOW, NOW + 4 * HOUR)
    bea = Duty("d-2", "web", "bea", NOW + HOUR, NOW + 2 * HOUR)
    held = [who([cyd, bea], NOW + hours * HOUR) for hours in range(5)]
    assert held == ["cyd", "bea", "cyd", "cyd", "ada"]


def test_a_duty_of_whom_the_settings_do_not_name_any_more_is_nobodys() -> None:
    gone = Duty("d-1", "web", "gone", NOW, NOW + HOUR)
    assert who([gone, Duty("d-2", "gone", "cyd", NOW, NOW + HOUR)]) == "ada"


def test_only_what_somebody_took_is_given_back() -> None:
    cyd = Duty("d-1", "web", "cyd", NOW - HOUR, NOW + HOUR)
    ended = given_back(None, [cyd], person="cyd", alerts=ALERTS, now=NOW)
    assert ended == (Duty("d-1", "web", "cyd", NOW - HOUR, NOW),)
    assert refused(given_back("web", [cyd], person="bea", alerts=ALERTS, now=NOW)) is Reason.DUTY_NOT_TAKEN
    assert refused(given_back("web", [cyd], person=None, alerts=ALERTS, now=NOW)) is Reason.NOT_IN_PEOPLE
    late = given_back(None, [cyd], person="cyd", alerts=ALERTS, now=NOW + HOUR)
    assert refused(late) is Reason.DUTY_NOT_TAKEN
