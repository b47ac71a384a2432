"""The commands, in a folder with a real repository and a real store."""

import json
from dataclasses import replace

import jsonschema
import pytest
import yaml

from bot.__main__ import main
from bot.cli.exits import ExitCode
from bot.cli.look import told
from bot.delivery.wording import patches
from contracts.control import Proposal
from contracts.faults import Fault, Reason, fault
from contracts.gates import Verdict
from contracts.outcome import Offer
from contracts.patch import Commands
from contracts.repository_policy import RepositoryPolicy, read_policy
from contracts.states import PatchState
from tests.cli.conftest import Place
from tests.cli.json_shapes import PROMISED, departures
from tests.delivery.rows import FAILED, REPORT

LANDS = """\
role: command_patch
target: greeter
title: Say goodbye, too
mutations:
  - {op: create, path: greeter/farewell.py, content: "WORD = 'Goodbye'\\n"}
"""
BREAKS_A_TEST = """\
--- a/greeter/greeting.py
+++ b/greeter/greeting.py
@@ -4,3 +4,3 @@
 def greet(name: str) -> str:
     \"\"\"A greeting for *name*; people without a name are friends.\"\"\"
-    return f"Hello, {name or 'friend'}!"
+    return f"Good day, {name or 'friend'}."
"""
BROKEN = '{\n  "role": "command_patch",\n  "target": "greeter",\n  "mutations": [}\n'


def shaped_as(name: str, real: object) -> None:
    assert list(departures(PROMISED[name], real)) == []


# try -------------------------------------------------------------------------------------------
async def test_try_says_that_a_patch_would_land_and_lands_nothing(place: Place) -> None:
    before = await place.origin.log()
    ran = await place.run(
        "try", place.write("p.yml", LANDS), "--repo", place.origin.path, "--domain", "greeter"
    )
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert "would land" in ran.out
    assert "greeter/farewell.py\tadded\t1\t0" in ran.out
    assert await place.origin.log() == before


async def test_try_says_no_where_a_gate_does(place: Place) -> None:
    patch = place.write("p.diff", BREAKS_A_TEST)
    ran = await place.run("try", patch, "--repo", place.origin.path, "--domain", "greeter", "--json")
    assert ran.code == ExitCode.NO
    [tried] = ran.json["patches"]
    assert tried["report"]["fault"] == {**PROMISED["fault"], "facts": {"gate": "tests", "code": "1"}}
    assert [gate["verdict"] for gate in tried["report"]["gates"]] == ["passed", "failed"]
    shaped_as("try", ran.json)


async def test_try_runs_the_gates_that_are_named_on_the_spot(place: Place) -> None:
    patch, repo = place.write("p.yml", LANDS), place.origin.path
    gates = ["--gate", "there=test -f greeter/farewell.py", "--gate", 'quoted=sh -c "exit 3"']
    ran = await place.run("try", patch, "--repo", repo, *gates, "--json")
    report = ran.json["patches"][0]["report"]
    assert [(gate["name"], gate["verdict"]) for gate in report["gates"]] == [
        ("there", Verdict.PASSED.name.lower()),
        ("quoted", Verdict.FAILED.name.lower()),
    ]
    assert report["fault"]["facts"]["code"] == "3"


async def test_try_needs_no_configuration_and_takes_standard_input(place: Place) -> None:
    (place.folder / "patchdesk.yml").unlink()
    ran = await place.run("try", "-", "--repo", place.origin.path, "--branch", "main", stdin=BREAKS_A_TEST)
    assert ran.code == ExitCode.OK
    assert "no gate checked it" in ran.out


async def test_try_of_a_broken_block_says_where_it_is_broken(place: Place) -> None:
    ran = await place.run("try", place.write("p.json", BROKEN), "--repo", place.origin.path)
    assert ran.code == ExitCode.NO
    assert "line 4, column 17" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nowhere.diff", "--repo", "x"], "nowhere.diff cannot be read: No such file or directory"),
        (["p.yml", "--repo", "x", "--gate", "pytest"], "NAME=PROGRAM ARGUMENTS"),
        (["p.yml", "--repo", "x", "--gate", 't="'], "No closing quotation"),
        (["p.yml", "--repo", "x", "--domain", "greter"], "Did you mean `greeter`?"),
        (["p.yml"], "Missing option"),
    ],
)
async def test_try_that_is_called_wrongly_says_how_it_is_meant(
    place: Place, argv: list[str], said: str
) -> None:
    place.write("p.yml", LANDS)
    ran = await place.run("try", *argv)
    assert ran.code == ExitCode.USAGE
    assert said in ran.err
    assert "Traceback" not in ran.err


