"""`patchdesk oncall`: who has the duty, and who takes it, through the inbox of a desk that runs."""

from bot.cli.exits import ExitCode
from tests.cli.conftest import Place
from tests.cli.json_shapes import PROMISED, departures
from tests.cli.test_alerts import settings


async def duty(place: Place) -> str:
    shown = await place.run("oncall", "show", "--json")
    assert list(departures(PROMISED["oncall show"], shown.json)) == []
    [schedule] = shown.json["schedules"]
    return str(schedule["shifts"][0]["person"])


async def test_somebody_takes_the_duty_and_gives_it_back(place: Place) -> None:
    settings(place)
    has = await duty(place)
    other = "bea" if has == "ada" else "ada"
    async with place.desk(carries_out=False):
        taken = await place.run("oncall", "take", other, "--until", "2h")
        assert (taken.code, taken.out) == (ExitCode.OK, "Done.\n")
        assert await duty(place) == other
        again = await place.run("oncall", "take", other)
        assert (again.code, again.err.splitlines()[0]) == (
            ExitCode.NO,
            f"patchdesk: {other} is on call for `desk` already.",
        )
        assert (await place.run("oncall", "return", other)).code == ExitCode.OK
        assert await duty(place) == has
        assert (await place.run("oncall", "return", other)).code == ExitCode.NO


async def test_nobody_is_shown_or_takes_what_the_settings_do_not_name(place: Place) -> None:
    assert "No schedule is set up" in (await place.run("oncall", "show")).out
    settings(place)
    assert (await place.run("oncall", "show", "desc")).code == ExitCode.USAGE
    refused = await place.run("oncall", "take", "cyd")
    assert (refused.code, refused.err.splitlines()[0]) == (
        ExitCode.USAGE,
        "patchdesk: cyd is none of the people: ada and bea",
    )
