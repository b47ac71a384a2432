"""Real commits: each one's diff, in every form, on its own parent and on other commits nearby."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from executor.git import GitError
from tests.corpora import forms
from tests.corpora.desk import Desk, desk_for
from tests.corpora.tally import Tally
from tests.executor.repositories import Repo

#: What `git diff` is asked for, by the name of the form.
_DIFFS = {
    "git diff --binary": ("--binary", "--no-renames"),
    "git diff, stubs for binary files": ("--no-renames",),
    "git diff -M": ("--binary", "-M"),
    "git diff -C": ("--binary", "-C"),
    "git diff --no-prefix": ("--binary", "--no-prefix"),
    "git diff -U1": ("--binary", "-U1"),
    "git diff -U0": ("--binary", "-U0"),
    "git diff --patience": ("--binary", "--patience", "-U8"),
}
#: How far away other bases are taken, in commits.
_AWAY = (-8, -1, 3, 12)


async def hold(path: Path, home: Path, tally: Tally, most: int) -> None:
    """Holds the desk against the commits of the repository *path*, the last *most* of them."""
    repo = Repo(path)
    listed = repo.git("rev-list", "--first-parent", "--min-parents=1", f"-n{most}", "HEAD").split()
    async with desk_for(path, home) as desk:
        for at, commit in enumerate(listed):
            name = f"{path.name} {commit[:12]}"
            base, tree = repo.git("rev-parse", f"{commit}^1", f"{commit}^{{tree}}").split()
            for form, body, file in _written(repo, base, commit):
                verdict = await desk.judge(body, base=base, name=file, expected=tree)
                tally.count(form, name, verdict)
            others = [listed[at + away] for away in _AWAY if 0 <= at + away < len(listed)]
            for other in others:
                change = _change(repo, base, commit, "--no-renames")
                await _elsewhere(desk, f"{name} on {other[:12]}", change, other, tally)


def _written(repo: Repo, base: str, commit: str) -> Iterator[tuple[str, bytes, str]]:
    """The forms of one change: what each is called, its text, and the name of the file it comes in."""
    for form, options in _DIFFS.items():
        if body := _diff(repo, base, commit, *options):
            yield form, body, "x.patch"
    if not (plain := _diff(repo, base, commit, "--binary", "--no-renames")):
        return
    if len(repo.git("rev-list", "--parents", "-n1", commit).split()) == 2:
        mailed = repo.raw("format-patch", "--binary", "--stdout", "-1", commit)
        yield "git format-patch", mailed, "x.patch"
    for form, touch in forms.TOUCHED.items():
        if (touched := touch(plain)) is not None:
            yield form, touched, "x.patch"
    change = _change(repo, base, commit, "-M")
    edits = {
        "codex": forms.codex(change, anchored=False),
        "codex with anchors": forms.codex(change, anchored=True),
        "search/replace": forms.blocks(_change(repo, base, commit, "--no-renames")),
    }
    yield from ((form, edit, "x.txt") for form, edit in edits.items() if edit is not None)


async def _elsewhere(desk: Desk, name: str, change: forms.Change, other: str, tally: Tally) -> None:
    """The change on a commit it was not made for: as git applies it there, or not at all."""
    if not change.body:
        return
    expected = await as_git_does(desk, other, change.body)
    verdict = await desk.judge(change.body, base=other, name="x.patch", expected=expected)
    tally.count("on another commit" if expected else "on another commit, where git refuses", name, verdict)
    edits = {"codex": forms.codex(change, anchored=True), "search/replace": forms.blocks(change)}
    for form, text in edits.items():
        if text is not None and expected is not None:
            verdict = await desk.judge(text, base=other, name="x.txt", expected=expected)
            tally.count(f"{form} on another commit", name, verdict)


async def as_git_does(desk: Desk, base: str, body: bytes) -> str | None:
    """The tree that `git apply` makes of the commit *base*; None: it refuses."""
    git = desk.repository.git.with_env(GIT_INDEX_FILE=str(desk.repository.scratch / "theirs"))
    await git.run("read-tree", base)
    try:
        await git.run("apply", "--cached", "--whitespace=nowarn", "-", stdin=body)
    except GitError:
        return None
    return (await git.run("write-tree")).stdout.decode().strip()


def _change(repo: Repo, base: str, commit: str, *options: str) -> forms.Change:
    body = _diff(repo, base, commit, "--binary", *options)
    return forms.Change(body, partial(_content, repo, base), partial(_content, repo, commit))


def _diff(repo: Repo, base: str, commit: str, *options: str) -> bytes:
    return repo.raw("-c", "core.quotePath=true", "diff-tree", "-p", *options, base, commit)


def _content(repo: Repo, commit: str, name: str) -> bytes:
    return repo.raw("cat-file", "blob", f"{commit}:{name}")
