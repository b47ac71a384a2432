"""Gates: every verdict, what each starts from, and which of them run."""

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.faults import Reason
from contracts.gates import GateResult, GateSpec, Verdict, may_land
from contracts.patch import Commands
from executor.gates import Gating, run_gates
from executor.sandbox.level import Ended, Job, NoSandbox, NotStarted, Sandbox
from executor.sandbox.supervised import Supervised
from executor.workspace import Folders
from tests.executor.test_workspace import Tree

FILES = {"app.py": b"print('fine')\n", "check.sh": b"#!/bin/sh\ngrep fine app.py\n"}
TREE = Tree(FILES)
CHANGED = ("app.py", "docs/guide/start.md")


def gate(name: str, script: str, **options: object) -> GateSpec:
    return GateSpec(name, ("/bin/sh", "-c", script), **options)  # type: ignore[arg-type]


async def judge(
    workspaces: Folders,
    sandbox: Sandbox,
    *specs: GateSpec,
    commands: tuple[Commands, ...] = (),
    min_level: int = 0,
) -> tuple[GateResult, ...]:
    async with workspaces.laid_out(TREE, kin="k") as workspace:
        return await run_gates(Gating(specs, commands, sandbox, min_level), CHANGED, workspace)


def brief(result: GateResult) -> tuple[Verdict, Reason | None, Mapping[str, str]]:
    why = result.why
    return result.verdict, why.reason if why else None, dict(why.args) if why else {}


async def test_a_gate_that_says_yes_passes(workspaces: Folders, sandbox: Supervised) -> None:
    spec = GateSpec("check", ("./check.sh",))
    (result,) = await judge(workspaces, sandbox, spec)
    assert brief(result) == (Verdict.PASSED, None, {})
    assert (result.output, result.level, result.required) == ("print('fine')\n", sandbox.level, True)
    assert result.took is not None
    assert timedelta() < result.took < timedelta(seconds=10)


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        (gate("g", "exit 3"), (Verdict.FAILED, Reason.GATE_FAILED, {"gate": "g", "code": "3"})),
        (
            gate("g", "kill -KILL $$"),
            (Verdict.ERRORED, Reason.GATE_KILLED, {"gate": "g", "signal": "SIGKILL"}),
        ),
        (
            gate("g", f"kill -{int(signal.SIGRTMIN) + 3} $$"),
            (Verdict.ERRORED, Reason.GATE_KILLED, {"gate": "g", "signal": str(int(signal.SIGRTMIN) + 3)}),
        ),
        (
            gate("g", "sleep 60", timeout=timedelta(milliseconds=200)),
            (Verdict.ERRORED, Reason.GATE_TIMED_OUT, {"gate": "g", "most": "0.2"}),
        ),
        (
            gate("g", "yes"),
            (Verdict.ERRORED, Reason.GATE_FLOODED, {"gate": "g", "most": str(16 * 1024**2)}),
        ),
    ],
)
async def test_no_and_no_answer_stay_apart(
    workspaces: Folders,
    sandbox: Supervised,
    spec: GateSpec,
    wanted: tuple[Verdict, Reason, dict[str, str]],
) -> None:
    (result,) = await judge(workspaces, sandbox, spec)
    assert brief(result) == wanted
    assert not may_land((result,))


async def test_a_gate_that_cannot_start_is_errored_and_nothing_lands(
    workspaces: Folders, sandbox: Supervised
) -> None:
    (result,) = await judge(workspaces, sandbox, GateSpec("g", ("no-such-tool",)))
    assert (result.verdict, result.why and result.why.reason) == (Verdict.ERRORED, Reason.GATE_NOT_STARTED)
    assert result.why is not None
    assert result.why.args["detail"]
    assert not may_land((result,))