async def test_try_in_a_repository_that_is_not_there_is_not_the_patchs_fault(place: Place) -> None:
    ran = await place.run("try", place.write("p.yml", LANDS), "--repo", place.folder / "gone.git")
    assert ran.code == ExitCode.DESK
    assert "could not be reached" in ran.out


# submit ----------------------------------------------------------------------------------------
async def test_submit_follows_a_patch_until_it_has_landed(place: Place) -> None:
    async with place.desk():
        ran = await place.run("submit", place.write("p.yml", LANDS), "--wait")
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert "Landed on `main`" in ran.out
    [newest, *_] = await place.origin.log()
    assert newest.subject == "Say goodbye, too"
    assert newest.patch in ran.out


async def test_submit_follows_a_patch_until_a_gate_said_no(place: Place) -> None:
    before = await place.origin.log()
    async with place.desk():
        ran = await place.run(
            "submit", "-", "--domain", "greeter", "--title", "Formal", "--wait", stdin=BREAKS_A_TEST
        )
    assert ran.code == ExitCode.NO
    assert "The gate `tests` said no" in ran.out
    assert "Log of tests" in ran.out
    assert await place.origin.log() == before


async def test_submit_without_a_desk_records_and_says_so(place: Place) -> None:
    patch = place.write("p.yml", LANDS)
    ran = await place.run("submit", patch)
    assert ran.code == ExitCode.OK
    assert "No desk is running" in ran.out
    assert (await place.run("submit", patch, "--wait")).code == ExitCode.DESK
    assert (await place.run("status", "--json")).json["waiting_for"]["inbox"] == 2


async def test_the_same_idempotency_key_submits_once(place: Place) -> None:
    argv = ("submit", place.write("p.yml", LANDS), "--idempotency-key", "release-7")
    first, second = await place.run(*argv), await place.run(*argv)
    assert (first.code, second.code) == (ExitCode.OK, ExitCode.OK)
    assert "recorded before" in second.out
    assert (await place.run("status", "--json")).json["waiting_for"]["inbox"] == 1


async def test_submit_of_what_is_no_patch_records_nothing(place: Place) -> None:
    ran = await place.run("submit", place.write("p.json", BROKEN))
    assert ran.code == ExitCode.NO
    assert "line 4, column 17" in ran.err
    assert not (place.folder / "var").exists()


# status, queue, show ---------------------------------------------------------------------------
async def test_what_is_read_has_the_shape_that_is_promised(place: Place) -> None:
    async with place.desk():
        await place.run("submit", place.write("p.yml", LANDS), "--wait")
        await place.run("submit", "-", "--domain", "greeter", "--wait", stdin=BREAKS_A_TEST)
        running = (await place.run("status", "--json")).json["running"]
    status, queue = await place.run("status", "--json"), await place.run("queue", "greeter", "--json")
    landed = (await place.origin.log())[0].patch
    shown = await place.run("show", landed, "--json")
    assert (running, status.json["running"]) == (True, False)
    assert status.json["patches"] == dict.fromkeys(status.json["patches"], 0) | {"landed": 1, "failed": 1}
    assert status.json["domains"][0]["landed"] == 1
    assert shown.json["report"]["commit"] == (await place.origin.log())[0].commit
    for name, ran in (("status", status), ("queue", queue), ("show", shown)):
        shaped_as(name, ran.json)
    [tried] = PROMISED["try"]["patches"]
    assert list(departures(tried["report"], shown.json["report"])) == []


