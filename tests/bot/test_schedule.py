"""When a report is due: around clock changes, after a pause, after a clock was set."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.reports.schedule import Schedule, ScheduleError, due, schedules
from contracts.reports.settings import Kind, ReportSettings, ScheduleSettings
from contracts.reports.store import ReportKey

BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LATE = timedelta(minutes=15)


def daily(cron: str = "0 9 * * *", kind: Kind = Kind.DAILY) -> Schedule:
    return Schedule(ReportKey(kind, "C0TEAM", None), cron, BERLIN)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


class Desk:
    """Makes what is due, and remembers it as the store does."""

    def __init__(self, schedule: Schedule, since: datetime = LONG_AGO) -> None:
        self.schedule, self.since = schedule, since
        self.latest: datetime | None = None
        self.made: list[tuple[str, datetime, bool]] = []

    def look(self, now: datetime) -> None:
        found = due(self.schedule, now=now, since=self.since, latest=self.latest, late=LATE)
        if found is not None:
            self.latest = found.period.end
            self.made.append((found.period.label, now, found.late))

    def labels(self) -> list[str]:
        return [label for label, _, _ in self.made]


def times(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    while start < end:
        yield start
        start += step


@pytest.mark.parametrize("cron", ["0 9 * * *", "30 2 * * *", "0 0 * * *", "0 3 * * *"])
@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
def test_a_day_on_which_clocks_change_is_reported_once_and_so_are_its_neighbours(
    cron: str, change: str
) -> None:
    noon = berlin(f"{change}T12:00")
    desk = Desk(daily(cron))
    for now in times(noon - timedelta(days=2), noon + timedelta(days=2), timedelta(minutes=10)):
        desk.look(now)
    day = datetime.fromisoformat(change).date()
    assert desk.labels() == [f"{day + timedelta(days=shift)}" for shift in range(-3, 2)]
    # The first was missed before we looked; all others came within a tick.
    assert [late for _, _, late in desk.made] == [True, False, False, False, False]


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
def test_a_report_comes_at_nine_by_the_clock_on_the_wall(change: str) -> None:
    desk = Desk(daily(), since=berlin(f"{change}T08:00"))
    for now in times(berlin(f"{change}T08:00"), berlin(f"{change}T10:00"), timedelta(seconds=30)):
        desk.look(now)
    [(_, at, late)] = desk.made
    assert at == berlin(f"{change}T09:00")
    assert not late


def test_of_several_missed_ones_the_latest_is_caught_up_and_says_so() -> None:
    desk = Desk(daily())
    desk.look(berlin("2026-06-01T09:00"))
    desk.look(berlin("2026-06-05T14:00"))
    desk.look(berlin("2026-06-05T14:01"))
    assert [(label, late) for label, _, late in desk.made] == [("2026-05-31", False), ("2026-06-04", True)]


def test_a_new_schedule_catches_nothing_up() -> None:
    desk = Desk(daily(), since=berlin("2026-06-01T12:00"))
    desk.look(berlin("2026-06-01T12:00"))
    assert desk.made == []
    desk.look(berlin("2026-06-02T09:00"))
    assert desk.labels() == ["2026-06-01"]


def test_a_clock_that_is_set_back_and_forth_makes_nothing_twice() -> None:
    desk = Desk(daily())
    for text in ("06-05T09:00", "06-03T09:00", "06-05T08:59", "06-05T09:01", "06-06T09:00", "06-01T00:00"):
        desk.look(berlin(f"2026-{text}"))
    assert desk.labels() == ["2026-06-04", "2026-06-05"]


def test_a_clock_that_was_ahead_is_waited_for() -> None:
    desk = Desk(daily())
    desk.look(berlin("2027-06-05T09:00"))
    desk.look(berlin("2026-06-05T09:00"))
    desk.look(berlin("2027-06-06T09:00"))
    assert desk.labels() == ["2027-06-04", "2027-06-05"]


def test_two_weeks_are_reported_every_second_week() -> None:
    desk = Desk(daily("0 9 * * 1", Kind.DEMO), since=berlin("2026-06-01T00:00"))
    for week in range(8):
        desk.look(berlin("2026-06-01T09:00") + timedelta(weeks=week))
    assert desk.labels() == ["2026-W20-W21", "2026-W22-W23", "2026-W24-W25", "2026-W26-W27", "2026-W28-W29"]


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Pacific/Auckland"])
def test_another_time_zone_makes_no_week_twice_and_passes_none_over(zone: str) -> None:
    key = ReportKey(Kind.WEEKLY, "C0TEAM", None)
    desk = Desk(Schedule(key, "0 9 * * 1", ZoneInfo("UTC")))
    desk.look(datetime(2026, 6, 1, 9, tzinfo=UTC))
    desk.schedule = Schedule(key, "0 9 * * 1", ZoneInfo(zone))
    for hours in range(24 * 14):
        desk.look(datetime(2026, 6, 1, 9, tzinfo=UTC) + timedelta(hours=hours))
    assert desk.labels() == ["2026-W22", "2026-W23", "2026-W24"][: len(desk.made)]
    assert len(desk.made) >= 2


def scheduled(**given: str) -> ScheduleSettings:
    return ScheduleSettings.model_validate({"kind": "daily", "channel": "C0TEAM", **given})


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"cron": "0 25 * * *"}, "hour"),
        ({"cron": "0 9 * *"}, "five fields"),
        ({"cron": "0 9 30 2 *"}, "never comes"),
        ({"zone": "Mars/Olympus"}, "time zone"),
        ({"zone": "../../etc/passwd"}, "time zone"),
        ({"domain": "wep"}, "domain"),
    ],
)
def test_a_schedule_without_a_meaning_is_refused(given: dict[str, str], what: str) -> None:
    with pytest.raises(ScheduleError, match=what):
        schedules(ReportSettings(schedules=(scheduled(**given),)), ["web"])


def test_one_report_to_one_channel_has_one_schedule() -> None:
    twice = ReportSettings(schedules=(scheduled(), scheduled(cron="0 10 * * *")))
    with pytest.raises(ScheduleError, match="twice"):
        schedules(twice, ["web"])
    both = ReportSettings(schedules=(scheduled(), scheduled(domain="web")))
    assert len(schedules(both, ["web"])) == 2
