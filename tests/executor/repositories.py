"""Real repositories for the tests, made and looked at with plain git."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
}
#: Content of a file, content with its mode, or the target of a symbolic link as `-> target`.
Content = bytes | str | tuple[bytes, int]


@dataclass(frozen=True, slots=True)
class Repo:
    """A repository with a working copy, or a bare one."""

    path: Path

    def git(self, *argv: str, stdin: bytes | None = None) -> str:
        return self.raw(*argv, stdin=stdin).decode()

    def raw(self, *argv: str, stdin: bytes | None = None) -> bytes:
        done = subprocess.run(
            ["git", *argv], cwd=self.path, env=_ENV, check=False, capture_output=True, input=stdin
        )
        if done.returncode:
            raise AssertionError(f"git {argv}: {done.stderr.decode()}")
        return done.stdout

    def accepts(self, *argv: str, stdin: bytes | None = None) -> bool:
        done = subprocess.run(
            ["git", *argv], cwd=self.path, env=_ENV, check=False, capture_output=True, input=stdin
        )
        return not done.returncode

    def write(self, files: Mapping[str, Content]) -> None:
        for name, content in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                file.symlink_to(content.removeprefix("-> "))
                continue
            body, mode = content if isinstance(content, tuple) else (content, 0o644)
            file.write_bytes(body)
            file.chmod(mode)

    def commit(self, files: Mapping[str, Content], *, message: str = "change") -> str:
        """The commit that has *files* on top of what was there."""
        self.write(files)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def at(self, commit: str) -> dict[str, tuple[str, bytes]]:
        """Every file of *commit*: its mode and content."""
        listed = self.raw("ls-tree", "-r", "-z", commit).split(b"\0")[:-1]
        found = {}
        for line in listed:
            head, name = line.split(b"\t", 1)
            mode, kind, blob = head.decode().split(" ")
            content = self.raw("cat-file", "blob", blob) if kind == "blob" else b""
            found[name.decode("utf-8", "surrogateescape")] = (mode, content)
        return found


def make_repo(path: Path, files: Mapping[str, Content] | None = None) -> Repo:
    """A repository at *path* with one commit on main, if there are *files*."""
    path.mkdir(parents=True)
    repo = Repo(path)
    repo.git("init", "--quiet", "--initial-branch=main")
    if files is not None:
        repo.commit(files, message="begin")
    return repo


def make_origin(path: Path, files: Mapping[str, Content]) -> tuple[Repo, Repo]:
    """A bare repository at *path* and somebody's clone of it."""
    working = make_repo(path.with_name(f"{path.name}-work"), files)
    path.mkdir()
    bare = Repo(path)
    bare.git("init", "--quiet", "--bare", "--initial-branch=main")
    working.git("remote", "add", "origin", str(path))
    working.git("push", "--quiet", "origin", "main")
    return bare, working
