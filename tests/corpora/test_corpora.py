"""The tool itself, on a history and a case of a few lines."""

import asyncio
from pathlib import Path

from tests.corpora import cases, histories
from tests.corpora.histories import Sample
from tests.corpora.tally import Tally
from tests.executor.repositories import Repo, make_repo

TEXT = b"".join(b"line %d\n" % n for n in range(30))


def history(path: Path) -> Repo:
    repo = make_repo(path, {"a": TEXT, "b": b"one\n"})
    repo.commit({"a": TEXT.replace(b"line 3\n", b"line three\n"), "c": b"new\n"})
    repo.git("mv", "b", "moved")
    repo.commit({"a": TEXT.replace(b"line 20\n", b""), "picture": b"\0\1\2"})
    repo.commit({"a": TEXT})
    return repo


def test_every_form_of_a_real_change_makes_what_its_commit_made(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "report.tsv")
    repo = history(tmp_path / "history")
    asyncio.run(histories.hold(repo.path, tmp_path / "home", tally, Sample(100, 1, 100_000)))
    same = {form for form, kind in tally.counts if kind == "the same"}
    assert same >= {
        "git diff --binary",
        "git diff -M",
        "git format-patch",
        "diff -u",
        "codex",
        "search/replace",
    }
    assert not tally.wrong, (tmp_path / "report.tsv").read_text()
    stubs = tally.counts["git diff, stubs for binary files", "refused: diff-binary-stub"]
    assert stubs == 1


def test_what_lands_otherwise_than_git_lands_it_is_counted(tmp_path: Path) -> None:
    case = tmp_path / "cases/one"
    for folder, content in (("before", b"one\n"), ("after", b"something else\n")):
        (case / folder).mkdir(parents=True)
        (case / folder / "a").write_bytes(content)
    (case / "patch").write_text("--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+two\n")
    tally = Tally(tmp_path / "report.tsv")
    asyncio.run(cases.hold(tmp_path / "cases", tmp_path / "work", tmp_path / "home", tally))
    assert tally.wrong == 1
    assert "LANDED WRONG\tone" in (tmp_path / "report.tsv").read_text()