async def test_a_sandbox_below_the_least_level_runs_nothing(workspaces: Folders, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    (result,) = await judge(workspaces, NoSandbox("none"), gate("g", f"touch {touched}"))
    assert brief(result) == (Verdict.ERRORED, Reason.SANDBOX_NONE, {})
    assert result.level is None
    assert not touched.exists()
    assert not may_land((result,))


async def test_after_a_required_no_the_rest_is_not_reached(workspaces: Folders, sandbox: Supervised) -> None:
    results = await judge(
        workspaces,
        sandbox,
        gate("first", "exit 1"),
        gate("second", "exit 0"),
        gate("third", "exit 0", required=False),
    )
    earlier = (Verdict.SKIPPED, Reason.GATE_EARLIER, {"gate": "first"})
    assert [brief(result) for result in results[1:]] == [earlier, earlier]
    assert [result.required for result in results] == [True, True, False]


async def test_an_advisory_no_stops_nothing(workspaces: Folders, sandbox: Supervised) -> None:
    results = await judge(workspaces, sandbox, gate("hint", "exit 1", required=False), gate("must", "exit 0"))
    assert [result.verdict for result in results] == [Verdict.FAILED, Verdict.PASSED]
    assert may_land(results)


async def test_every_gate_starts_from_the_candidate_itself(workspaces: Folders, sandbox: Supervised) -> None:
    results = await judge(
        workspaces,
        sandbox,
        gate(
            "cheat",
            "echo 'exit 0' > check.sh; echo broken > app.py; touch $TMPDIR/x $HOME/y; exit 1",
            required=False,
        ),
        gate("check", "./check.sh && ls -A $TMPDIR $HOME"),
    )
    assert results[1].verdict is Verdict.PASSED
    assert results[1].output.startswith("print('fine')\n")
    assert "x" not in results[1].output.split()


async def test_what_a_gate_finds_around_it(workspaces: Folders, sandbox: Supervised) -> None:
    script = 'env | cut -d= -f1 | sort | xargs; ls -A; test -w "$HOME" && test -w "$TMPDIR" && echo "$CI"'
    (result,) = await judge(workspaces, sandbox, gate("g", script, env=(("CI", "yes"),)))
    names, *files, ci = result.output.splitlines()
    assert names.split() == ["CI", "HOME", "LANG", "PATH", "PWD", "TMPDIR"]
    assert sorted(files) == ["app.py", "check.sh"]
    assert ci == "yes"


async def test_a_gate_may_set_its_own_path(workspaces: Folders, sandbox: Supervised) -> None:
    (result,) = await judge(
        workspaces, sandbox, GateSpec("g", ("check.sh",), env=(("PATH", ".:/usr/bin:/bin"),))
    )
    assert result.verdict is Verdict.PASSED


async def test_commands_of_the_patch_are_shown_and_not_run(workspaces: Folders, sandbox: Supervised) -> None:
    commands = (Commands("validate", ("curl evil", "true")), Commands("postMutationBuild", ("make",)))
    results = await judge(workspaces, sandbox, gate("g", "true"), commands=commands)
    assert [(r.name, r.required) for r in results] == [
        ("g", True),
        ("validate", False),
        ("postMutationBuild", False),
    ]
    assert brief(results[1]) == (
        Verdict.SKIPPED,
        Reason.COMMANDS_NOT_RUN,
        {"field": "validate", "count": "2"},
    )
    assert may_land(results)


async def test_without_a_gate_that_applies_no_files_are_needed(sandbox: Supervised) -> None:
    gating = Gating((gate("g", "exit 1", when=("src/**",)),), (), sandbox)
    assert not gating.applies(CHANGED)
    (result,) = await run_gates(gating, CHANGED, None)
    assert brief(result) == (Verdict.SKIPPED, Reason.GATE_PATHS, {"when": "src/**"})
    assert Gating((gate("g", "true"),), (), sandbox).applies(CHANGED)


@dataclass(frozen=True)
class Recording(NoSandbox):
    """A sandbox that runs nothing and remembers what it was asked."""

    detail: str = ""
    level: int = 0
    jobs: list[Job] = field(default_factory=list)

    async def run(self, job: Job) -> Ended:  # type: ignore[explicit-override]
        self.jobs.append(job)
        return Ended(NotStarted("recorded"))


@pytest.mark.parametrize(
    ("glob", "matching", "others"),
    [
        ("*.py", ["a.py", "deep/down/a.py"], ["a.pyc", "a.py/x"]),
        ("src/*.py", ["src/a.py"], ["src/x/a.py", "a.py", "x/src/a.py"]),
        ("src/**", ["src/a", "src/b/c"], ["src", "srcx/a"]),
        ("src/", ["src/a", "src/b/c"], ["src"]),
        ("src/**/*.py", ["src/a.py", "src/b/c/a.py"], ["a.py", "src/a.c"]),
        ("**/test_*.py", ["test_a.py", "x/y/test_b.py"], ["x/atest_b.py"]),
        ("**", ["a", "a/b"], []),
        ("/a", ["a"], ["b/a"]),
        ("./a/b", ["a/b"], ["a"]),
        ("a?c", ["abc", "x/abc"], ["ac", "a/c"]),
        ("[ab]/x", ["a/x", "b/x"], ["c/x", "ab/x"]),
        ("[!ab]/x", ["c/x"], ["a/x"]),
        ("a.b", ["a.b"], ["axb"]),
        ("[", ["["], ["a"]),
        ("[]^&&-]x", ["]x", "^x", "&x", "-x"], ["ax"]),
        ("[a--c]", ["a", "b", "c"], ["d"]),
        ("[z-a]", ["anything"], []),
        ("caf\u00e9/*", ["caf\u00e9/x"], []),
    ],
)
async def test_which_paths_a_gate_looks_at(glob: str, matching: list[str], others: list[str]) -> None:
    gating = Gating((gate("g", "true", when=(glob,)),), (), Recording())
    assert [path for path in (*matching, *others) if gating.applies([path])] == matching


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_a_glob(glob: str, path: str) -> None:
    gating = Gating((gate("g", "true", when=(glob,)),), (), Recording())
    assert gating.applies([path]) in (True, False)
    plain = re.sub(r"[*?\[\]/]", "x", path)
    if plain and plain != ".":
        assert Gating((gate("g", "true", when=(plain,)),), (), Recording()).applies([f"any/{plain}"])
