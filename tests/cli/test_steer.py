"""Stopping, holding, ordering and closing from a shell, through the inbox of a desk that runs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import yaml

from bot.cli.exits import ExitCode
from contracts.control import Closing
from contracts.ports import Engine
from contracts.records import StoredPatch
from contracts.states import PatchState
from executor.engine import open_engine
from tests.cli.conftest import Place, Ran
from tests.cli.json_shapes import PROMISED, departures
from tests.cli.test_commands import LANDS

T = TypeVar("T")


def shaped_as(name: str, real: object) -> None:
    assert list(departures(PROMISED[name], real)) == []


async def looked(place: Place, look: Callable[[Engine], Awaitable[T]]) -> T:
    engine = await open_engine(place.config.database_url, identity="looking")
    try:
        return await look(engine)
    finally:
        await engine.close()


async def submitted(place: Place, text: str = LANDS) -> str:
    """The id of the patch that came of it, in a desk that carries nothing out."""
    assert (await place.run("submit", place.write("p.yml", text))).code == ExitCode.OK
    async with asyncio.timeout(10):
        # The desk decides in its own time, and the store rings no bell here.
        while not (queued := (await place.run("queue", "--json")).json["patches"]):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    found: str = queued[-1]["id"]
    return found


async def row(place: Place, patch: str) -> StoredPatch:
    found = await looked(place, lambda engine: engine.ledger.patch(patch))
    assert found is not None
    return found


async def closings(place: Place) -> list[Closing]:
    return [each.closing for each in await looked(place, lambda engine: engine.ledger.closed())]


def done(ran: Ran) -> None:
    assert (ran.code, ran.out, ran.err) == (ExitCode.OK, "Done.\n", "")


async def test_a_patch_is_held_moved_resumed_and_taken_back(place: Place) -> None:
    async with place.desk(carries_out=False):
        patch = await submitted(place)
        done(await place.run("hold", patch, "until", "the release"))
        hold = (await row(place, patch)).hold
        assert hold is not None
        assert hold.why == "until the release"
        why = await place.run("why", patch)
        assert "Held by" in why.out
        assert "(until the release)." in why.out
        shown = await place.run("show", patch)
        assert "Held by" in shown.out
        done(await place.run("resume", patch))
        done(await place.run("priority", patch, "high"))
        assert (await place.run("show", patch, "--json")).json["priority"] == "high"
        done(await place.run("cancel", patch.upper()))
        assert (await row(place, patch)).state is PatchState.CANCELLED
        again = await place.run("stop", patch)
        assert again.code == ExitCode.NO
        assert "which is cancelled" in again.err


async def test_a_set_is_shown_held_resumed_and_stopped_by_its_own_id(place: Place) -> None:
    settings = {"domains": {"greeter": place.domain, "site": {"channels": ["C0SITE"]}}}
    place.write("patchdesk.yml", yaml.safe_dump(settings))
    async with place.desk(carries_out=False):
        patch = await submitted(place, LANDS.replace("target: greeter", "target: both"))
        found = (await place.run("show", patch, "--json")).json["set"]
        shown = (await place.run("show", found.upper(), "--json")).json
        shaped_as("show set", shown)
        assert [each["domain"] for each in shown["patches"]] == shown["domains"] == ["greeter", "site"]
        assert "0 of 2 landed: 2 next." in (await place.run("show", found)).out
        done(await place.run("hold", found, "for", "now"))
        why = await place.run("why", found)
        assert ("greeter: Held by" in why.out, "site: Held by" in why.out) == (True, True)
        reasons = (await place.run("why", found, "--json")).json
        assert [each["outlook"]["hold"]["why"] for each in reasons["patches"]] == ["for now"] * 2
        done(await place.run("resume", found))
        done(await place.run("stop", found))
        assert {each["state"] for each in (await place.run("show", found, "--json")).json["patches"]} == {
            "cancelled"
        }
        again = await place.run("stop", found)
        assert again.code == ExitCode.NO
        assert "is over" in again.err


async def test_a_set_is_followed_to_its_end_and_summed_up(place: Place) -> None:
    elsewhere = place.domain | {"branch": "nowhere"}
    settings = {"domains": {"greeter": place.domain, "site": elsewhere}}
    place.write("patchdesk.yml", yaml.safe_dump(settings))
    patch = place.write("p.yml", LANDS.replace("target: greeter", "target: [greeter, site]"))
    seen = await place.run("preview", patch)
    assert "greeter: Say goodbye, too: on `main` at" in seen.out
    assert "site: Say goodbye, too: it would not land." in seen.out
    async with place.desk():
        ran = await place.run("submit", patch, "--wait")
    assert ran.code == ExitCode.NO
    assert "1 of 2 landed: site did not land." in ran.out
    assert "greeter · landed as" in ran.out


async def test_what_was_stopped_comes_again_under_another_id(place: Place) -> None:
    async with place.desk(carries_out=False):
        patch = await submitted(place)
        done(await place.run("stop", patch))
        refused = await place.run("replay", patch, "--json")
        assert refused.code == ExitCode.NO
        assert refused.json["refused"]["reason"] == "state-unfit"
        shaped_as("steer", refused.json)


async def test_a_domain_is_paused_drained_frozen_and_opened(place: Place) -> None:
    async with place.desk(carries_out=False):
        done(await place.run("pause", "greeter", "the build machine is away"))
        patch = await submitted(place)
        ran = await place.run("why", patch, "--json")
        assert [each["closing"] for each in ran.json["outlook"]["closed"]] == ["paused"]
        assert "greeter is paused by" in (await place.run("status")).out
        done(await place.run("resume", "greeter"))
        done(await place.run("freeze", "greeter", "--until", "2h", "release"))
        assert await closings(place) == [Closing.FROZEN]
        done(await place.run("unfreeze", "greeter"))
        done(await place.run("drain", "greeter", "moving"))
        late = place.write("q.yml", LANDS.replace("farewell", "later"))
        ran = await place.run("submit", late, "--wait")
        assert ran.code == ExitCode.NO
        assert "takes no new patches" in ran.out
        assert await closings(place) == [Closing.DRAINING]


async def test_the_kill_switch_works_from_a_shell(place: Place) -> None:
    async with place.desk(carries_out=False):
        halted = await place.run("halt", "something is wrong", "--json")
        assert halted.json == {"done": True, "refused": None, "patches": []}
        assert await closings(place) == [Closing.HALTED]
        done(await place.run("unhalt"))
        nothing = await place.run("unhalt")
        assert nothing.code == ExitCode.NO
        assert "There is nothing to end" in nothing.err


async def test_without_a_desk_it_is_recorded_and_said_so(place: Place) -> None:
    ran = await place.run("halt", "before", "it", "starts")
    assert (ran.code, ran.out.partition("\n")[0]) == (ExitCode.OK, "Recorded.")
    assert "No desk is running" in ran.out
    assert await closings(place) == []
    async with place.desk(carries_out=False), asyncio.timeout(10):
        while await closings(place) != [Closing.HALTED]:  # noqa: ASYNC110 - the store rings no bell here
            await asyncio.sleep(0.01)


async def test_a_wrong_word_is_told_here_and_now(place: Place) -> None:
    wrong = await place.run("pause", "greter", "typing")
    assert wrong.code == ExitCode.USAGE
    assert "greeter" in wrong.err
    assert (await place.run("hold", "k3v9x2ab")).code == ExitCode.USAGE
    assert (await place.run("priority", "k3v9x2ab", "soonish")).code == ExitCode.USAGE


async def test_json_has_the_promised_shape(place: Place) -> None:
    async with place.desk(carries_out=False):
        patch = await submitted(place)
        shaped_as("why", (await place.run("why", patch, "--json")).json)
        shaped_as("steer", (await place.run("pause", "greeter", "so", "--json")).json)
        shaped_as("status", (await place.run("status", "--json")).json)
        shaped_as("show", (await place.run("show", patch, "--json")).json)
