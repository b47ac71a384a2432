"""The schema and the parser say the same of every shape."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.faults import Fault, Reason, Rejection
from contracts.formats.schema import patch_schema
from contracts.formats.spellings import BLOCK_BY_SPELLING, BY_SPELLING, MODES, OPERATIONS
from contracts.patch import Patch
from tests.contracts.formats.posting import WEB, posted
from tests.contracts.formats.test_broken_blocks import BROKEN, HEAD
from tests.contracts.formats.test_shapes import BLOCKS, MUTATIONS

SCHEMA = patch_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

#: What the parser knows and a schema cannot say.
BEYOND = {
    Reason.UNKNOWN_TARGET,
    Reason.MISSING_TARGET,
    Reason.TARGET_BOTH,
    Reason.SMART_QUOTES,
    Reason.DUPLICATE_KEY,
    Reason.BAD_PRIORITY,
    Reason.TOO_MANY_MATCHES,
    *(reason for reason in Reason if reason.startswith(("path-", "diff-", "too-", "file-", "content-"))),
}


def answers(block: object) -> list[Patch | Rejection]:
    return list(posted(json.dumps(block), "json", context=WEB))


def is_beyond(results: list[Patch | Rejection]) -> bool:
    """True if all that the parser has against *block* is what no schema can say."""
    [rejection] = results
    assert isinstance(rejection, Rejection)
    return all(each.reason in BEYOND or _is_about_values(each) for each in rejection.faults)


def _is_about_values(wrong: Fault) -> bool:
    """A field that is nearly another, two targets that contradict each other, and 1.0, which JSON Schema
    takes for a whole number."""
    match wrong.reason:
        case Reason.UNKNOWN_FIELD:
            return wrong.args["where"] == "the block"
        case Reason.CONFLICTING_FIELDS:
            return ": " in wrong.args["first"] and ": " in wrong.args["second"]
        case _:
            return wrong.args.get("expected") == "a whole number from 1"


def agree(block: object) -> None:
    results = answers(block)
    if any(isinstance(each, Patch) for each in results):
        assert VALIDATOR.is_valid(block), block
    elif VALIDATOR.is_valid(block):
        assert is_beyond(results), (block, results)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", MUTATIONS)
def test_the_schema_takes_every_mutation_that_the_parser_takes(name: str) -> None:
    mutation, _ = MUTATIONS[name]
    assert VALIDATOR.is_valid({"role": "command_patch", "mutations": [mutation]})


@pytest.mark.parametrize("name", BLOCKS)
def test_the_schema_takes_every_block_that_the_parser_takes(name: str) -> None:
    fields, _ = BLOCKS[name]
    assert VALIDATOR.is_valid({"role": "command_patch", **fields})
    assert not VALIDATOR.is_valid(fields)
    assert not VALIDATOR.is_valid({"role": "ui_patch", **fields})


@pytest.mark.parametrize("name", BROKEN)
def test_the_schema_refuses_what_the_parser_refuses_but_for_what_it_cannot_say(name: str) -> None:
    text, faults = BROKEN[name]
    block = json.loads(HEAD + text)
    if not VALIDATOR.is_valid(block):
        return
    assert is_beyond(list(posted(HEAD + text, "json"))), faults


# Blocks put together from everything that has a meaning ------------------------------------------
paths = st.sampled_from(["a", "b/c", "d e"])
texts = st.sampled_from(["x", "", "a\nb"])
anything: st.SearchStrategy[Any] = st.one_of(
    texts,
    paths,
    st.sampled_from([*OPERATIONS, *MODES, "both", "web", "src/a"]),
    st.integers(-1, 3),
    st.none(),
    st.booleans(),
    st.just([]),
    st.just({}),
)
mutations = st.one_of(
    st.dictionaries(st.sampled_from([*BY_SPELLING, "custom"]), anything, max_size=5),
    st.sampled_from([mutation for mutation, _ in MUTATIONS.values()]),
    st.builds(
        lambda mutation, key, value: {**mutation, key: value},
        st.sampled_from([mutation for mutation, _ in MUTATIONS.values()]),
        st.sampled_from([*BY_SPELLING, "custom"]),
        anything,
    ),
)
lists = st.lists(mutations, max_size=2)
fields = st.sampled_from([*BLOCK_BY_SPELLING, *BY_SPELLING, "custom", "title"])


def blocks_around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    values = st.one_of(anything, lists, mutations, inner)
    return st.builds(
        lambda base, more: {**base, **more},
        st.sampled_from([block for block, _ in BLOCKS.values()]),
        st.dictionaries(fields, values, max_size=2),
    ) | st.dictionaries(fields, values, max_size=4)


blocks = blocks_around(blocks_around(st.nothing()))


@settings(max_examples=60)
@given(mutations)
@example({"path": "a", "contents": "x", "op": "delete"})
def test_schema_and_parser_agree_on_any_mutation(mutation: dict[str, Any]) -> None:
    agree({"role": "command_patch", "mutations": [mutation]})
    agree({"role": "command_patch", "target_file": "f", "edits": [mutation]})
    agree({"role": "command_patch", "target_file": "f", "patch": mutation})
    agree({**mutation, "role": "command_patch"})


@settings(max_examples=60)
@given(blocks)
def test_schema_and_parser_agree_on_any_block(block: dict[str, Any]) -> None:
    agree({**block, "role": "command_patch"})
