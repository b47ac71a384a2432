"""The repository that patches land in: bare, with one commit, read and written by plain git."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

HELLO = "hello\nworld\n"


@dataclass(frozen=True, slots=True)
class Origin:
    path: Path

    @classmethod
    def make(cls, path: Path) -> "Origin":
        origin = cls(path)
        path.mkdir()
        origin.git("init", "--quiet", "--bare", "--initial-branch=main")
        origin.commit({"hello.txt": HELLO, "keep.txt": "kept\n"}, "Begin")
        return origin

    def git(self, *arguments: str, stdin: str | None = None) -> str:
        ended = subprocess.run(
            ["git", "-C", str(self.path), *arguments], input=stdin, capture_output=True, text=True, check=True
        )
        return ended.stdout

    def commit(self, files: dict[str, str], subject: str) -> None:
        """Somebody else's commit on the branch."""
        who = "committer Somebody <somebody@example.com> 1760000000 +0000"
        stream = f"commit refs/heads/main\n{who}\ndata {len(subject)}\n{subject}\n"
        if self.git("for-each-ref", "refs/heads/main"):
            stream += "from refs/heads/main^0\n"
        for path, content in files.items():
            stream += f"M 100644 inline {path}\ndata {len(content.encode())}\n{content}\n"
        self.git("fast-import", "--quiet", stdin=stream)

    def log(self) -> list[str]:
        """Subjects on the branch, newest first."""
        return self.git("log", "--format=%s", "main").splitlines()

    def landed(self) -> list[str]:
        """Ids of the patches on the branch, newest first."""
        trailers = self.git(
            "log", "--format=%(trailers:key=Patchdesk-Patch,valueonly,separator=%x2C)", "main"
        )
        return [patch for patch in trailers.splitlines() if patch]

    def author(self) -> str:
        """Of the newest commit."""
        return self.git("log", "-1", "--format=%an <%ae>", "main").strip()

    def read(self, path: str) -> str:
        return self.git("show", f"main:{path}")
