"""Fences, as CommonMark has them and as Slack makes them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from contracts.commands import PartKind
from contracts.formats.fences import MOST_BLOCKS, parts

Block = tuple[str, int, str]


def blocks(text: str) -> list[Block]:
    """Language, first line and content of each block."""
    return [(part.language, part.first_line, part.body.decode()) for part in parts(text)]


COMMONMARK: dict[str, tuple[str, list[Block]]] = {
    "a block with its language": ("```json\n{}\n```", [("json", 2, "{}\n")]),
    "the language in lower case": ("```JSON\n{}\n```", [("json", 2, "{}\n")]),
    "only the first word is the language": ("```python title=x\npass\n```", [("python", 2, "pass\n")]),
    "tildes may have anything behind them": ("~~~ yaml: {}\na\n~~~", [("yaml:", 2, "a\n")]),
    "tildes are closed by tildes": ("~~~\n```\n~~~~\nb", [("", 2, "```\n")]),
    "a longer fence holds shorter ones": ("````\n```json\n```\n````", [("", 2, "```json\n```\n")]),
    "an unclosed block goes to the end": ("text\n```\na\nb", [("", 3, "a\nb\n")]),
    "an unclosed tilde block too": ("~~~\na", [("", 2, "a\n")]),
    "an indented fence takes its indent away": ("  ```\n   a\n b\n  ```", [("", 2, " a\nb\n")]),
    "four blanks make no fence": ("    ```\n    a\n    ```\n", []),
    "carriage returns stay in the content": ("```\r\na\r\n```\r\n", [("", 2, "a\r\n")]),
    "lines of a diff close nothing": ("```diff\n+```\n+a\n-```\n```", [("diff", 2, "+```\n+a\n-```\n")]),
    "an empty block": ("```\n```", [("", 2, "")]),
    "inline backticks are no fence": ("a `b` c ``d`` e", []),
    "a quoted block is somebody else's": ("> ```json\n> {}\n> ```", []),
}

SLACK: dict[str, tuple[str, list[Block]]] = {
    "a block on one line": ("```role: x```", [("", 1, "role: x\n")]),
    "with its language": ("```json {}```", [("json", 1, "{}\n")]),
    "content glued to both fences": ("```{\n}```", [("", 1, "{\n}\n")]),
    "content glued to the first only": ("```{\n}\n```", [("", 1, "{\n}\n")]),
    "content glued to the last only": ("```json\n{}```", [("json", 2, "{}\n")]),
    "the language glued to the content": ("```json {\n}```", [("json", 1, "{\n}\n")]),
    "text before the fence": ("<@U1> ```json\n{}\n``` done", [("json", 2, "{}\n")]),
    "text before and behind glued fences": ("take ```{\n}``` please", [("", 1, "{\n}\n")]),
    "several on one line": ("```a b``` and ```c d```", [("", 1, "a b\n"), ("", 1, "c d\n")]),
    "a second block opens where the first closed": (
        "x ```{\n}``` y ```[\n]```",
        [("", 1, "{\n}\n"), ("", 2, "[\n]\n")],
    ),
    "a glued diff": ("```diff --git a/x b/x\n+a```", [("", 1, "diff --git a/x b/x\n+a\n")]),
    "a glued mail": ("```From ann\n+a```", [("", 1, "From ann\n+a\n")]),
    "an unclosed glued block goes to the end": ("```{\n}", [("", 1, "{\n}\n")]),
    "a glued end does not swallow the next block": (
        "```\n{}```\ntext\n```yaml\na: 1\n```",
        [("", 2, "{}\n"), ("yaml", 5, "a: 1\n")],
    ),
    "a word behind glued backticks is no second opening": ("```\na```\nb", [("", 2, "a\n")]),
    "backticks in content that a real fence closes": ("```\na```\n```", [("", 2, "a```\n")]),
    "backticks in a sentence are no block": ("use ``` there\n```json\n{}\n```", [("json", 3, "{}\n")]),
    "backticks that nothing closes": ("use ``` there\nand on", []),
    "glued text that nothing closes": ("see ```{ there", []),
    "a code span of three with a backtick in it": ("```a`b\nc", []),
    "the end of a block behind its last line": ("x ```json\n{}```", [("json", 2, "{}\n")]),
    "an empty one on one line": ("``` ```", [("", 1, "\n")]),
    "half of a surrogate pair": ("```\n\ud800\n```", [("", 2, "?\n")]),
}


@pytest.mark.parametrize("name", COMMONMARK)
def test_fences_are_those_of_commonmark(name: str) -> None:
    text, expected = COMMONMARK[name]
    assert blocks(text) == expected


@pytest.mark.parametrize("name", SLACK)
def test_fences_are_those_of_slack(name: str) -> None:
    text, expected = SLACK[name]
    assert blocks(text) == expected


def test_every_block_is_a_fence_part() -> None:
    assert {part.kind for part in parts("```\na\n```\n~~~\nb\n~~~")} == {PartKind.FENCE}


def test_a_message_that_is_all_fences_is_not_read_to_its_end() -> None:
    assert len(parts("```\n```\n" * 10_000)) == MOST_BLOCKS + 1
    assert len(parts("``` ``` " * 10_000)) == MOST_BLOCKS + 1


# Lines that mean the same to CommonMark at the top level and to us: no containers, no HTML, nothing glued.
fence_lines = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", " ", "   ", "    "]),
        st.sampled_from(["```", "````", "`````", "~~~", "~~~~"]),
        st.sampled_from(["", " ", "json", " yaml ", "c++"]),
    ),
)
plain_lines = st.sampled_from(
    ["", "text", "    code", "{", "role: x", "# title", "``", "~~ a", "+```", "`a`"]
)


@given(st.lists(st.one_of(fence_lines, plain_lines), max_size=12))
@example(["```", "text", "````"])
def test_at_the_top_level_fences_agree_with_a_markdown_parser(lines: list[str]) -> None:
    text = "\n".join(lines)
    tokens = [token for token in MarkdownIt("commonmark").parse(text) if token.type == "fence"]
    theirs = [
        (token.info.strip().lower(), (token.map or [0])[0] + 2, token.content.strip("\n")) for token in tokens
    ]
    ours = [(language, line, content.strip("\n")) for language, line, content in blocks(text)]
    assert ours == theirs


@given(st.text(alphabet=st.sampled_from(list("`~ a{\n>+json:\r")), max_size=80))
def test_any_text_gives_blocks_that_stand_in_it(text: str) -> None:
    lines = text.count("\n") + 1
    for part in parts(text):
        assert part.kind is PartKind.FENCE
        assert 1 <= part.first_line <= lines + 1
        assert part.body.count(b"\n") <= lines
        for line in part.body.decode().splitlines():
            assert line.strip() in text