async def test_what_waits_is_listed_and_is_not_queued_again(place: Place) -> None:
    patch = place.write("p.yml", LANDS)
    async with place.desk(carries_out=False):
        await place.run("submit", patch, "--title", "\x1b[2J\u202e look")
        again = await place.run("submit", patch, "--wait")
    assert again.code == ExitCode.NO
    assert "in the queue already" in again.out
    queue, as_json = await place.run("queue"), await place.run("queue", "greeter", "--json")
    [line] = queue.out.splitlines()
    domain, position, _, state, _, _, title = line.split("\t")
    assert (domain, position, state) == ("greeter", "1", "next")
    assert title == r"\x1b[2J\u202e look", "a title is somebody else's words"
    [waiting] = as_json.json["patches"]
    assert waiting["state"] == "ready"
    shaped_as("queue", as_json.json)


async def test_a_patch_that_is_not_there_is_a_no(place: Place) -> None:
    await place.run("submit", place.write("p.yml", LANDS))
    ran = await place.run("show", "zzzzzzzz")
    assert ran.code == ExitCode.NO
    assert "no patch `zzzzzzzz`" in ran.err


@pytest.mark.parametrize(
    "argv", [["status"], ["queue"], ["show", "x"], ["db", "check"], ["db", "backup", "b"]]
)
async def test_without_a_store_it_is_said_how_one_comes_to_be(place: Place, argv: list[str]) -> None:
    ran = await place.run(*argv)
    assert ran.code == ExitCode.DESK
    assert "there is no store yet" in ran.err
    assert not (place.folder / "var").exists()


async def test_a_data_folder_that_is_a_file_is_said_without_a_traceback(place: Place) -> None:
    place.write("var", "not a folder")
    ran = await place.run("submit", place.write("p.yml", LANDS))
    assert ran.code == ExitCode.DESK
    assert "the store cannot be used" in ran.err


# db --------------------------------------------------------------------------------------------
async def test_a_backup_can_be_made_the_store_again(place: Place) -> None:
    await place.run("submit", place.write("p.yml", LANDS))
    assert (await place.run("db", "backup", "copy.db")).code == ExitCode.OK
    await place.run("submit", place.write("p.yml", LANDS))
    assert (await place.run("db", "restore", "copy.db")).code == ExitCode.OK
    assert (await place.run("status", "--json")).json["waiting_for"]["inbox"] == 1


async def test_a_backup_overwrites_nothing(place: Place) -> None:
    await place.run("submit", place.write("p.yml", LANDS))
    kept = place.write("precious.txt", "mine")
    ran = await place.run("db", "backup", kept)
    assert (ran.code, kept.read_text(encoding="utf-8")) == (ExitCode.USAGE, "mine")


async def test_a_store_that_a_desk_holds_is_not_replaced(place: Place) -> None:
    await place.run("submit", place.write("p.yml", LANDS))
    await place.run("db", "backup", "copy.db")
    async with place.desk():
        ran = await place.run("db", "restore", "copy.db")
    assert ran.code == ExitCode.DESK
    assert "stop it first" in ran.err


async def test_what_is_no_backup_is_not_made_the_store(place: Place) -> None:
    await place.run("submit", place.write("p.yml", LANDS))
    assert (await place.run("db", "restore", "p.yml")).code == ExitCode.USAGE
    assert (await place.run("db", "restore", "gone.db")).code == ExitCode.USAGE
    assert (await place.run("db", "check")).code == ExitCode.OK


async def test_a_damaged_store_is_found_out(place: Place) -> None:
    await place.run("submit", place.write("p.yml", LANDS))
    store = place.folder / "var/desk.db"
    content = bytearray(store.read_bytes())
    content[4096:8192] = bytes(4096)
    store.write_bytes(content)
    ran = await place.run("db", "check", "--json")
    assert ran.code == ExitCode.NO
    assert ran.json["problems"]
    shaped_as("db check", ran.json)


# schema, run, and what all have in common ------------------------------------------------------
async def test_the_schemas_take_what_the_desk_takes(place: Place) -> None:
    settings = (await place.run("schema", "settings")).json
    jsonschema.validate(yaml.safe_load((place.folder / "patchdesk.yml").read_bytes()), settings)
    jsonschema.validate(yaml.safe_load(LANDS), (await place.run("schema", "patch")).json)


