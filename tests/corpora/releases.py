"""Histories made of releases: the archives that a registry has of one package, each of them a commit.

In a folder lie the `.tar.gz` and `.tgz` of a package, as `pip download --no-deps --no-binary :all:` and
`npm pack` bring them. They are taken in the order of the numbers in their names: what changes from one to
the next is what people really changed, in whatever language, with whatever line ends.
"""

import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tests.executor.repositories import Repo

_NUMBERS = re.compile(r"\d+")
_BAD_PARTS = frozenset({"", ".", "..", ".git"})


def imported(archives: Path, into: Path, most: int) -> Path:
    """The bare repository below *into* whose commits are the last *most* releases in *archives*."""
    path = into / f"{archives.name}.git"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    Repo(path).git("init", "--quiet", "--bare", "--initial-branch=main")
    argv = ["git", "fast-import", "--quiet"]
    with subprocess.Popen(argv, cwd=path, stdin=subprocess.PIPE) as importing:
        assert importing.stdin is not None
        for archive in sorted(archives.glob("*.t*gz"), key=_version)[-most:]:
            _commit(archive, importing.stdin)
    if importing.returncode:
        raise AssertionError(f"git fast-import: exit {importing.returncode}")
    return path


def _version(archive: Path) -> tuple[list[int], str]:
    return [int(number) for number in _NUMBERS.findall(archive.name)], archive.name


def _commit(archive: Path, stream: IO[bytes]) -> None:
    """*archive* as the next commit. The folder that all of its files stand in is no part of their names."""
    title = archive.name.encode()
    stream.write(b"commit refs/heads/main\ncommitter Ada <ada@example.com> 0 +0000\n")
    stream.write(b"data %d\n%s\ndeleteall\n" % (len(title), title))
    # A name may be in an archive twice: the last one counts, as for tar.
    for name, (mode, content) in dict(_files(archive)).items():
        stream.write(b"M %s inline %s\ndata %d\n%s\n" % (mode, _quoted(name), len(content), content))


def _files(archive: Path) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    with tarfile.open(archive, errors="surrogateescape") as opened:
        for member in opened:
            name = member.name.removeprefix("./").partition("/")[2]
            if _BAD_PARTS.intersection(name.split("/")):
                continue
            if member.issym():
                yield name, (b"120000", member.linkname.encode("utf-8", "surrogateescape"))
            elif (file := opened.extractfile(member) if member.isreg() else None) is not None:
                yield name, (b"100755" if member.mode & 0o100 else b"100644", file.read())


def _quoted(name: str) -> bytes:
    escaped = name.encode("utf-8", "surrogateescape").replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"' + escaped.replace(b"\n", b"\\n") + b'"'
