"""The desk's commits: what their message says, and how one is found again on a branch."""

import heapq
import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pygit2

PATCH_TRAILER = "Patchdesk-Patch"
SOURCE_TRAILER = "Patchdesk-Source"
ASKED_TRAILER = "Patchdesk-Asked-By"
REVERTS_TRAILER = "Patchdesk-Reverts"

#: A line that git, or somebody who reads quickly, could take for one of the desk's own trailers.
_OURS = re.compile(r"\s*patchdesk-[\w-]*\s*:", re.IGNORECASE)
#: How far back a search goes, in commits, and how many older than the patch in a row end it: commits
#: made by clocks that go wrong stand among the others.
_MOST_SEARCHED = 20_000
_OLDER_IN_A_ROW = 200
_CLOCKS_DIFFER = timedelta(hours=1)
_LATEST = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Person:
    """An author or committer; made harmless when it is written."""

    name: str
    email: str


#: Who commits. The author is the person who asked.
DESK = Person("Patchdesk", "patchdesk@localhost")


@dataclass(frozen=True, slots=True)
class Description:
    """What a commit says. *source* is where the patch was posted.

    *asked* is who posted it, if that is not the *author*; *written* when the author wrote it, if not now.
    """

    patch: str
    title: str
    body: str
    source: str
    author: Person
    asked: Person | None = None
    written: datetime | None = None
    reverts: str | None = None  #: the patch that it undoes


def message(description: Description) -> str:
    """Title, body, and the desk's trailers as last paragraph. Nothing above them reads as one of them."""
    title = _harmless(" ".join(description.title.split())) or f"Patch {description.patch}"
    body = "\n".join(_harmless(description.body).splitlines()).strip()
    source = _visible(" ".join(description.source.split())) or "unknown"
    trailers = f"{PATCH_TRAILER}: {description.patch}\n{SOURCE_TRAILER}: {source}\n"
    if description.asked is not None:
        name, email = _written(description.asked)
        trailers += f"{ASKED_TRAILER}: {name} <{email}>\n"
    if description.reverts is not None:
        trailers += f"{REVERTS_TRAILER}: {description.reverts}\n"
    return "\n\n".join(part for part in (title, body, trailers) if part)


def _harmless(text: str) -> str:
    """*text* without control characters, and with a mark before lines that look like the desk's trailers."""
    lines = (_visible(line).rstrip() for line in text.splitlines())
    return "\n".join(f"> {line}" if _OURS.match(line) else line for line in lines)


def _visible(line: str) -> str:
    return "".join(char for char in line if char == "\t" or unicodedata.category(char) not in {"Cc", "Cs"})


def patch_of(text: str) -> str | None:
    """The patch whose commit has *text* as message; None: it is none of the desk's."""
    last = text.rstrip("\n").rpartition("\n\n")[2]
    for line in last.splitlines():
        key, _, value = line.partition(":")
        if key == PATCH_TRAILER:
            return value.strip()
    return None


def write_commit(
    repository: pygit2.Repository, description: Description, *, tree: str, parent: str, now: datetime
) -> str:
    """A commit that no reference names yet; its id."""
    return str(
        repository.create_commit(
            None,
            _signature(description.author, description.written or now),
            _signature(DESK, now),
            message(description),
            pygit2.Oid(hex=tree),
            [pygit2.Oid(hex=parent)],
        )
    )


def _signature(person: Person, at: datetime) -> pygit2.Signature:
    name, email = _written(person)
    offset = (at.utcoffset() or timedelta()) // timedelta(minutes=1)
    # What lies before 1970, or in a year that git cannot write, nobody has written.
    moment = min(max(int(at.timestamp()), 0), _LATEST)
    return pygit2.Signature(name, email, moment, offset, "utf-8")


def _written(person: Person) -> tuple[str, str]:
    """Name and address without what would end them early."""
    name = " ".join(re.sub(r"[<>]", "", _visible(person.name)).split()) or "unknown"
    return name, re.sub(r"[<>\s]", "", _visible(person.email)) or "unknown"


def find_landed(repository: pygit2.Repository, patch: str, *, tip: str, since: datetime) -> str | None:
    """The desk's commit of *patch* among the ancestors of *tip*, back to about *since*; None: not there."""
    oldest = (since - _CLOCKS_DIFFER).timestamp()
    older = 0
    for commit in itertools.islice(_latest_first(repository, tip), _MOST_SEARCHED):
        if commit.committer.email == DESK.email and patch_of(commit.message) == patch:
            return str(commit.id)
        older = older + 1 if commit.commit_time < oldest else 0
        if older > _OLDER_IN_A_ROW:
            return None
    return None


def _latest_first(repository: pygit2.Repository, tip: str) -> Iterator[pygit2.Commit]:
    """*tip* and its ancestors. libgit2's own walk by time reads all of the history before it begins."""
    waiting = [(0, tip)]
    seen = {tip}
    while waiting:
        _, name = heapq.heappop(waiting)
        commit = repository[name].peel(pygit2.Commit)
        yield commit
        for parent in commit.parent_ids:
            if str(parent) not in seen:
                seen.add(str(parent))
                found = repository[parent].peel(pygit2.Commit)
                heapq.heappush(waiting, (-found.commit_time, str(parent)))
