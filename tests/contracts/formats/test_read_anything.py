"""Whatever is posted: reading gives Patches and Rejections, and never raises."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.commands import Part, PartKind, Submit
from contracts.faults import Rejection
from contracts.formats.context import Context
from contracts.formats.document import MOST_FAULTS
from contracts.formats.fences import parts
from contracts.formats.reading import Result, read
from contracts.patch import Patch, build_changeset, paths_of
from contracts.paths import check_path
from tests.contracts.formats.posting import BOTH, LIMITS, NOWHERE, WEB
from tests.contracts.formats.test_broken_blocks import BROKEN, HEAD
from tests.contracts.formats.test_diffs import BROKEN as BROKEN_DIFFS
from tests.contracts.formats.test_diffs import HEADERS, MAIL
from tests.contracts.formats.test_shapes import BLOCKS, YAML

GOOD = [
    *(json.dumps({"role": "command_patch", **fields}, indent=1) for fields, _ in BLOCKS.values()),
    *(text for text, _, _ in HEADERS.values()),
    *(HEAD + text for text, _ in BROKEN.values()),
    *(text for text, _ in BROKEN_DIFFS.values()),
    YAML,
    MAIL,
]
LANGUAGES = ["", "json", "yaml", "diff", "text", "python", "JSON", "?"]

#: Pieces that mean something to one of the readers.
pieces = st.sampled_from(
    [
        "role",
        "command_patch",
        ":",
        " ",
        "\n",
        "\r\n",
        "\t",
        '"',
        "“",
        "{",
        "}",
        "[",
        "]",
        ",",
        "- ",
        "&a ",
        "*a",
        "!!x ",
        "|",
        "<<",
        "#",
        "---",
        "+++",
        "@@",
        " -1,2 +1 ",
        "diff --git a/x b/x",
        "--- a/x",
        "+++ b/x",
        "new file mode 100644",
        "rename from x",
        "GIT binary patch",
        "```",
        "~~~",
        "\\",
        "\x00",
        "\ufeff",
        "\u2028",
        "é",
        "a",
        "path",
        "contents",
        "mutations",
        "target",
        "From 0123456789012345678901234567890123456789 ",
        "From: =?utf-8?q?x?=",
        "Subject: x",
    ]
)
soup = st.lists(pieces | st.text(max_size=3), max_size=60).map("".join)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A good block with some of it cut out, doubled or replaced."""
    text = draw(st.sampled_from(GOOD))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 20)))
        text = text[:start] + draw(st.sampled_from(["", text[start:end] * 2]) | soup) + text[end:]
    return text


bodies = st.one_of(
    st.binary(max_size=200),
    soup.map(lambda text: text.encode("utf-8", "replace")),
    damaged().map(lambda text: text.encode("utf-8", "replace")),
)
some_parts = st.builds(
    Part,
    st.sampled_from(PartKind),
    bodies,
    st.sampled_from([None, "x.json", "notes.md"]),
    st.sampled_from(LANGUAGES),
    st.integers(1, 50),
)
submissions = st.builds(
    Submit,
    st.lists(some_parts, max_size=3).map(tuple),
    st.booleans(),
    st.sampled_from([None, "web", "site", "nowhere"]),
    st.sampled_from([None, "Title"]),
)


def check(results: tuple[Result, ...]) -> None:
    for result in results:
        match result:
            case Patch(domain=domain, changeset=changeset, title=title):
                assert domain in {"web", "api"}
                assert title
                assert "\n" not in title
                assert build_changeset(changeset.mutations, LIMITS) == changeset
                assert not [
                    path for each in changeset.mutations for path in paths_of(each) if check_path(path)
                ]
            case Rejection(faults=faults, block=block):
                assert 1 <= len(faults) <= MOST_FAULTS
                assert block >= 1
                places = [(each.line or 0, each.column or 0) for each in faults]
                assert places == sorted(places)


@settings(max_examples=200)
@given(submissions, st.sampled_from([WEB, BOTH, NOWHERE]))
def test_anything_gives_patches_and_rejections_only(submit: Submit, context: Context) -> None:
    check(read(submit, context))


@settings(max_examples=200)
@given(st.lists(damaged() | soup, max_size=3), st.booleans())
def test_any_message_gives_patches_and_rejections_only(pieces: list[str], addressed: bool) -> None:
    text = "\n".join(f"```\n{piece}\n```" for piece in pieces)
    results = read(Submit(parts(text), addressed), WEB)
    check(results)
    if addressed and pieces:
        assert results
