"""Posting things to a desk with two domains, and looking at what it makes of them."""

from collections.abc import Sequence

from contracts.commands import Part, PartKind, Submit
from contracts.faults import Reason, Rejection
from contracts.formats.context import Context
from contracts.formats.reading import Result, read
from contracts.patch import Limits, Mutation, Patch

LIMITS = Limits()
NAMES = {"web": "web", "site": "web", "api": "api"}
PREFIXES = {"web": ("/home/ann/web",), "api": ("/srv/api/",)}

#: A channel of one domain, of two, and of none.
WEB = Context(NAMES, ("web",), PREFIXES, LIMITS)
BOTH = Context(NAMES, ("web", "api"), PREFIXES, LIMITS)
NOWHERE = Context(NAMES, (), PREFIXES, LIMITS)


def posted(
    text: str | bytes,
    language: str = "",
    *,
    context: Context = WEB,
    addressed: bool = True,
    kind: PartKind = PartKind.FENCE,
    name: str | None = None,
    first_line: int = 1,
    domain: str | None = None,
    title: str | None = None,
) -> tuple[Result, ...]:
    body = text.encode() if isinstance(text, str) else text
    part = Part(kind, body, name, language, first_line)
    return read(Submit((part,), addressed, domain, title), context)


def patch_of(results: Sequence[Result]) -> Patch:
    [result] = results
    assert isinstance(result, Patch), result
    return result


def mutations_of(results: Sequence[Result]) -> tuple[Mutation, ...]:
    return patch_of(results).changeset.mutations


def rejection_of(results: Sequence[Result]) -> Rejection:
    [result] = results
    assert isinstance(result, Rejection), result
    return result


def faults_of(results: Sequence[Result]) -> list[tuple[Reason, int | None, int | None]]:
    return [(each.reason, each.line, each.column) for each in rejection_of(results).faults]


def facts_of(results: Sequence[Result], reason: Reason) -> dict[str, str]:
    """What the first fault with *reason* says beside its place."""
    return next(dict(each.args) for each in rejection_of(results).faults if each.reason is reason)
