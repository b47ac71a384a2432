"""Spells git. Every git of the desk runs here, in an environment that nobody else has a word in.

A repository's own configuration can run programs (hooks, fsmonitor, filters, helpers) even under
plumbing; so nothing of the machine's or the user's configuration is read, and what a repository could
say is overruled on the command line. Smudge filters cannot be: the desk's repositories name none.
"""

import re
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import assert_never

from contracts.faults import Fault, Reason, fault
from executor import process

#: For everything that only touches the disk.
LOCAL = timedelta(seconds=60)
#: For everything that speaks with an origin.
REMOTE = timedelta(minutes=10)

_OVERRULED = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "protocol.ext.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    # A new session has no terminal to ask on; BatchMode also keeps ssh from trying.
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
}
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_CREDENTIALS = re.compile(r"(://)[^/@\s]+@")


class GitError(Exception):
    """Git could not do what it always can: its *argv*, exit *code* (None: killed) and last words.

    Credentials in addresses are taken out of all of it.
    """

    def __init__(self, argv: tuple[str, ...], code: int | None, detail: str) -> None:
        self.argv = tuple(map(without_credentials, argv))
        self.code = code
        self.detail = without_credentials(detail)
        super().__init__(f"git {' '.join(self.argv)}: exit {code}: {self.detail}")

    def fault(self) -> Fault:
        return fault(Reason.GIT_BROKEN, command=f"git {' '.join(self.argv[:1])}", detail=self.detail)


@dataclass(frozen=True, slots=True)
class Git:
    """Runs git on the repository *directory* (its GIT_DIR)."""

    directory: Path
    env: Mapping[str, str] = field(default_factory=dict)

    async def run(
        self, *argv: str, stdin: bytes = b"", codes: Collection[int] = (0,), within: timedelta = LOCAL
    ) -> process.Exited:
        """Raises GitError unless git ends *within* that time with one of *codes*."""
        ended = await process.run(_command(argv), env=self._environment(), stdin=stdin, within=within)
        return _checked(argv, ended, codes)

    def standby(self, *argv: str) -> "Standby":
        """Git with *argv*, before there is anything for it to read. Raises GitError."""
        try:
            return Standby(argv, process.Standby(_command(argv), env=self._environment()))
        except OSError as error:
            raise GitError(argv, None, str(error)) from error

    def _environment(self) -> dict[str, str]:
        # git finds its own helpers (git-upload-pack, ssh) through PATH, so its folder comes first.
        path = f"{Path(_program()).parent}:{_SYSTEM_PATH}"
        return {"PATH": path, **_ENVIRONMENT, "GIT_DIR": str(self.directory), **self.env}

    def with_env(self, **more: str) -> "Git":
        return Git(self.directory, {**self.env, **more})


@dataclass(frozen=True, slots=True)
class Standby:
    """`process.Standby` of a git."""

    argv: tuple[str, ...]
    program: process.Standby

    def feed(self, data: bytes) -> None:
        self.program.feed(data)

    def ended(self, *, within: timedelta = LOCAL) -> process.Exited:
        """Raises GitError unless git ends *within* that time, and well."""
        return _checked(self.argv, self.program.ended(within=within), (0,))

    def kill(self) -> None:
        self.program.kill()

    def close(self) -> None:
        self.program.close()


def _command(argv: tuple[str, ...]) -> list[str]:
    return [_program(), *(part for pair in _OVERRULED for part in ("-c", pair)), *argv]


def _checked(argv: tuple[str, ...], ended: process.Ended, codes: Collection[int]) -> process.Exited:
    match ended:
        case process.Exited(code=code) if code in codes:
            return ended
        case process.Exited(code=code):
            raise GitError(argv, code, last_words(ended.stderr))
        case process.TimedOut(after=after):
            raise GitError(argv, None, f"killed after {after.total_seconds():g} s")
        case process.Flooded(most=most):
            raise GitError(argv, None, f"killed after {most} bytes of output")
        case process.NotStarted(detail=detail):
            raise GitError(argv, None, detail)
        case _:
            assert_never(ended)


@cache
def _program() -> str:
    return shutil.which("git") or "git"


def last_words(stderr: bytes, *, lines: int = 6, most: int = 600) -> str:
    """The end of what git said, as one text without credentials."""
    said = [line for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    return without_credentials("\n".join(said[-lines:]))[-most:]


def without_credentials(text: str) -> str:
    """*text* with user names and passwords taken out of the addresses in it."""
    return _CREDENTIALS.sub(r"\1", text)
