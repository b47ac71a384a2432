"""What a domain protects, judged by the worker on what a patch really changes, whatever the patch says."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from contracts.control import ApprovePatch
from contracts.faults import Reason
from contracts.gates import Verdict
from contracts.patch import Commands, Delete, Mutation, Rename, Replace, Write
from contracts.records import StoredPatch
from contracts.settings import DomainSettings, GateSettings, ProtectedSettings, SandboxSettings, Settings
from contracts.states import PatchState
from executor.sandbox.supervised import Supervised
from executor.workspace import Folders
from tests.contracts.test_secrets import TOKENS
from tests.executor.diffs import diff
from tests.executor.repositories import Content, Repo, make_origin
from tests.executor.shop import NEW, Shop, open_shop, shell

OpenShop = Callable[..., Awaitable[Shop]]
CI = ".github/workflows/ci.yml"
BASE: dict[str, Content] = {"a": b"1\n2\n3\n", CI: b"on: push\n", "tools/check.sh": (b"exit 0\n", 0o755)}


@pytest.fixture
def origin(tmp_path: Path) -> tuple[Repo, Repo]:
    return make_origin(tmp_path / "origin.git", BASE)


@pytest.fixture
async def shop_with(
    tmp_path: Path, origin: tuple[Repo, Repo], sandbox: Supervised, workspaces: Folders
) -> AsyncIterator[OpenShop]:
    """`await shop_with(*gates, **rules)`: a desk for the origin whose domain has these rules."""
    async with AsyncExitStack() as stack:

        async def shop(*gates: GateSettings, **rules: object) -> Shop:
            opened = await stack.enter_async_context(
                open_shop(tmp_path / "desk", origin[0], sandbox, workspaces, *gates)
            )
            domain = opened.settings.domains["shop"].model_dump() | rules
            opened.settings = _with(opened.settings, DomainSettings.model_validate(domain))
            return opened

        yield shop


def _with(settings: Settings, shop: DomainSettings) -> Settings:
    return settings.model_copy(update={"domains": {"shop": shop}})


def push(origin: tuple[Repo, Repo], files: dict[str, Content]) -> None:
    origin[1].commit(files)
    origin[1].git("push", "--quiet", "origin", "main")


def why(stored: StoredPatch) -> tuple[PatchState, Reason | None]:
    fault = stored.report.fault if stored.report else None
    return stored.state, fault.reason if fault else None


def asked(stored: StoredPatch) -> list[str]:
    assert stored.proposal is not None
    return [each.args.get("path") or each.args.get("field") or "hotfix" for each in stored.proposal.reasons]


async def approve(shop: Shop, stored: StoredPatch, *, by: str = "Ben") -> StoredPatch:
    """As it stands; then one turn."""
    assert stored.proposal is not None
    ruling = ApprovePatch(stored.id, stored.proposal.binding, by)
    assert await shop.engine.lanes.decide([ruling], now=shop.clock())
    assert await shop.worker().turn()
    return await shop.look(stored.id)


_EDIT = diff("a", "@@ -1,3 +1,3 @@\n-1\n+one\n 2\n 3\n")
_CREATE = diff(".github/x", "@@ -0,0 +1 @@\n+x\n", old=None, extra="new file mode 100644\n")


@pytest.mark.parametrize(
    ("mutation", "paths"),
    [
        (Write(CI, b"on: never\n"), [CI]),
        (Delete(CI), [CI]),
        (Replace(CI, "push", "never"), [CI]),
        (Rename(CI, "ci.yml"), [CI]),
        (Rename("a", ".github/a"), [".github/a"]),
        (Write("sub/.gitattributes", b"* text\n"), ["sub/.gitattributes"]),
        (Write(".patchdesk.yml", b"commands: allow\n"), [".patchdesk.yml"]),
        (_CREATE, [".github/x"]),
    ],
)
async def test_whatever_way_a_protected_path_is_changed_it_waits(
    shop_with: OpenShop, origin: tuple[Repo, Repo], mutation: Mutation, paths: list[str]
) -> None:
    shop = await shop_with(shell("pass", "true"))
    stored = await shop.carry_out(mutation)
    assert why(stored) == (PatchState.PROPOSED, Reason.NEEDS_APPROVAL)
    assert asked(stored) == paths
    assert "finished" in shop.points
    assert "checked-out" not in shop.points, "nothing of it runs before it is approved"
    assert origin[0].git("rev-list", "--count", "main").strip() == "1"


async def test_what_only_mentions_a_protected_path_and_leaves_it_alone_needs_nobody(
    shop_with: OpenShop,
) -> None:
    shop = await shop_with()
    stored = await shop.carry_out(Write(CI, b"on: push\n"), NEW)
    assert (stored.state, stored.report and stored.report.approved) == (PatchState.LANDED, None)


async def test_an_approved_patch_passes_its_gates_and_its_report_says_who_approved_what(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    shop = await shop_with(shell("pass", f"grep -q never {CI}"))
    stored = await approve(shop, await shop.carry_out(Write(CI, b"on: never\n")))
    assert (stored.state, stored.tries) == (PatchState.LANDED, 2)
    assert stored.report is not None
    assert stored.report.approved is not None
    assert (stored.report.approved.by, len(stored.report.approved.reasons)) == ("Ben", 1)
    assert [gate.verdict for gate in stored.report.gates] == [Verdict.PASSED]
    assert origin[0].at("main")[CI][1] == b"on: never\n"


async def test_an_approval_lets_nothing_past_a_gate(shop_with: OpenShop) -> None:
    shop = await shop_with(shell("no", "exit 1"))
    stored = await approve(shop, await shop.carry_out(Write(CI, b"on: never\n")))
    assert why(stored) == (PatchState.FAILED, Reason.GATE_FAILED)


async def test_a_change_elsewhere_on_the_branch_leaves_an_approval_as_it_is(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    shop = await shop_with()
    stored = await shop.carry_out(Write(CI, b"on: never\n"))
    push(origin, {"b": b"elsewhere\n"})
    assert (await approve(shop, stored)).state is PatchState.LANDED


@pytest.mark.parametrize("moved", [{CI: b"on: pusH\n"}, {".patchdesk.yml": b"commands: refuse\n"}])
async def test_one_byte_of_the_base_or_of_its_policy_voids_an_approval(
    shop_with: OpenShop, origin: tuple[Repo, Repo], moved: dict[str, Content]
) -> None:
    shop = await shop_with()
    first = await shop.carry_out(Write(CI, b"on: never\n"))
    push(origin, moved)
    second = await approve(shop, first)
    assert why(second) == (PatchState.PROPOSED, Reason.APPROVAL_VOID)
    assert second.report is not None
    assert second.report.fault is not None
    assert second.report.fault.args["by"] == "Ben"
    assert first.proposal
    assert second.proposal
    assert first.proposal.binding != second.proposal.binding
    assert not await shop.engine.lanes.decide(
        [ApprovePatch(first.id, first.proposal.binding, "Ben")], now=shop.clock()
    )
    assert (await approve(shop, second)).state is PatchState.LANDED


async def test_a_changed_policy_of_the_operators_voids_an_approval(shop_with: OpenShop) -> None:
    shop = await shop_with()
    first = await shop.carry_out(Write(CI, b"on: never\n"))
    stricter = shop.settings.domains["shop"].model_copy(
        update={"gates": (GateSettings(name="new", run=("true",)),)}
    )
    shop.settings = _with(shop.settings, stricter)
    assert why(await approve(shop, first)) == (PatchState.PROPOSED, Reason.APPROVAL_VOID)


async def test_what_is_refused_fails_before_anybody_is_asked(shop_with: OpenShop) -> None:
    rules = (ProtectedSettings.model_validate({"paths": ["legal/**"], "rule": "refuse"}),)
    shop = await shop_with(protected=rules)
    stored = await shop.carry_out(Write("legal/terms", b"ours\n"), Write(CI, b"x\n"))
    assert why(stored) == (PatchState.FAILED, Reason.PATH_REFUSED)


async def test_a_credential_is_refused_before_anybody_is_asked(shop_with: OpenShop) -> None:
    shop = await shop_with()
    stored = await shop.carry_out(Write(CI, f"key: {TOKENS['github']}\n".encode()))
    assert why(stored) == (PatchState.FAILED, Reason.CREDENTIALS_ADDED)


#: The word that says it is no key is among the first 200 characters of the file, and not of its diff.
_DISGUISE = "-----BEGIN {0}-----\n" + "#\n" * 80 + "placeholder\nrun: x\n-----END {0}-----\n"


async def test_nobody_is_asked_to_approve_lines_that_they_would_not_be_shown(shop_with: OpenShop) -> None:
    shop = await shop_with(shell("pass", "true"))
    stored = await shop.carry_out(Write(CI, _DISGUISE.format("PRIVATE " + "KEY").encode()))
    assert why(stored) == (PatchState.FAILED, Reason.APPROVAL_HIDDEN)
    hidden = (Commands("validate", ("echo fine", f"curl {TOKENS['password-in-address']}")),)
    stored = await shop.carry_out(NEW, commands=hidden)
    assert why(stored) == (PatchState.FAILED, Reason.APPROVAL_HIDDEN)
    assert stored.report is not None
    assert stored.report.fault is not None
    assert stored.report.fault.args == {"name": "validate"}


async def test_what_the_branch_had_may_be_out_of_sight(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    push(origin, {CI: f"key: {TOKENS['github']}\nrun: x\n".encode()})
    shop = await shop_with()
    stored = await shop.carry_out(Replace(CI, "run: x", "run: y"))
    assert why(stored) == (PatchState.PROPOSED, Reason.NEEDS_APPROVAL)
    assert stored.proposal is not None
    assert TOKENS["github"] not in stored.proposal.diff
    assert "+run: y" in stored.proposal.diff


async def test_a_gates_own_files_are_protected(shop_with: OpenShop) -> None:
    gate = GateSettings(name="check", run=("sh", "./tools/check.sh"))
    shop = await shop_with(gate)
    stored = await shop.carry_out(Write("tools/check.sh", b"exit 0 # always\n"))
    assert why(stored) == (PatchState.PROPOSED, Reason.NEEDS_APPROVAL)
    assert asked(stored) == ["tools/check.sh"]


async def test_the_proposal_has_the_diff_with_what_is_protected_first(shop_with: OpenShop) -> None:
    shop = await shop_with()
    stored = await shop.carry_out(_EDIT, Write("0", b"0\n"), Delete(CI))
    assert stored.proposal is not None
    shown = stored.proposal.diff
    assert shown.startswith(f"diff --git a/{CI} b/{CI}\ndeleted file")
    assert "-1\n+one\n" in shown
    long = await shop.carry_out(Write(".github/long", b"line\n" * 40_000))
    assert long.proposal is not None
    assert len(long.proposal.diff) < 70_000
    assert long.proposal.diff.endswith(" more characters\n")


# Shell lines -----------------------------------------------------------------------------------
LINES = (Commands("validate", ("echo first", "echo changed > a", "test -e new")),)


async def test_approved_shell_lines_run_as_a_gate_and_what_they_change_does_not_land(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    shop = await shop_with(shell("pass", "test -e new", env={"SECRET": "hush"}))
    first = await shop.carry_out(NEW, commands=LINES)
    assert asked(first) == ["validate"]
    stored = await approve(shop, first)
    assert stored.state is PatchState.LANDED
    assert stored.report is not None
    assert [(gate.name, gate.verdict, gate.required) for gate in stored.report.gates] == [
        ("pass", Verdict.PASSED, True),
        ("validate", Verdict.PASSED, True),
    ]
    assert stored.report.gates[1].output == "first\n"
    assert origin[0].at("main")["a"][1] == b"1\n2\n3\n"


async def test_shell_lines_end_at_the_first_that_fails_and_see_nothing_of_the_gates_environment(
    shop_with: OpenShop,
) -> None:
    shop = await shop_with(shell("pass", "true", env={"SECRET": "hush"}), commands="allow")
    stored = await shop.carry_out(NEW, commands=(Commands("test", ("env", "false", "echo later")),))
    assert why(stored) == (PatchState.FAILED, Reason.GATE_FAILED)
    assert stored.report is not None
    output = stored.report.gates[-1].output
    assert "PATH=" in output
    assert "later" not in output
    assert "SECRET" not in output


async def test_shell_lines_do_not_run_below_the_operators_sandbox_level(shop_with: OpenShop) -> None:
    shop = await shop_with(commands="allow")
    shop.settings = shop.settings.model_copy(update={"sandbox": SandboxSettings(min_level=4)})
    stored = await shop.carry_out(NEW, commands=LINES)
    assert why(stored) == (PatchState.FAILED, Reason.SANDBOX_TOO_LOW)


async def test_a_domain_may_take_no_shell_lines(shop_with: OpenShop) -> None:
    shop = await shop_with(commands="refuse")
    assert why(await shop.carry_out(NEW, commands=LINES)) == (PatchState.FAILED, Reason.COMMANDS_REFUSED)
    assert (await shop.carry_out(NEW)).state is PatchState.LANDED


# The repository's own policy -------------------------------------------------------------------
OWN_GATE = b"gates:\n  - name: own\n    run: [sh, -c, test -e absent]\n"


async def test_the_policy_of_the_base_counts_and_not_the_one_that_the_patch_brings(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    push(origin, {".patchdesk.yml": b"protected:\n  - {paths: [a], rule: refuse}\n"})
    shop = await shop_with()
    change = (Write("a", b"x\n"), Write(".patchdesk.yml", b"protected: []\n"))
    assert why(await shop.carry_out(*change)) == (PatchState.FAILED, Reason.PATH_REFUSED)
    assert why(await shop.carry_out(Write("a", b"y\n"), Delete(".patchdesk.yml"))) == (
        PatchState.FAILED,
        Reason.PATH_REFUSED,
    )


async def test_gates_of_the_repository_run_where_the_operators_allow_them(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    push(origin, {".patchdesk.yml": OWN_GATE})
    shop = await shop_with(shell("pass", "true"), repository_gates=True)
    assert why(await shop.carry_out(NEW)) == (PatchState.FAILED, Reason.GATE_FAILED)


async def test_gates_of_the_repository_that_may_not_run_are_shown_as_skipped(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    push(origin, {".patchdesk.yml": OWN_GATE})
    shop = await shop_with(shell("pass", "true"))
    stored = await shop.carry_out(NEW)
    assert stored.state is PatchState.LANDED
    assert stored.report is not None
    assert [(gate.name, gate.verdict) for gate in stored.report.gates] == [
        ("pass", Verdict.PASSED),
        ("own", Verdict.SKIPPED),
    ]


async def test_a_broken_policy_fails_every_patch_with_its_line(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    push(origin, {".patchdesk.yml": b"commands: refuse\nprotect: []\n"})
    shop = await shop_with()
    stored = await shop.carry_out(NEW)
    assert why(stored) == (PatchState.FAILED, Reason.POLICY_FILE_BROKEN)
    assert stored.report is not None
    assert stored.report.fault is not None
    assert (stored.report.fault.file, stored.report.fault.line) == (".patchdesk.yml", 2)


async def test_a_patch_cannot_bring_a_policy_that_nobody_can_read(shop_with: OpenShop) -> None:
    shop = await shop_with()
    stored = await shop.carry_out(Write(".patchdesk.yml", b"- broken\n"))
    assert why(stored) == (PatchState.FAILED, Reason.POLICY_WOULD_BREAK)


async def test_a_policy_that_is_no_file_is_broken(shop_with: OpenShop, origin: tuple[Repo, Repo]) -> None:
    push(origin, {".patchdesk.yml": "-> a"})
    shop = await shop_with()
    assert why(await shop.carry_out(NEW)) == (PatchState.FAILED, Reason.POLICY_FILE_BROKEN)
