"""One repository as the desk has it, and what the desk makes of a text there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from contracts.commands import Part, PartKind, Submit
from contracts.faults import Fault, Reason, Rejection, fault
from contracts.formats import Context, read
from contracts.patch import Limits
from executor.candidate import Candidate, build
from executor.repository.bare import Repository, opened
from executor.repository.commits import Description, Person
from tests.corpora.tally import Alone, Refused, Same, Verdict, Wrong

_MUCH = 1 << 30
#: Real commits are larger than what one message may bring.
LIMITS = Limits(block=_MUCH, file=_MUCH, files=100_000, content=_MUCH)
_CONTEXT = Context({"corpus": "corpus"}, ("corpus",), {}, LIMITS)
_NOW = datetime(2025, 1, 1, tzinfo=UTC)
_WHO = Person("Corpora", "corpora@localhost")


@dataclass(frozen=True, slots=True)
class Desk:
    """*repository* sees all objects of the corpus's own one."""

    repository: Repository

    async def make(self, body: bytes, *, base: str, name: str) -> str | Fault:
        """The tree that *body*, a file called *name*, makes of the commit *base*."""
        if name.endswith(".patch"):
            part = Part(PartKind.WHOLE, body, name, "diff")
        else:
            part = Part(PartKind.FENCE, body, None, "text")
        submit = Submit((part,), addressed=True)
        results = read(submit, _CONTEXT)
        if len(results) != 1:
            return fault(Reason.TOO_MANY_BLOCKS, most=1)
        if isinstance(results[0], Rejection):
            return results[0].faults[0]
        description = Description("p", results[0].title, "", "corpora", _WHO)
        made = await build(self.repository, results[0].changeset, LIMITS, description, base=base, now=_NOW)
        if isinstance(made, Candidate):
            return self.repository.tree(made.commit).id
        return self.repository.tree(base).id if made.reason is Reason.NOTHING_CHANGED else made

    async def judge(self, body: bytes, *, base: str, name: str, expected: str | None) -> Verdict:
        """*expected* is the tree that another program makes of *body*; None: that one refuses."""
        made = await self.make(body, base=base, name=name)
        if isinstance(made, Fault):
            return Refused(made)
        if made == expected:
            return Same()
        if expected is None:
            return Alone(f"tree {made} on {base}")
        return Wrong(made, f"tree {made} on {base}, not {expected}")


@asynccontextmanager
async def desk_for(corpus: Path, home: Path) -> AsyncIterator[Desk]:
    """The desk's repository beside the git repository *corpus*, which it borrows all objects from."""
    objects = corpus / ".git/objects" if (corpus / ".git").is_dir() else corpus / "objects"
    async with opened(home, corpus.name.removesuffix(".git"), str(corpus)) as repository:
        (repository.path / "objects/info/alternates").write_text(f"{objects.resolve()}\n")
        yield Desk(Repository(repository.path, repository.origin))
