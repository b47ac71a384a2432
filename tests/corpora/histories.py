"""Real commits: each one's diff in the forms that patches mostly have, and some of them in every form."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random

import pygit2

from executor.git import GitError
from tests.corpora import agents, forms
from tests.corpora.desk import Desk, desk_for
from tests.corpora.tally import AsGit, Tally, Wrong
from tests.executor.repositories import Repo

#: What `git diff` is asked for, by the name of the form: for every commit, and for some.
_USUAL = {
    "git diff --binary": ("--binary", "--no-renames"),
    "git diff -M": ("--binary", "-M"),
}
_SELDOM = {
    "git diff, stubs for binary files": ("--no-renames",),
    "git diff -C": ("--binary", "-C"),
    "git diff --no-prefix": ("--binary", "--no-prefix"),
    "git diff -U1": ("--binary", "-U1"),
    "git diff -U0": ("--binary", "-U0"),
    "git diff --patience": ("--binary", "--patience", "-U8"),
}
#: How far away other bases are taken, in commits.
_AWAY = (-8, -1, 3, 12)
#: Larger changes are not spoiled: nobody writes them by hand.
_MOST_SPOILED = 60_000


@dataclass(frozen=True, slots=True)
class Sample:
    """At most the last *most* commits of a history; each *nth* of them in every form, and spoiled.

    Those whose diff is larger than *largest* bytes are passed over.
    """

    most: int
    nth: int
    largest: int


async def hold(path: Path, home: Path, tally: Tally, sample: Sample) -> None:
    """Holds the desk against the commits of the repository *path*."""
    history = _History(path)
    listed = history.repo.git(
        "rev-list", "--first-parent", "--min-parents=1", f"-n{sample.most}", "HEAD"
    ).split()
    async with desk_for(path, home) as desk:
        for at, commit in enumerate(listed):
            one = _Commit(history, commit)
            if len(one.plain.body) > sample.largest:
                tally.skipped += 1
                continue
            for form, body, file in one.usual():
                tally.count(
                    form, one.name, await desk.judge(body, base=one.base, name=file, expected=one.tree)
                )
            if at % sample.nth == 0:
                await _in_every_form(desk, one, tally)
                for other in (listed[at + away] for away in _AWAY if 0 <= at + away < len(listed)):
                    await _elsewhere(desk, one, other, tally)


class _History:
    def __init__(self, path: Path) -> None:
        self.name = path.name.removesuffix(".git")
        self.repo = Repo(path)
        self._objects = pygit2.Repository(str(path))

    def made(self, commit: str) -> tuple[str, list[str]]:
        """The tree of *commit*, and its parents."""
        found = self._objects[commit].peel(pygit2.Commit)
        return str(found.tree_id), [str(parent) for parent in found.parent_ids]

    def content(self, commit: str, name: str) -> bytes:
        blob = self._objects.revparse_single(f"{commit}:{name}")
        assert isinstance(blob, pygit2.Blob)
        return blob.data


class _Commit:
    def __init__(self, history: _History, commit: str) -> None:
        self.repo = history.repo
        self.name = f"{history.name} {commit[:12]}"
        self._history = history
        self._commit = commit
        self.tree, self.parents = history.made(commit)
        self.base = self.parents[0]

    def diff(self, *options: str) -> bytes:
        quoted = ("-c", "core.quotePath=true")
        return self.repo.raw(*quoted, "diff-tree", "-p", *options, self.base, self._commit)

    def change(self, *options: str) -> forms.Change:
        return forms.Change(
            self.diff("--binary", *options),
            lambda name: self._history.content(self.base, name),
            lambda name: self._history.content(self._commit, name),
        )

    @cached_property
    def plain(self) -> forms.Change:
        return self.change("--no-renames")

    def usual(self) -> Iterator[tuple[str, bytes, str]]:
        """The forms of it that patches mostly have: what each is called, its text, its file's name."""
        for form, options in _USUAL.items():
            if body := self.diff(*options):
                yield form, body, "x.patch"
        if not self.plain.body:
            return
        if len(self.parents) == 1:
            mailed = self.repo.raw("format-patch", "--binary", "--stdout", "-1", self._commit)
            yield "git format-patch", mailed, "x.patch"
        edits = {
            "codex": forms.codex(self.change("-M"), anchored=False),
            "search/replace": forms.blocks(self.plain),
            "search/replace, a file named once": forms.blocks(self.plain, named_once=True),
        }
        yield from ((form, edit, "x.txt") for form, edit in edits.items() if edit is not None)

    def seldom(self) -> Iterator[tuple[str, bytes, str]]:
        """The other forms."""
        for form, options in _SELDOM.items():
            if body := self.diff(*options):
                yield form, body, "x.patch"
        if not self.plain.body:
            return
        for form, touch in forms.TOUCHED.items():
            if (touched := touch(self.plain.body)) is not None:
                yield form, touched, "x.patch"
        if edits := forms.codex(self.change("-M"), anchored=True):
            yield "codex with anchors", edits, "x.txt"


async def _in_every_form(desk: Desk, one: _Commit, tally: Tally) -> None:
    for form, body, file in one.seldom():
        tally.count(form, one.name, await desk.judge(body, base=one.base, name=file, expected=one.tree))
    if not one.plain.body or len(one.plain.body) > _MOST_SPOILED:
        return
    generous = desk.generous()
    for each in agents.spoiled(one.plain, Random(one.name)):
        verdict = await generous.judge(each.body, base=one.base, name=each.name, expected=one.tree)
        if (
            isinstance(verdict, Wrong)
            and each.diff
            and verdict.made == await as_git_does(desk, one.base, each.body)
        ):
            verdict = AsGit(verdict.made)
        tally.count(f"spoiled: {each.form}", one.name, verdict)


async def _elsewhere(desk: Desk, one: _Commit, other: str, tally: Tally) -> None:
    """The change on a commit it was not made for: as git applies it there, or not at all."""
    change, name = one.plain, f"{one.name} on {other[:12]}"
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
    """The tree that `git apply` makes of the commit *base*; None: it refuses.

    A last line without a line end, which it does not take, gets one.
    """
    body = body if body.endswith(b"\n") else body + b"\n"
    git = desk.repository.git.with_env(GIT_INDEX_FILE=str(desk.repository.scratch / "theirs"))
    await git.run("read-tree", base)
    try:
        await git.run("apply", "--cached", "--whitespace=nowarn", "-", stdin=body)
    except GitError:
        return None
    return (await git.run("write-tree")).stdout.decode().strip()
