"""The candidate is what `git apply` makes of the same diff in a plain checkout, or both refuse."""

from hypothesis import event, given, settings
from hypothesis import strategies as st

from contracts.faults import Fault, Reason
from contracts.formats.diff import normalise, read_diff
from contracts.patch import Changeset, Diff, Limits
from contracts.resolving import Mending, Resolving
from executor.candidate import Candidate, build
from tests.executor.conftest import DESCRIPTION, NOW, Bench
from tests.executor.repositories import Repo

#: What the desk refuses though git would do something.
STRICTER = {Reason.DIFF_AMBIGUOUS, Reason.PATH_TWICE, Reason.PATH_COLLISION, Reason.DIFF_ZERO_CONTEXT}

#: Git knows of no blanks that do not count.
LIKE_GIT = Resolving(whitespace=Mending.NEVER)

Files = dict[str, tuple[bytes, int]]
names = st.sampled_from(["a", "b", "dir/a", "dir/sub/c", "dir2/d e", "\u00fc/x"])
#: Few different lines, so that hunks fit in several places.
lines = st.lists(st.sampled_from([b"x", b"y", b"z", b"", b"long line"]), max_size=12)
ends = st.sampled_from([b"\n", b"\n", b"\r\n"])


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    end = draw(ends)
    body = end.join(draw(lines))
    return body + end if draw(st.booleans()) and body else body


files = st.tuples(contents(), st.sampled_from([0o644, 0o644, 0o755]))
trees = st.dictionaries(names, files, min_size=1, max_size=4)


@st.composite
def edited(draw: st.DrawFn, content: bytes) -> bytes:
    """*content* with some lines inserted, dropped or changed."""
    parts = content.splitlines(keepends=True)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(parts)))
        new = draw(st.lists(st.sampled_from([b"x\n", b"new\n", b"w\r\n"]), max_size=2))
        parts[place : place + draw(st.integers(0, 2))] = new
    return b"".join(parts)


@st.composite
def changed(draw: st.DrawFn, tree: Files) -> Files:
    """*tree* with files edited, deleted, moved, added."""
    after: Files = {}
    for name, (content, mode) in tree.items():
        match draw(st.sampled_from(["edit", "edit", "keep", "drop", "move", "mode"])):
            case "edit":
                after[name] = (draw(edited(content)), mode)
            case "keep":
                after[name] = (content, mode)
            case "move":
                after[f"moved/{name}"] = (draw(edited(content)), mode)
            case "mode":
                after[name] = (content, mode ^ 0o111)
            case _:
                pass
    if draw(st.booleans()):
        after[f"new/{draw(names)}"] = draw(files)
    return after


@st.composite
def drifted(draw: st.DrawFn, tree: Files) -> Files:
    """What became of *tree* while the diff was on its way."""
    return {name: (draw(edited(content)), mode) for name, (content, mode) in tree.items()}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Files, Files, Files, list[str]]:
    before = draw(trees)
    after = draw(changed(before))
    base = before if draw(st.booleans()) else draw(drifted(before))
    options = [f"-U{draw(st.integers(0, 3))}", draw(st.sampled_from(["-M", "--no-renames", "-C"]))]
    return before, after, base, options


def commit(repo: Repo, tree: Files) -> str:
    """A commit of exactly *tree*, which is then what is checked out."""
    repo.git("rm", "-rfq", "--ignore-unmatch", ".")
    repo.git("clean", "-fdxq")
    return repo.commit(tree)


def apply_like_a_person(repo: Repo, diff: bytes) -> dict[str, tuple[str, bytes]] | None:
    """What `git apply` makes of the checkout; None: it refuses."""
    if not repo.accepts("apply", "--index", "-", stdin=diff):
        return None
    repo.git("commit", "--quiet", "--allow-empty", "-m", "applied")
    return repo.at("HEAD")


@settings(max_examples=25)
@given(case=cases())
def test_the_candidate_is_what_git_apply_makes(
    bench: Bench, case: tuple[Files, Files, Files, list[str]]
) -> None:
    before, after, base, options = case
    posted = bench.theirs.raw(
        "diff", "--binary", *options, commit(bench.theirs, before), commit(bench.theirs, after)
    )
    diff = normalise(read_diff(posted, Limits()), ())
    if not isinstance(diff, Diff):
        event(f"unread: {diff[0].reason}")
        assert not posted or diff[0].reason is Reason.DIFF_ZERO_CONTEXT
        return
    commit(bench.theirs, base)
    tip = bench.run(bench.desk.tip("main"))
    made: Candidate | Fault = bench.run(
        build(bench.desk, Changeset((diff,)), Limits(), DESCRIPTION, base=tip, now=NOW, resolving=LIKE_GIT)
    )
    wanted = apply_like_a_person(bench.theirs, posted)
    if isinstance(made, Candidate):
        event("applied")
        found = Repo(bench.desk.path).at(made.commit)
        assert wanted is None or found == wanted
        # What git refuses is taken only where the diff took on the line ends of its file.
        assert wanted is not None or any(b"\r" in content for content, _ in base.values())
    elif wanted is not None and made.reason not in STRICTER:
        assert made.reason is Reason.NOTHING_CHANGED
        assert wanted == bench.theirs.at("HEAD~1")
    else:
        event(f"refused: {made.reason}")
