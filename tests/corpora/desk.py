"""One repository as the desk has it, and what the desk makes of a text there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from contracts.commands import Part, PartKind, Submit
from contracts.faults import Fault, Reason, Rejection, fault
from contracts.formats import fences
from contracts.formats.context import Context
from contracts.formats.reading import read
from contracts.patch import Limits, Patch
from contracts.resolving import Mending, Resolving
from executor.candidate import Candidate, build
from executor.repository.bare import Repository, opened
from executor.repository.commits import Description, Person
from tests.corpora.tally import Alone, Refused, Same, Verdict, Wrong

_MUCH = 1 << 30
#: Real commits are larger than what one message may bring.
LIMITS = Limits(block=_MUCH, file=_MUCH, files=100_000, content=_MUCH)
_CONTEXT = Context({"corpus": "corpus"}, ("corpus",), {}, LIMITS)
_RECOUNTING = replace(_CONTEXT, recounting=frozenset({"corpus"}))
_NOW = datetime(2025, 1, 1, tzinfo=UTC)
#: On other commits than its own a change stands elsewhere, as git takes it. What is only offered is refused.
_AS_GIT = Resolving(place=Mending.AUTO)
#: As generous as a domain may be, but for blanks: new lines would keep those that they were posted with.
_GENEROUS = Resolving(place=Mending.AUTO, recount=Mending.AUTO)
_WHO = Person("Corpora", "corpora@localhost")


@dataclass(frozen=True, slots=True)
class Desk:
    """*repository* sees all objects of the corpus's own one."""

    repository: Repository
    resolving: Resolving = _AS_GIT

    def generous(self) -> "Desk":
        """The same, where what has wrong numbers only lands without a question."""
        return replace(self, resolving=_GENEROUS)

    async def make(self, body: bytes, *, base: str, name: str) -> str | Fault:
        """The tree that *body* makes of the commit *base*.

        *name* says how it comes: `.patch` is a file of a diff, `.txt` a fence, `.md` a message that may
        bring several patches, each of which lands or does not. A Fault: nothing of it landed.
        """
        context = _RECOUNTING if self.resolving.recount is Mending.AUTO else _CONTEXT
        results = read(Submit(_parts(body, name), addressed=True), context)
        if not (patches := [each for each in results if isinstance(each, Patch)]):
            return next(each.faults[0] for each in results if isinstance(each, Rejection))
        tip = base
        for patch in patches:
            made = await self._commit(patch, tip)
            if isinstance(made, Fault) and made.reason is not Reason.NOTHING_CHANGED and tip == base:
                return made
            tip = made.commit if isinstance(made, Candidate) else tip
        return self.repository.tree(tip).id

    async def _commit(self, patch: Patch, base: str) -> Candidate | Fault:
        description = Description("p", patch.title, "", "corpora", _WHO)
        made = await build(
            self.repository,
            patch.changeset,
            LIMITS,
            description,
            base=base,
            now=_NOW,
            resolving=self.resolving,
        )
        if isinstance(made, Candidate) and self.resolving.is_for_people(made.mended):
            return fault(Reason.NEEDS_ADJUSTING)
        return made

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


def _parts(body: bytes, name: str) -> tuple[Part, ...]:
    match name.rpartition(".")[2]:
        case "patch":
            return (Part(PartKind.WHOLE, body, name, "diff"),)
        case "md":
            return fences.parts(body.decode("utf-8", "replace"))
        case _:
            return (Part(PartKind.FENCE, body, None, "text"),)


@asynccontextmanager
async def desk_for(corpus: Path, home: Path) -> AsyncIterator[Desk]:
    """The desk's repository beside the git repository *corpus*, which it borrows all objects from."""
    objects = corpus / ".git/objects" if (corpus / ".git").is_dir() else corpus / "objects"
    async with opened(home, corpus.name.removesuffix(".git"), str(corpus)) as repository:
        (repository.path / "objects/info/alternates").write_text(f"{objects.resolve()}\n")
        yield Desk(Repository(repository.path, repository.origin))
