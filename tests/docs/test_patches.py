"""Every example of `docs/patches.md` means to the parser what the page says of it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from contracts.commands import Part, PartKind, Place, Submit
from contracts.faults import Rejection
from contracts.formats.context import Context
from contracts.formats.reading import read
from contracts.formats.spellings import OPERATIONS
from contracts.patch import Patch
from contracts.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs/patches.md").read_text(encoding="utf-8")
SETTINGS = Settings.model_validate({"domains": {"shop": {"channels": ["C0SHOP"]}, "site": {}}})


class Example(NamedTuple):
    says: str
    language: str
    body: str
    line: int


EXAMPLES = [
    Example(found[1], found[2], found[3], PAGE.count("\n", 0, found.start()) + 1)
    for found in re.finditer(r"^<!-- (.+?) -->\n```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
]


def outcome(example: Example) -> str:
    """What comes of it when somebody posts it in the channel, in the words of the page."""
    part = Part(PartKind.FENCE, example.body.encode(), language=example.language)
    results = read(Submit((part,), addressed=False), Context.of(SETTINGS, Place("C0SHOP")))
    match results:
        case ():
            return "ignored"
        case (Rejection(faults=(fault, *_)),):
            at = f" at {fault.line}:{fault.column}" if " at " in example.says else ""
            return f"rejected: {fault.reason}{at}"
        case (Patch(changeset=changeset),):
            return f"becomes: {' '.join(mutation.kind for mutation in changeset.mutations)}"
        case _:
            return _several([each for each in results if isinstance(each, Patch)])


def _several(patches: Sequence[Patch]) -> str:
    """The patches of one block, domain by domain."""
    [together] = {each.together for each in patches}
    assert together is not None
    assert together.domains == tuple(each.domain for each in patches)
    parts = [f"{each.domain} {' '.join(one.kind for one in each.changeset.mutations)}" for each in patches]
    return f"becomes: {', '.join(parts)}{'; atomic' if together.atomic else ''}"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"line-{example.line}")
def test_the_example_means_what_is_said_of_it(example: Example) -> None:
    assert outcome(example) == example.says


def test_every_example_is_one_that_is_run() -> None:
    assert len(EXAMPLES) == len(re.findall(r"^```\w+$", PAGE, re.M))


def test_the_operations_of_the_table_are_known() -> None:
    table = PAGE.partition("### What a mutation can do")[2].partition("\n\nThe operation")[0]
    named = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", table, re.M)))
    assert set(named) <= set(OPERATIONS)
    assert {"write", "create", "update", "replace", "insert", "rename", "delete", "chmod"} <= set(named)
