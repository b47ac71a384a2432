"""Freeze windows, decided from the settings, what is closed, and the time."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from contracts.control import Closed, CloseDomain, Closing, OpenDomain
from contracts.freezing import freezes
from contracts.settings import DomainSettings, Settings

FRIDAY = {"why": "no releases on Fridays", "weekdays": ["fri"], "zone": "Europe/Berlin"}
WEEKEND = {"why": "the weekend", "weekdays": ["fri:sun"], "zone": "Europe/Berlin"}
#: A Friday.
NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 6, 23, tzinfo=UTC)
WINDOW = Closed(
    "web", Closing.FROZEN, "", "no releases on Fridays", datetime(2026, 3, 5, 23, tzinfo=UTC), MIDNIGHT
)


def settings(*windows: Mapping[str, object]) -> Settings:
    return Settings(domains={"web": DomainSettings.model_validate({"freeze": windows})})


def test_a_window_closes_its_domain_for_as_long_as_it_lasts_in_its_own_time_zone() -> None:
    assert freezes(settings(FRIDAY), (), NOON) == (CloseDomain(WINDOW),)
    assert freezes(settings(FRIDAY), (), MIDNIGHT) == ()


def test_what_is_closed_as_it_should_be_is_left_alone() -> None:
    assert freezes(settings(FRIDAY), (WINDOW,), NOON) == ()
    assert freezes(settings(FRIDAY), (WINDOW,), NOON + timedelta(hours=3)) == ()


def test_a_domain_whose_window_was_taken_out_of_the_settings_is_opened() -> None:
    assert freezes(settings(), (WINDOW,), NOON) == (OpenDomain("web", Closing.FROZEN, WINDOW),)


def test_what_a_person_froze_is_opened_at_its_end_and_not_before() -> None:
    hers = replace(WINDOW, by="Ada", why="release")
    assert freezes(settings(), (hers,), MIDNIGHT - timedelta(seconds=1)) == ()
    assert freezes(settings(), (hers,), MIDNIGHT) == (OpenDomain("web", Closing.FROZEN, hers),)
    elsewhere = replace(hers, domain="taken-out")
    assert freezes(settings(), (elsewhere,), MIDNIGHT) == (
        OpenDomain("taken-out", Closing.FROZEN, elsewhere),
    )


def test_of_two_windows_the_longer_one_counts() -> None:
    [decided] = freezes(settings(FRIDAY, WEEKEND), (), NOON)
    assert isinstance(decided, CloseDomain)
    assert (decided.closed.why, decided.closed.until) == ("the weekend", MIDNIGHT + timedelta(days=2))


def test_what_a_person_froze_stays_theirs_while_it_lasts_longer() -> None:
    hers = replace(WINDOW, by="Ada", why="release", until=MIDNIGHT + timedelta(hours=1))
    assert freezes(settings(FRIDAY), (hers,), NOON) == ()
    assert freezes(settings(FRIDAY), (replace(hers, until=None),), NOON) == ()
    assert freezes(settings(), (hers,), NOON) == ()


def test_a_persons_freeze_that_ends_before_the_window_goes_over_into_it() -> None:
    hers = replace(WINDOW, by="Ada", why="release", until=MIDNIGHT - timedelta(hours=1))
    assert freezes(settings(FRIDAY), (hers,), NOON) == (CloseDomain(WINDOW),)


def test_other_closings_are_nobodys_business_here() -> None:
    paused = Closed("web", Closing.PAUSED, "Ada", "because", NOON)
    assert freezes(settings(), (paused,), NOON) == ()