async def test_the_schema_of_a_repositorys_policy_takes_what_the_desk_takes(place: Place) -> None:
    schema = (await place.run("schema", "repository")).json
    whole = {
        "gates": [{"name": "types", "run": ["mypy", "."], "timeout": 120, "when": ["*.py"]}],
        "protected": [{"paths": ["LICENSE"], "rule": "refuse"}],
        "commands": "refuse",
        "credentials": "refuse",
    }
    for policy in ({}, whole):
        jsonschema.validate(policy, schema)
        assert isinstance(read_policy(yaml.safe_dump(policy).encode()), RepositoryPolicy)
    networked = {"name": "g", "run": ["x"], "network": True}
    refused: list[dict[str, object]] = [{"protect": []}, {"gates": [networked]}]
    for wrong in refused:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
        assert isinstance(read_policy(yaml.safe_dump(wrong).encode()), Fault)


async def test_a_desk_without_tokens_says_what_to_do(place: Place) -> None:
    ran = await place.spawn("run")
    assert ran.code == ExitCode.USAGE
    assert "SLACK_BOT_TOKEN" in ran.err
    assert "docs/connect-slack.md" in ran.err


async def test_a_configuration_with_mistakes_is_refused_with_all_of_them(place: Place) -> None:
    place.configure(branhc="main", channels=["general"])
    ran = await place.run("status")
    assert ran.code == ExitCode.USAGE
    assert "branhc" in ran.err
    assert "channels.0" in ran.err


# As processes ----------------------------------------------------------------------------------
async def test_a_misspelt_command_is_answered_with_the_right_one(place: Place) -> None:
    ran = await place.spawn("staus")
    assert ran.code == ExitCode.USAGE
    assert "Did you mean 'status'" in ran.err


async def test_a_whole_process_leaves_with_the_code_of_its_answer(place: Place) -> None:
    ran = await place.spawn("try", "-", "--repo", place.origin.path, "--gate", "no=false", stdin=LANDS)
    assert ran.code == ExitCode.NO
    assert (await place.spawn("submit", "-", stdin=LANDS)).code == ExitCode.OK


def test_a_surprise_is_not_taken_for_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python leaves with 1 when something is raised that nobody expected."""

    def surprised() -> None:
        raise LookupError("nobody expected this")

    monkeypatch.setattr("bot.__main__.run", surprised)
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == ExitCode.DESK


# doctor ----------------------------------------------------------------------------------------
async def test_the_doctors_report_has_the_shape_that_is_promised(place: Place) -> None:
    ran = await place.run("doctor", "--json")
    shaped_as("doctor", ran.json)
    assert {finding["area"] for finding in ran.json["findings"]} >= {
        "git",
        "store",
        "sandbox",
        "domain greeter",
    }
    assert json.dumps(ran.json).count('"wrong"') == (ran.code == ExitCode.NO)


async def test_the_doctor_of_a_broken_configuration_says_what_is_broken(place: Place) -> None:
    place.configure(repository=7)
    ran = await place.run("doctor")
    assert ran.code == ExitCode.NO
    assert "domains.greeter.repository" in ran.out


def test_show_has_all_that_is_to_be_approved() -> None:
    asks = (fault(Reason.COMMANDS_PROTECTED, field="validate", count=1),)
    patch = replace(FAILED.patch, commands=(Commands("validate", ("make",)),))
    row = replace(FAILED, state=PatchState.PROPOSED, patch=patch, proposal=Proposal("b", asks, "+new\n"))
    assert list(told(row))[-1] == "`validate` would run:\nmake\n\n+new\n"


def test_show_has_the_adjusted_patch_and_says_how_it_is_taken() -> None:
    took = fault(Reason.TOOK_BLANKS, path="a", number=1, at=2, differs="blanks")
    report = replace(REPORT, offer=Offer(b"diff --git a/a b/a\n", (took,)), resolutions=())
    said = list(told(replace(FAILED, report=report)))
    assert patches.OFFERED in "\n".join(said)
    assert said[-2:] == ["diff --git a/a b/a", f"`patchdesk adjust {FAILED.id}` has it tried."]
