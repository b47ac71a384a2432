"""What needs an approval, what no approval helps, and what exactly an approval is of."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.approvals import Demands, binding, demands_of, reasons, refusal, unseen
from contracts.faults import Reason
from contracts.gates import GateSpec, Reach, RepairSpec
from contracts.patch import Changeset, Commands, Patch, Write
from contracts.protection import CommandRule, Protected, Rule
from contracts.resolving import Mending
from contracts.settings import ApproverSettings, DomainSettings, GateSettings

PATCH = Patch("web", Changeset((Write("a", b"1"),)), "A change")
WITH_LINES = replace(PATCH, commands=(Commands("validate", ("make", "true")),))
DEFAULTS = demands_of(DomainSettings())
NOBODY = ApproverSettings()


def asked(path: str, demands: Demands = DEFAULTS, *, present: str = "100644 abc") -> list[Reason]:
    return [each.reason for each in reasons(PATCH, {path: present}, demands)]


def gated(*run: str) -> Demands:
    return demands_of(DomainSettings(gates=(GateSettings(name="check", run=run),)))


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        ".github/CODEOWNERS",
        ".gitlab-ci.yml",
        ".gitmodules",
        ".gitattributes",
        "docs/.gitattributes",
        ".patchdesk.yml",
        ".GitHub/workflows/ci.yml",
        ".GITMODULES",
    ],
)
def test_what_works_outside_of_the_desks_sight_is_protected_unless_the_operators_say_otherwise(
    path: str,
) -> None:
    assert asked(path) == [Reason.PATH_PROTECTED]
    assert asked(path, demands_of(DomainSettings(protected=()))) == []


@pytest.mark.parametrize("path", ["src/a.py", "github/x", "docs/.patchdesk.yml", ".github.txt"])
def test_everything_else_is_free(path: str) -> None:
    assert asked(path) == []


@pytest.mark.parametrize(
    "run",
    [
        ("tools/check.py",),
        ("./tools/check.py", "--fast"),
        ("python3", "tools/../tools/check.py"),
        ("sh", "-c", "set -e; tools/check.py && make"),
        ("lint", "--config=tools/check.py"),
    ],
)
def test_the_files_that_a_gates_argv_names_are_the_gates_own(run: tuple[str, ...]) -> None:
    assert asked("tools/check.py", gated(*run)) == [Reason.GATE_FILE_PROTECTED]
    assert asked("tools/other.py", gated(*run)) == []


def test_a_word_of_a_script_is_a_gates_file_only_where_there_is_one() -> None:
    script = gated("sh", "-c", "! test -e bad")
    assert asked("bad", script, present="") == []
    assert asked("bad", script) == [Reason.GATE_FILE_PROTECTED]
    assert asked("bad", gated("test", "-e", "bad"), present="") == [Reason.GATE_FILE_PROTECTED]


def test_shell_lines_and_hotfixes_are_reasons_too() -> None:
    patch = replace(WITH_LINES, hotfix=True)
    found = reasons(patch, {}, DEFAULTS)
    assert [(each.reason, dict(each.args)) for each in found] == [
        (Reason.COMMANDS_PROTECTED, {"field": "validate", "count": "2"}),
        (Reason.HOTFIX_PROTECTED, {}),
    ]
    assert reasons(WITH_LINES, {}, replace(DEFAULTS, commands=CommandRule.ALLOW)) == ()


def test_whoever_approves_shell_lines_is_told_that_what_they_change_lands() -> None:
    [found] = reasons(WITH_LINES, {}, replace(DEFAULTS, capture=True))
    assert (found.reason, found.args) == (Reason.COMMANDS_CAPTURED, {"field": "validate", "count": "2"})


def test_what_nobody_has_seen_changes_nothing_that_needs_an_approval() -> None:
    listed = (Protected(("deploy/**",), Rule.APPROVE), Protected(("legal/**",), Rule.REFUSE))
    closed = replace(gated("./check"), protected=listed)
    for path, reason in (
        ("Deploy/x", Reason.LEFT_UNSEEN),
        ("check", Reason.LEFT_UNSEEN),
        ("legal/terms", Reason.PATH_REFUSED),
    ):
        wrong = unseen(["a", path], {"a": "", path: "100644 1"}, closed)
        assert wrong is not None
        assert (wrong.reason, wrong.args["path"]) == (reason, path)
    assert unseen(["a"], {"a": ""}, closed) is None


def test_what_is_refused_is_refused_whoever_would_approve_it() -> None:
    closed = replace(DEFAULTS, protected=(*DEFAULTS.protected, Protected(("legal/**",), Rule.REFUSE)))
    refused = refusal(PATCH, ["a", "legal/terms"], closed)
    assert refused is not None
    assert (refused.reason, refused.args) == (
        Reason.PATH_REFUSED,
        {"path": "legal/terms", "glob": "legal/**"},
    )
    assert refusal(PATCH, ["a"], closed) is None
    no_lines = refusal(WITH_LINES, ["a"], replace(DEFAULTS, commands=CommandRule.REFUSE))
    assert no_lines is not None
    assert no_lines.reason is Reason.COMMANDS_REFUSED


# The binding -----------------------------------------------------------------------------------
def bound(
    patch: Patch = PATCH,
    base: Mapping[str, str] | None = None,
    demands: Demands = DEFAULTS,
    approvers: ApproverSettings = NOBODY,
    policy_file: str = "",
) -> str:
    found = {"a": "100644 1"} if base is None else base
    return binding(patch, found, demands, approvers, policy_file=policy_file)


def test_an_approval_is_of_the_patch_the_base_and_the_policy_and_of_nothing_else() -> None:
    others = [
        bound(replace(PATCH, changeset=Changeset((Write("a", b"2"),)))),
        bound(WITH_LINES),
        bound(replace(WITH_LINES, commands=(Commands("validate", ("make", "true ")),))),
        bound(replace(PATCH, hotfix=True)),
        bound(base={"a": "100755 1"}),
        bound(base={"a": ""}),
        bound(base={"a": "100644 1", "b": ""}),
        bound(demands=replace(DEFAULTS, protected=())),
        bound(demands=replace(DEFAULTS, commands=CommandRule.ALLOW)),
        bound(demands=replace(DEFAULTS, gates=(GateSpec("g", ("true",)),))),
        bound(demands=replace(DEFAULTS, capture=True)),
        bound(demands=replace(DEFAULTS, repairs=(RepairSpec(GateSpec("g", ("true",))),))),
        bound(demands=replace(DEFAULTS, repairs=(RepairSpec(GateSpec("g", ("true",)), Reach.ANY),))),
        bound(demands=replace(DEFAULTS, repaired=Mending.AUTO)),
        bound(approvers=ApproverSettings(users=frozenset({"U01ANN"}))),
        bound(policy_file="100644 2"),
    ]
    assert len({bound(), *others}) == len(others) + 1
    assert bound() == bound(replace(PATCH, title="Called otherwise")) == bound()


@given(content=st.binary(max_size=20), at=st.integers(0, 19), bit=st.integers(0, 7))
def test_one_changed_bit_of_the_patch_is_another_patch(content: bytes, at: int, bit: int) -> None:
    changed = bytearray(content or b"\0")
    changed[at % len(changed)] ^= 1 << bit
    one, other = (
        bound(replace(PATCH, changeset=Changeset((Write("a", each),)))) for each in (content, bytes(changed))
    )
    assert one != other
