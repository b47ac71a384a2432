"""`.patchdesk.yml`: it makes things stricter, or it is broken and says where; it weakens nothing."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.approvals import Demands, reasons, refusal
from contracts.faults import Fault, Reason
from contracts.gates import Credentials, GateSpec
from contracts.patch import Changeset, Commands, Patch, Write
from contracts.protection import CommandRule, Protected, Rule
from contracts.repository_policy import MOST_BYTES, RepositoryPolicy, merged, read_policy
from contracts.settings import ProtectedSettings

FILE = b"""\
# What we ask for on top.
gates:
  - name: typecheck
    run: [mypy, .]
    timeout: 30
    required: yes
    when: ["*.py"]
protected:
  - paths: [legal/**]
    rule: refuse
  - paths: [Makefile]
commands: refuse
credentials: refuse
"""


def read(content: bytes) -> RepositoryPolicy:
    found = read_policy(content)
    assert isinstance(found, RepositoryPolicy), found
    return found


def test_the_file_is_read_as_it_is_written() -> None:
    policy = read(FILE)
    [gate] = policy.gates
    assert gate.spec() == GateSpec(
        "typecheck", ("mypy", "."), timedelta(seconds=30), required=True, when=("*.py",)
    )
    assert [(each.paths, each.rule) for each in policy.protected] == [
        (("legal/**",), Rule.REFUSE),
        (("Makefile",), Rule.APPROVE),
    ]
    assert (policy.commands, policy.credentials) == (CommandRule.REFUSE, Credentials.REFUSE)


@pytest.mark.parametrize("nothing", [b"", b"\n", b"# later\n", b"{}\n"])
def test_an_empty_file_asks_for_nothing(nothing: bytes) -> None:
    assert read(nothing) == RepositoryPolicy()


@pytest.mark.parametrize(
    ("content", "reason", "line"),
    [
        (b"gates:\n  - name: x\n    run: []\n", Reason.POLICY_FILE_BROKEN, 3),
        (b"commands: allow\napprovers: {users: [U01ANN]}\n", Reason.POLICY_FILE_BROKEN, 2),
        (b"protected:\n  - paths: [a]\n    rule: allow\n", Reason.POLICY_FILE_BROKEN, 3),
        (b"gates:\n  - name: x\n    run: [x]\n    network: true\n", Reason.POLICY_FILE_BROKEN, 2),
        (b"gates:\n  - name: x\n    run: [x]\n    timeout: 90000\n", Reason.POLICY_FILE_BROKEN, 4),
        (b"gates:\n  - {name: x, run: [x]}\n  - {name: x, run: [y]}\n", Reason.POLICY_FILE_BROKEN, 1),
        (b"- commands\n", Reason.POLICY_FILE_BROKEN, 1),
        (b"commands: refuse\ncommands: allow\n", Reason.DUPLICATE_KEY, 2),
        (b"commands: &a refuse\n", Reason.YAML_ALIAS, 1),
        (b"gates:\n  - nam\n  x", Reason.BAD_YAML, 4),
        (b"\xff", Reason.NOT_UTF8, None),
        (b"#" * (MOST_BYTES + 1), Reason.POLICY_FILE_BROKEN, None),
    ],
)
def test_a_broken_file_says_on_which_line(content: bytes, reason: Reason, line: int | None) -> None:
    found = read_policy(content)
    assert isinstance(found, Fault)
    assert (found.reason, found.file, found.line) == (reason, ".patchdesk.yml", line)


# Only stricter ---------------------------------------------------------------------------------
paths = st.sampled_from(["a", "b/c", "b/d.py", "legal/x", ".github/x", "tools/check.sh"])
globs = st.sampled_from(["a", "b/**", "*.py", "legal/**", ".github/**"])
names = st.sampled_from(["one", "two", "three"])
protected = st.builds(Protected, st.tuples(globs), st.sampled_from(Rule))
gates = st.builds(
    GateSpec, names, st.sampled_from([("true",), ("sh", "tools/check.sh")]), required=st.booleans()
)
operators = st.builds(
    Demands,
    protected=st.lists(protected, max_size=3).map(tuple),
    commands=st.sampled_from(CommandRule),
    credentials=st.sampled_from(Credentials),
    gates=st.lists(gates, max_size=2, unique_by=lambda gate: gate.name).map(tuple),
)
policies = st.builds(
    RepositoryPolicy,
    gates=st.lists(
        names.map(lambda name: {"name": name, "run": ["./own.sh"], "required": False}),
        max_size=2,
        unique_by=lambda gate: str(gate["name"]),
    ),
    protected=st.lists(
        st.builds(ProtectedSettings, paths=st.tuples(globs), rule=st.sampled_from(Rule)), max_size=3
    ),
    commands=st.sampled_from(CommandRule),
    credentials=st.sampled_from(Credentials),
)
patches = st.builds(
    Patch,
    st.just("web"),
    st.just(Changeset((Write("a", b""),))),
    st.just("A change"),
    commands=st.sampled_from([(), (Commands("validate", ("true",)),)]),
    hotfix=st.booleans(),
)


@given(operators, policies, patches, st.lists(paths, max_size=4, unique=True), st.booleans())
def test_whatever_the_file_says_everything_that_the_operators_demand_still_holds(
    demands: Demands, policy: RepositoryPolicy, patch: Patch, changed: list[str], allowed: bool
) -> None:
    both = merged(demands, policy, gates_allowed=allowed)
    if isinstance(both, Fault):
        assert {gate.name for gate in demands.gates} & {gate.name for gate in policy.gates}
        return
    assert both.gates[: len(demands.gates)] == demands.gates
    assert allowed or both.gates == demands.gates
    assert set(demands.protected) <= set(both.protected)
    rising = list(CommandRule)
    assert rising.index(both.commands) >= rising.index(demands.commands)
    falling = list(Credentials)
    assert falling.index(both.credentials) <= falling.index(demands.credentials)
    there = dict.fromkeys(changed, "100644 1")
    if refusal(patch, changed, demands):
        assert refusal(patch, changed, both)
    elif not refusal(patch, changed, both):
        before = {(each.reason, each.args.get("path")) for each in reasons(patch, there, demands)}
        now = reasons(patch, there, both)
        assert {path for _, path in before} <= {each.args.get("path") for each in now}
        assert len(now) >= len(before)


def test_a_gate_of_the_repository_cannot_take_the_place_of_an_operators_gate() -> None:
    own = Demands((), CommandRule.ALLOW, Credentials.IGNORE, (GateSpec("tests", ("make",)),))
    policy = RepositoryPolicy.model_validate({"gates": [{"name": "tests", "run": ["true"]}]})
    found = merged(own, policy, gates_allowed=True)
    assert isinstance(found, Fault)
    assert (found.reason, found.args) == (Reason.POLICY_FILE_GATE, {"gate": "tests"})


def test_gates_that_are_not_allowed_are_named_and_do_not_run() -> None:
    policy = read(FILE)
    own = Demands((), CommandRule.ALLOW, Credentials.IGNORE, ())
    left_out = merged(own, policy, gates_allowed=False)
    assert isinstance(left_out, Demands)
    assert (left_out.gates, left_out.left_out) == ((), ("typecheck",))


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        (b"gates: 7\n", "a list"),
        (b"protected: [7]\n", "a mapping"),
        (b"gates:\n  - {name: x, run: 7}\n", "a list"),
    ],
)
def test_what_should_stand_there_is_named_as_the_file_has_it(content: bytes, shape: str) -> None:
    wrong = read_policy(content)
    assert isinstance(wrong, Fault)
    assert wrong.args["detail"].endswith(f"should be {shape}")
