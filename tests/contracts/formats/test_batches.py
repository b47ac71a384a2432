"""A patch may name the batch of the plan that it counts for."""

import json

import jsonschema
import pytest

from contracts.commands import Part, PartKind, Place, Submit
from contracts.formats.context import Context
from contracts.formats.reading import read
from contracts.formats.schema import patch_schema
from contracts.patch import Patch, content_hash
from contracts.settings import Settings

CONTEXT = Context.of(
    Settings.model_validate({"domains": {"shop": {"channels": ["C0SHOP"]}}}), Place("C0SHOP")
)
SCHEMA = jsonschema.Draft202012Validator(patch_schema())
BLOCK: dict[str, object] = {"role": "command_patch", "mutations": [{"op": "delete", "path": "a.txt"}]}


def patch_of(block: dict[str, object]) -> Patch:
    part = Part(PartKind.FENCE, json.dumps(block).encode(), language="json")
    [patch] = read(Submit((part,), addressed=False), CONTEXT)
    assert isinstance(patch, Patch)
    return patch


@pytest.mark.parametrize(
    ("fields", "batch"),
    [
        ({"batch": "batch-2"}, "batch-2"),
        ({"batchId": " b.2:x/y "}, "b.2:x/y"),
        ({"batch_id": "b_2"}, "b_2"),
        ({"metadata": {"author": "ann", "batch": "batch-2"}}, "batch-2"),
        ({"batch": "outer", "metadata": {"batch": "inner"}}, "outer"),
        ({"batch": "second batch", "metadata": {"batch": "inner"}}, "inner"),
        ({"batch": "a batch with blanks"}, None),
        ({"batch": 2}, None),
        ({"batch": {"id": "batch-2"}}, None),
        ({"metadata": "batch"}, None),
        ({}, None),
    ],
)
def test_a_batch_is_named_beside_the_mutations_or_in_the_metadata(
    fields: dict[str, object], batch: str | None
) -> None:
    block = BLOCK | fields
    assert patch_of(block).batch == batch
    SCHEMA.validate(block)


def test_the_batch_of_a_block_within_a_block_is_the_inner_one() -> None:
    request: dict[str, object] = {
        "role": "command_patch",
        "batch": "outer",
        "patch": BLOCK | {"batch": "inner"},
    }
    assert patch_of(request).batch == "inner"


def test_what_a_patch_counts_for_is_not_part_of_what_it_does() -> None:
    assert content_hash(patch_of(BLOCK)) == content_hash(patch_of(BLOCK | {"batch": "batch-2"}))


def test_the_batch_is_shown_like_any_other_field() -> None:
    assert patch_of(BLOCK | {"batch": "batch-2"}).details == {"batch": "batch-2"}
