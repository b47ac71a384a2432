"""What a patch's shell lists and a domain's repair commands make of a candidate, as far as the branch."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.faults import Reason
from contracts.gates import Verdict
from contracts.outcome import Report, Step
from contracts.patch import Commands, Write
from contracts.records import StoredPatch
from contracts.settings import DomainSettings, GateSettings
from contracts.states import PatchState
from executor.sandbox.supervised import Supervised
from executor.workspace import Folders, open_folders
from tests.executor.repositories import Repo, make_repo
from tests.executor.shop import NEW, Shop, open_shop, shell
from tests.executor.waiting import until

Opening = Callable[..., Awaitable[Shop]]
LINES = b"one\ntwo\n"
#: What a formatter makes of `new`, and what a gate asks for.
TIDY = "sed -i s/new/tidy/ new"
IS_TIDY = shell("tidy", "grep -q tidy new")


@pytest.fixture
def theirs(tmp_path: Path) -> Repo:
    files = {"a": LINES, "ci/check": b"", "other": b"new\n", ".gitignore": b"*.o\n"}
    return make_repo(tmp_path / "theirs.git", files)


@pytest.fixture
async def shop_with(
    tmp_path: Path, theirs: Repo, sandbox: Supervised, workspaces: Folders
) -> AsyncIterator[Opening]:
    """`await shop_with(*gates, **rules)`: a shop whose domain has these gates and rules."""
    async with AsyncExitStack() as stack:

        async def shop(*gates: GateSettings, **rules: Any) -> Shop:
            theirs.git("checkout", "--quiet", "--detach")
            made = await stack.enter_async_context(
                open_shop(tmp_path / "desk", theirs, sandbox, workspaces, *gates)
            )
            domain = made.settings.domains["shop"]
            changed = DomainSettings.model_validate(domain.model_dump() | {"commands": "allow"} | rules)
            return replace(made, settings=made.settings.model_copy(update={"domains": {"shop": changed}}))

        yield shop


def repair(name: str, script: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "run": ("/bin/sh", "-ec", script), **options}


def lists(*scripts: str) -> tuple[Commands, ...]:
    names = ("postMutationBuild", "validate")
    return tuple(Commands(name, (script,)) for name, script in zip(names, scripts, strict=False))


def told(stored: StoredPatch) -> list[Reason]:
    return [each.reason for each in report_of(stored).resolutions]


def report_of(stored: StoredPatch) -> Report:
    assert stored.report is not None
    return stored.report


def why(stored: StoredPatch) -> tuple[PatchState, Reason | None]:
    wrong = report_of(stored).fault
    return stored.state, wrong.reason if wrong else None


def on_main(theirs: Repo) -> dict[str, bytes]:
    return {path: content for path, (_, content) in theirs.at("main").items()}


# What shell lists change -------------------------------------------------------------------------
async def test_what_shell_lists_change_lands_where_the_domain_captures_and_every_gate_has_seen_it(
    shop_with: Opening, theirs: Repo
) -> None:
    shop = await shop_with(shell("look", "cat built || echo none"), capture=True)
    stored = await shop.carry_out(NEW, commands=lists("cp new built; rm -f a; touch x.o"))
    assert why(stored) == (PatchState.LANDED, None)
    report = report_of(stored)
    assert report.gates[0].output == "new\n"
    assert [file.path for file in report.files] == ["a", "built", "new"]
    [captured] = report.resolutions
    assert (captured.reason, captured.args) == (
        Reason.CAPTURED,
        {"by": "postMutationBuild", "files": "a built", "count": "2"},
    )
    assert set(on_main(theirs)) == {"new", "built", "ci/check", "other", ".gitignore"}
    assert Step.REWORK in [step.step for step in report.steps]


async def test_elsewhere_it_does_not_land(shop_with: Opening, theirs: Repo) -> None:
    stored = await (await shop_with()).carry_out(NEW, commands=lists("cp new built"))
    assert (why(stored), told(stored)) == ((PatchState.LANDED, None), [])
    assert "built" not in on_main(theirs)


async def test_a_list_works_on_what_the_one_before_it_made_and_lists_that_change_nothing_are_not_told(
    shop_with: Opening, theirs: Repo
) -> None:
    shop = await shop_with(capture=True)
    stored = await shop.carry_out(NEW, commands=lists("cp new built", "test -e built"))
    assert why(stored) == (PatchState.LANDED, None)
    assert report_of(stored).resolutions[0].args["by"] == "postMutationBuild"
    assert on_main(theirs)["built"] == b"new\n"


async def test_lists_that_change_files_every_time_are_taken_once_and_it_is_told(
    shop_with: Opening, theirs: Repo
) -> None:
    shop = await shop_with(capture=True)
    stored = await shop.carry_out(NEW, commands=lists("echo more >> new"))
    assert told(stored) == [Reason.CAPTURED, Reason.CAPTURED_AGAIN]
    assert on_main(theirs)["new"] == b"new\nmore\n"


async def test_what_landed_is_what_the_gates_said_yes_to_and_not_what_lists_would_make_of_it_next(
    shop_with: Opening, theirs: Repo
) -> None:
    """The second time a list leaves what nobody could take, and the one after it still runs."""
    shop = await shop_with(capture=True)
    commands = lists("test -e built && mkfifo pipe; cp new built", "test ! -e pipe")
    stored = await shop.carry_out(NEW, commands=commands)
    assert (why(stored), told(stored)) == (
        (PatchState.LANDED, None),
        [Reason.CAPTURED, Reason.CAPTURED_AGAIN],
    )
    assert [gate.verdict for gate in report_of(stored).gates] == [Verdict.PASSED, Verdict.PASSED]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo x > ci/check", Reason.LEFT_UNSEEN),
        ("echo 'gates: 3' > .patchdesk.yml", Reason.POLICY_WOULD_BREAK),
        ("ln -s / out", Reason.LEFT_NO_FILE),
        ("mkdir -p .git; echo x > .git/config", Reason.PATH_DOTGIT),
        ("rm new", Reason.LEFT_NOTHING),
        ("exit 3", Reason.GATE_FAILED),
    ],
)
async def test_what_no_patch_may_do_no_list_does_either(
    shop_with: Opening, theirs: Repo, script: str, reason: Reason
) -> None:
    shop = await shop_with(shell("check", "./ci/check; true"), capture=True, protected=())
    before = on_main(theirs)
    assert why(await shop.carry_out(NEW, commands=lists(script))) == (PatchState.FAILED, reason)
    assert on_main(theirs) == before


async def test_lists_together_change_no_more_than_one_patch_may(shop_with: Opening, theirs: Repo) -> None:
    shop = await shop_with(capture=True)
    limits = shop.settings.limits.model_copy(update={"files": 5})
    shop = replace(shop, settings=shop.settings.model_copy(update={"limits": limits}))
    four = "for i in 1 2 3 4; do echo x > {}$i; done"
    stored = await shop.carry_out(NEW, commands=lists(four.format("a"), four.format("b")))
    assert why(stored) == (PatchState.FAILED, Reason.TOO_MANY_FILES)
    assert why(await shop.carry_out(NEW, commands=lists(four.format("a")))) == (PatchState.LANDED, None)


async def test_credentials_that_a_list_adds_are_found(shop_with: Opening) -> None:
    key = "AKIA" + "QWERTYUIOPASDFGH"
    shop = await shop_with(capture=True)
    stored = await shop.carry_out(NEW, commands=lists(f"echo {key} > key"))
    assert why(stored) == (PatchState.FAILED, Reason.CREDENTIALS_ADDED)


async def test_a_gate_that_says_no_to_what_was_captured_keeps_all_of_it_from_landing(
    shop_with: Opening, theirs: Repo
) -> None:
    shop = await shop_with(shell("none", "test ! -e built"), capture=True)
    stored = await shop.carry_out(NEW, commands=lists("cp new built"))
    assert (why(stored), told(stored)) == ((PatchState.FAILED, Reason.GATE_FAILED), [Reason.CAPTURED])
    assert [file.path for file in report_of(stored).files] == ["built", "new"]
    assert "new" not in on_main(theirs)


async def test_a_patch_that_is_to_land_as_one_tree_lands_as_no_other(shop_with: Opening) -> None:
    shop = await shop_with(capture=True)
    seen = report_of(await shop.carry_out(NEW, expects="0" * 40)).fault
    assert seen is not None
    stored = await shop.carry_out(NEW, commands=lists("cp new built"), expects=seen.args["found"])
    assert why(stored) == (PatchState.FAILED, Reason.LEFT_OTHER_TREE)


async def test_what_is_captured_is_the_same_where_gates_work_on_an_overlay(
    tmp_path: Path, theirs: Repo, shop_with: Opening, box: Supervised | None
) -> None:
    if box is None:
        pytest.skip("there are no overlays to be had here")
    shop = await shop_with(shell("look", "cat built || echo none"), capture=True)
    with open_folders(tmp_path / "untouched", box.owner, untouched=True) as folders:
        shop = replace(shop, sandbox=box, workspaces=folders)
        commands = lists("rm -rf ci; mkdir ci; cp new ci/new; chmod +x new", "mv ci/new built || true")
        stored = await shop.carry_out(NEW, commands=commands)
    assert why(stored) == (PatchState.LANDED, None)
    assert theirs.at("main").keys() == {"a", "new", "built", "other", ".gitignore"}
    assert theirs.at("main")["new"] == ("100755", b"new\n")


# What repair commands change ---------------------------------------------------------------------
async def test_a_candidate_that_a_repair_makes_pass_lands_as_repaired_and_it_is_told(
    shop_with: Opening, theirs: Repo
) -> None:
    shop = await shop_with(IS_TIDY, repair=[repair("formatter", TIDY)], resolve={"repair": "auto"})
    stored = await shop.carry_out(NEW)
    assert why(stored) == (PatchState.LANDED, None)
    report = report_of(stored)
    [gate], [repaired] = report.gates, report.resolutions
    assert gate.verdict is Verdict.PASSED
    assert (repaired.reason, repaired.args) == (
        Reason.REPAIRED,
        {"gate": "tidy", "by": "formatter", "files": "new", "count": "1"},
    )
    assert on_main(theirs)["new"] == b"tidy\n"


async def test_by_default_the_repaired_patch_is_offered_and_the_first_verdict_stands(
    shop_with: Opening, theirs: Repo
) -> None:
    shop = await shop_with(IS_TIDY, repair=[repair("formatter", TIDY)])
    stored = await shop.carry_out(NEW)
    assert why(stored) == (PatchState.FAILED, Reason.GATE_FAILED)
    report = report_of(stored)
    assert report.gates[0].verdict is Verdict.FAILED
    assert report.offer is not None
    assert [step.reason for step in report.offer.steps] == [Reason.REPAIRED]
    theirs.git("checkout", "--quiet", "--detach", "main")
    theirs.git("apply", "-", stdin=report.offer.diff)
    assert (theirs.path / "new").read_bytes() == b"tidy\n"


async def test_whoever_named_the_tree_is_offered_another_one(shop_with: Opening) -> None:
    shop = await shop_with(IS_TIDY, repair=[repair("formatter", TIDY)], resolve={"repair": "auto"})
    seen = report_of(await shop.carry_out(NEW, expects="0" * 40)).fault
    assert seen is not None
    stored = await shop.carry_out(NEW, expects=seen.args["found"])
    assert why(stored) == (PatchState.FAILED, Reason.GATE_FAILED)
    assert report_of(stored).offer is not None


@pytest.mark.parametrize(
    ("script", "reasons"),
    [
        ("true", [Reason.REPAIR_IDLE]),
        ("echo other > new", [Reason.REPAIR_IN_VAIN, Reason.GATE_FAILED]),
        (f"{TIDY}; echo no such file; echo; exit 2", [Reason.REPAIR_BROKE, Reason.GATE_FAILED]),
        ("rm new", [Reason.REPAIR_BROKE, Reason.LEFT_NOTHING]),
        (f"{TIDY}; mkdir .github; echo x > .github/x", [Reason.REPAIR_BROKE, Reason.LEFT_UNSEEN]),
    ],
)
async def test_a_repair_that_does_not_help_is_told_and_the_first_verdict_stands(
    shop_with: Opening, theirs: Repo, script: str, reasons: list[Reason]
) -> None:
    command = repair("formatter", script, files="any")
    shop = await shop_with(IS_TIDY, repair=[command], resolve={"repair": "auto"})
    stored = await shop.carry_out(NEW)
    assert (why(stored), told(stored)) == ((PatchState.FAILED, Reason.GATE_FAILED), reasons)
    assert report_of(stored).gates[0].name == "tidy"
    said = report_of(stored).resolutions[0].args.get("said", "")
    assert said == ("no such file" if "exit 2" in script else "")
    assert "new" not in on_main(theirs)


@pytest.mark.parametrize(("files", "other"), [("touched", b"new\n"), ("any", b"tidy\n")])
async def test_a_repair_changes_what_the_patch_touches_unless_it_may_change_more(
    shop_with: Opening, theirs: Repo, files: str, other: bytes
) -> None:
    command = repair("formatter", "sed -i s/new/tidy/ new other", files=files)
    shop = await shop_with(IS_TIDY, repair=[command], resolve={"repair": "auto"})
    await shop.carry_out(NEW)
    assert (on_main(theirs)["new"], on_main(theirs)["other"]) == (b"tidy\n", other)


async def test_repairs_run_one_after_the_other_where_the_patch_concerns_them(
    shop_with: Opening, theirs: Repo
) -> None:
    commands = [
        repair("first", "sed -i s/new/half/ new", when=("new",)),
        repair("never", "echo x > new", when=("*.py",)),
        repair("second", "sed -i s/half/tidy/ new"),
    ]
    shop = await shop_with(IS_TIDY, repair=commands, resolve={"repair": "auto"})
    stored = await shop.carry_out(NEW)
    assert report_of(stored).resolutions[0].args["by"] == "first second"
    assert on_main(theirs)["new"] == b"tidy\n"


@pytest.mark.parametrize(
    "gate", [shell("slow", "sleep 30", timeout=0.2), shell("hint", "exit 1", required=False)]
)
async def test_nothing_is_repaired_where_no_gate_said_no(
    shop_with: Opening, tmp_path: Path, gate: GateSettings
) -> None:
    shop = await shop_with(gate, repair=[repair("formatter", TIDY)], resolve={"repair": "auto"})
    stored = await shop.carry_out(NEW)
    assert Step.REWORK not in [step.step for step in report_of(stored).steps]


async def test_nothing_is_repaired_where_the_domain_does_not_want_it(shop_with: Opening) -> None:
    shop = await shop_with(IS_TIDY, repair=[repair("formatter", TIDY)], resolve={"repair": "never"})
    stored = await shop.carry_out(NEW)
    assert (why(stored), told(stored)) == ((PatchState.FAILED, Reason.GATE_FAILED), [])
    assert report_of(stored).offer is None


@pytest.mark.parametrize(
    ("new", "makes", "steps"),
    [
        (b"new\n", "cp new built", [Reason.REPAIRED, Reason.CAPTURED]),
        (b"tidy\n", "echo raw > built", [Reason.CAPTURED, Reason.REPAIRED, Reason.CAPTURED_AGAIN]),
    ],
)
async def test_lists_and_repairs_change_a_candidate_once_each_in_any_order(
    shop_with: Opening, theirs: Repo, new: bytes, makes: str, steps: list[Reason]
) -> None:
    shop = await shop_with(
        IS_TIDY,
        shell("both", "! test -e built || grep -q tidy built"),
        capture=True,
        repair=[repair("formatter", f"{TIDY}; ! test -e built || echo tidy > built")],
        resolve={"repair": "auto"},
    )
    stored = await shop.carry_out(Write("new", new), commands=lists(makes))
    assert (why(stored), told(stored)) == ((PatchState.LANDED, None), steps)
    assert on_main(theirs)["built"] == b"tidy\n"


async def test_a_stop_ends_a_repair_as_it_ends_a_gate(shop_with: Opening, tmp_path: Path) -> None:
    sign = tmp_path / "signs"
    sign.mkdir()
    sign.chmod(0o777)
    command = repair("formatter", f"touch {sign}/begun; sleep 300")
    shop = await shop_with(IS_TIDY, repair=[command])
    await shop.submit(NEW)
    turn = asyncio.create_task(shop.worker().turn())
    await until((sign / "begun").exists)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert not list((tmp_path / "workspaces").glob("desk-*/w-*"))
