"""The repository of the demo: a small Python package with a history and two gates that mean something."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.demo.peer import PATCHES
from contracts.settings import DomainSettings, GateSettings, SandboxSettings
from executor.sandbox.level import Exited, Job, Sandbox

BRANCH = "main"
CHANNEL = PATCHES.id
#: The gate that runs the package's own tests.
TESTS = "tests"
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_SOON = timedelta(seconds=10)

_GREETING = '''\
"""Greetings."""


def greet(name: str) -> str:
    """A greeting for *name*; people without a name are friends."""
    return f"Hello, {name or 'friend'}!"
'''

_TEST = """\
import unittest

from greeter.greeting import greet


class GreetingTest(unittest.TestCase):
    def test_it_names_the_one_who_is_greeted(self) -> None:
        self.assertEqual(greet("Ada"), "Hello, Ada!")

    def test_it_is_kind_to_people_without_a_name(self) -> None:
        self.assertEqual(greet(""), "Hello, friend!")


if __name__ == "__main__":
    unittest.main()
"""

_COMMAND = '''\
"""`python -m greeter NAME`"""

import os
import shutil
import sys

from greeter.greeting import greet

print(greet(" ".join(sys.argv[1:])))
'''


@dataclass(frozen=True, slots=True)
class _Commit:
    author: str
    subject: str
    files: Mapping[str, str]


_HISTORY = (
    _Commit("Ada Okafor <ada@example.com>", "Begin", {"README.md": "# Greeter\n\nGreets people by name.\n"}),
    _Commit(
        "Ada Okafor <ada@example.com>",
        "Greet people by name",
        {"greeter/__init__.py": "", "greeter/greeting.py": _GREETING, "greeter/__main__.py": _COMMAND},
    ),
    _Commit(
        "Ben Lindqvist <ben@example.com>",
        "Hold the greeting to its words",
        {"tests/__init__.py": "", "tests/test_greeting.py": _TEST},
    ),
)
#: The demo's patches are its own: it runs on any machine.
SANDBOX = SandboxSettings(min_level=0)
_FIRST = datetime(2025, 3, 3, 9, 30, tzinfo=UTC)


def history() -> bytes:
    """The commits as a stream for `git fast-import`; the same ids every time."""
    stream = bytearray(b"feature done\n")
    for day, commit in enumerate(_HISTORY):
        written = f"{int((_FIRST + timedelta(days=day)).timestamp())} +0000"
        stream += f"commit refs/heads/{BRANCH}\nauthor {commit.author} {written}\n".encode()
        stream += f"committer {commit.author} {written}\n".encode()
        stream += _data(commit.subject + "\n")
        for path, content in commit.files.items():
            stream += f"M 100644 inline {path}\n".encode() + _data(content)
    return bytes(stream) + b"done\n"


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%s\n" % (len(content), content)


def _interpreters() -> list[str]:
    """Below a virtual environment, which may lie in a closed folder, there is the Python it was made of."""
    found = shutil.which("python3", path=_SYSTEM_PATH)
    return [os.path.realpath(sys.executable), *([found] if found else [])]


async def interpreter(sandbox: Sandbox) -> str:
    """A Python that *sandbox* can run: its user may not see ours. Ours, if there is no better one."""
    ours, *others = _interpreters()
    for python in (ours, *others):
        tried = await sandbox.run(Job((python, "-c", ""), Path("/"), {"PATH": _SYSTEM_PATH}, _SOON))
        if tried.how == Exited(0):
            return python
    return ours


def domain(repository: Path, python: str) -> DomainSettings:
    """The sample as a domain, with two checks that need nothing but *python*."""
    compiles = GateSettings(name="compiles", run=(python, "-m", "compileall", "-q", "greeter", "tests"))
    tests = GateSettings(name=TESTS, run=(python, "-m", "unittest", "-q"))
    return DomainSettings(
        repository=str(repository), branch=BRANCH, channels=(CHANNEL,), gates=(compiles, tests)
    )
