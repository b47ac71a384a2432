"""Distribution patches: every one of a package's series on the tree it is for, as `patch` applies it.

The trees become commits, one after another: a history that `tests.corpora.histories` can read.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.corpora.desk import desk_for
from tests.corpora.histories import as_git_does
from tests.corpora.tally import AsGit, Tally, Wrong
from tests.executor.repositories import Repo

#: As dpkg-source(1) does it: no fuzz, and what a patch empties goes.
_PATCH = ("patch", "-p1", "-F0", "-N", "-u", "-E", "-f", "-s", "--no-backup-if-mismatch", "-r", "-")


def unpack(description: Path, into: Path) -> Path | None:
    """The sources of the package that the `.dsc` file *description* names, without its patches."""
    tree = into / description.name.removesuffix(".dsc")
    if not tree.is_dir():
        argv = ["dpkg-source", "--no-check", "--skip-patches", "-x", str(description), str(tree)]
        if subprocess.run(argv, check=False, capture_output=True).returncode:
            return None
    return tree if (tree / "debian/patches/series").is_file() else None


def patches_of(tree: Path) -> Iterator[Path]:
    """The patches of its series, in order."""
    for line in (tree / "debian/patches/series").read_text().splitlines():
        name, _, options = line.partition("#")[0].strip().partition(" ")
        if name and not options.strip().removeprefix("-p1"):
            yield tree / "debian/patches" / name


async def hold(description: Path, work: Path, home: Path, tally: Tally) -> Path | None:
    """Holds the desk against `patch` on each patch of a package; the repository with their history."""
    tree = unpack(description, work)
    if tree is None:
        return None
    bodies = [(patch.name, patch.read_bytes()) for patch in patches_of(tree) if patch.is_file()]
    repo = _imported(tree)
    async with desk_for(repo.path, home) as desk:
        for name, body in bodies:
            base = repo.git("rev-parse", "HEAD").strip()
            expected = _as_patch_does(repo, body)
            verdict = await desk.judge(body, base=base, name="x.patch", expected=expected)
            if isinstance(verdict, Wrong) and verdict.made == await as_git_does(desk, base, body):
                verdict = AsGit(verdict.made)
            form = "distribution patches" if expected else "distribution patches that patch refuses"
            tally.count(form, f"{tree.name}/{name}", verdict)
            if expected is not None:
                repo.git("commit", "--quiet", "--allow-empty", "-m", name)
    return repo.path


def _imported(tree: Path) -> Repo:
    """The unpacked sources as the first commit of a repository; *tree* becomes its working copy."""
    repo = Repo(tree)
    if (tree / ".git").exists():
        shutil.rmtree(tree / ".git")
    repo.git("init", "--quiet", "--initial-branch=main")
    (tree / ".git/info/attributes").write_text("* -text -eol -filter -ident -working-tree-encoding\n")
    repo.git("add", "--all", "--force")
    repo.git("commit", "--quiet", "-m", "upstream")
    return repo


def _as_patch_does(repo: Repo, body: bytes) -> str | None:
    """The tree that `patch` makes of what is checked out; None: it refuses."""
    done = subprocess.run(_PATCH, cwd=repo.path, input=body, check=False, capture_output=True)
    if done.returncode:
        repo.git("reset", "--quiet", "--hard")
        repo.git("clean", "-fdxq")
        return None
    repo.git("add", "--all", "--force")
    return repo.git("write-tree").strip()
