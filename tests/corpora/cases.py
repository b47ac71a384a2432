"""Cases as folders: `before/` and `patch`, and `after/` or a file `refused` for what git makes of them."""

import shutil
from pathlib import Path

from tests.corpora.desk import desk_for
from tests.corpora.tally import Tally
from tests.executor.repositories import Repo


async def hold(folder: Path, work: Path, home: Path, tally: Tally) -> None:
    """Holds the desk against each case below *folder*."""
    path = work / "cases.work"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    repo = Repo(path)
    repo.git("init", "--quiet", "--initial-branch=main")
    (path / ".git/info/attributes").write_text("* -text -eol -filter -ident -working-tree-encoding\n")
    async with desk_for(path, home) as desk:
        for case in sorted(each.parent for each in folder.glob("*/patch")):
            base = _commit(repo, case / "before")
            after = case / "after"
            expected = (
                repo.git("rev-parse", f"{_commit(repo, after)}^{{tree}}").strip() if after.is_dir() else None
            )
            verdict = await desk.judge(
                (case / "patch").read_bytes(), base=base, name="x.patch", expected=expected
            )
            form = "git's own cases" if expected else "git's own cases that it refuses"
            tally.count(form, case.name, verdict)


def _commit(repo: Repo, files: Path) -> str:
    """The commit of exactly *files*."""
    for there in repo.path.iterdir():
        if there.name != ".git":
            shutil.rmtree(there) if there.is_dir() and not there.is_symlink() else there.unlink()
    shutil.copytree(files, repo.path, symlinks=True, dirs_exist_ok=True)
    return repo.commit({})
