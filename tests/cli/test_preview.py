"""`patchdesk preview` and `submit --expect`: what is seen before is what lands, or nothing does."""

from bot.cli.exits import ExitCode
from contracts.states import PatchState
from tests.cli.conftest import Place
from tests.cli.json_shapes import PROMISED, departures

LANDS = """\
role: command_patch
target: greeter
title: Say goodbye, too
mutations:
  - {op: create, path: greeter/farewell.py, content: "WORD = 'Goodbye'\\n"}
"""
BY_ITSELF = LANDS.replace("greeter/farewell.py", "notes.txt").replace("Say goodbye, too", "Take a note")
#: Neither of its hunks fits.
CONFLICTS = """\
--- a/greeter/greeting.py
+++ b/greeter/greeting.py
@@ -1,2 +1,2 @@
-nothing like it
+something
 def other():
@@ -9,2 +9,2 @@
-nor this
+that
 and more
"""


async def test_preview_says_what_would_land_and_what_stands_before_it(place: Place) -> None:
    before = await place.origin.log()
    patch = place.write("p.yml", LANDS)
    ran = await place.run("preview", patch, "--json")
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    [seen] = ran.json["patches"]
    assert list(departures(PROMISED["preview"], ran.json)) == []
    assert [file["path"] for file in seen["files"]] == ["greeter/farewell.py"]
    assert (seen["faults"], seen["approvals"], seen["ahead"], seen["closed"]) == ([], [], [], [])
    gates = {gate["name"]: gate["runs"] for gate in seen["gates"]}
    assert gates["tests"] is True
    assert await place.origin.log() == before
    assert not (place.folder / "var").exists()
    plain = await place.run("preview", patch)
    assert seen["tree"] in plain.out
    assert "tests\trequired\truns" in plain.out


async def test_every_hunk_that_does_not_fit_is_named(place: Place) -> None:
    ran = await place.run("preview", place.write("p.diff", CONFLICTS), "--domain", "greeter", "--json")
    assert ran.code == ExitCode.NO
    [seen] = ran.json["patches"]
    assert seen["tree"] is None
    assert [each["facts"]["hunk"] for each in seen["faults"]] == ["1", "2"]


async def test_preview_names_approvals_gates_that_do_not_run_and_what_is_ahead(place: Place) -> None:
    gates = [{"name": "docs", "run": ["true"], "when": ["docs/**"]}]
    place.configure(gates=gates, protected=[{"paths": ["notes.txt"]}])
    async with place.desk(carries_out=False):
        await place.run("submit", place.write("first.yml", LANDS))
        ran = await place.run("pause", "greeter", "--", "a", "look")
        assert ran.code == ExitCode.OK
        ran = await place.run("preview", place.write("p.yml", BY_ITSELF), "--json")
    assert ran.code == ExitCode.OK
    [seen] = ran.json["patches"]
    [gate] = seen["gates"]
    assert (gate["runs"], gate["why_not"]["reason"]) == (False, "gate-paths")
    [approval] = seen["approvals"]
    assert approval["reason"] == "path-protected"
    assert [each["title"] for each in seen["ahead"]] == ["Say goodbye, too"]
    assert [each["why"] for each in seen["closed"]] == ["a look"]


async def test_what_was_seen_lands_and_after_a_move_nothing_does(place: Place) -> None:
    first, second = place.write("first.yml", LANDS), place.write("second.yml", BY_ITSELF)
    trees = []
    for patch in (first, second):
        ran = await place.run("preview", patch, "--json")
        trees.append(ran.json["patches"][0]["tree"])
    async with place.desk():
        landed = await place.run("submit", first, "--expect", trees[0], "--wait")
        assert landed.code == ExitCode.OK
        moved = await place.run("submit", second, "--expect", trees[1], "--wait")
        assert moved.code == ExitCode.NO
        assert "The base moved" in moved.out
        seen = (await place.run("preview", second, "--json")).json["patches"][0]["tree"]
        again = await place.run("submit", second, "--expect", seen, "--wait")
        assert again.code == ExitCode.OK
    ran = await place.run("queue", "--json")
    assert ran.json["patches"] == []


async def test_expect_is_for_one_patch_and_for_a_tree(place: Place) -> None:
    patch = place.write("p.yml", LANDS)
    assert (await place.run("submit", patch, "--expect", "HEAD")).code == ExitCode.USAGE
    two = place.write("two.md", f"```yaml\n{LANDS}```\n\n```yaml\n{BY_ITSELF}```\n")
    ran = await place.run("submit", two, "--expect", "0" * 40)
    assert ran.code == ExitCode.USAGE
    assert PatchState.LANDED not in ran.out


async def test_preview_names_what_may_change_the_patch_on_its_way(place: Place) -> None:
    formatter = {"name": "black", "run": ["black", "."], "when": ["*.py"]}
    other = {"name": "gofmt", "run": ["gofmt", "-w", "."], "when": ["*.go"]}
    place.configure(repair=[formatter, other], capture=True, commands="allow")
    patch = place.write("p.yml", LANDS + "validate: [make]\n")
    [seen] = (await place.run("preview", patch, "--json")).json["patches"]
    assert [(each["reason"], each["facts"]["by"]) for each in seen["reworked"]] == [
        ("may-capture", "validate"),
        ("may-repair", "black"),
    ]
    assert "Where a gate says no, it may be repaired by `black`." in (await place.run("preview", patch)).out


async def test_what_fits_but_for_its_blanks_is_offered_with_its_diff(place: Place) -> None:
    greeting = await place.origin.read("greeter/greeting.py")
    assert greeting is not None
    line = next(line for line in greeting.splitlines() if line.startswith("    return"))
    codex = f"*** Begin Patch\n*** Update File: greeter/greeting.py\n-{line.strip()}\n+pass\n*** End Patch\n"
    patch = place.write("p.txt", f"```\n{codex}```\n")
    seen = await place.run("preview", patch, "--domain", "greeter", "--json")
    tried = await place.run("try", patch, "--repo", str(place.origin.path), "--branch", "main")
    assert (seen.code, tried.code) == (ExitCode.NO, ExitCode.NO)
    [one] = seen.json["patches"]
    assert [each["reason"] for each in one["faults"]] == ["needs-adjusting"]
    assert [each["reason"] for each in one["offer"]["steps"]] == ["took-blanks"]
    for diff in (one["offer"]["diff"], tried.out):
        assert f"\n-{line}\n+    pass\n" in diff
