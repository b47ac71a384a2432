"""Finding and reading patches: beside a Markdown parser on ordinary text, and on text made to hurt."""

import json
import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from markdown_it import MarkdownIt

from benchmarks.rows import Row
from contracts.commands import Part, PartKind, Submit
from contracts.faults import Rejection
from contracts.formats.context import Context
from contracts.formats.detect import MOST_LINES
from contracts.formats.fences import parts
from contracts.formats.reading import read
from contracts.patch import Limits

_ROUNDS: Final = 7
_MEGABYTE: Final = 1024 * 1024
#: What a refusal may take: milliseconds, and bytes beside the block's own.
_PROMPT: Final = 50
_SMALL: Final = 30 * _MEGABYTE

#: Repeated up to a size; none of them lets the scan stop early at its bound on blocks.
_FENCE_BOMBS: Final = {
    "openings without end": "```a\n",
    "openings in sentences": "a ``` b\n",
    "indented fences": "    ```\n",
    "quoted fences": "> ```\n",
    "code spans": "``a``\n",
    "tildes without end": "~~~a\n",
    "empty lines": "\n",
    "a line of backticks": "`",
    "a line of tildes": "~",
    "a line of blanks": " ",
}

#: Blocks as large as an operator might let them be: language, and what fills them.
_BLOCK_BOMBS: Final = {
    "brackets": ("", '{"role": "command_patch", "x": ', "["),
    "braces": ("json", '{"role": "command_patch", "x": ', '{"a":'),
    "numbers": ("json", '{"role": "command_patch", "x": [', "1,"),
    "one key": ("json", '{"role": "command_patch", ', '"a": 1,'),
    "a huge number": ("json", '{"role": "command_patch", "contents": ', "9"),
    "YAML lines": ("", "role: command_patch\nx:\n", "- a\n"),
    "YAML lists in lists": ("", "role: command_patch\nx: ", "["),
    "YAML aliases": ("", "role: command_patch\na: &a [x, x]\nb: [", "*a, "),
    "YAML numbers": ("", "role: command_patch\ncontents: ", "1:"),
    "hunk headers": ("diff", "--- a/x\n+++ b/x\n", "@@ -1 +1 @@\n"),
    "hunk lines": ("diff", "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n", "-a\n"),
    "file headers": ("diff", "", "--- a/x\n+++ b/x\n"),
    "git headers": ("diff", "", "diff --git a/x b/x\n"),
    "mode changes": ("diff", "", "diff --git a/x b/x\nold mode 100644\nnew mode 100755\n"),
    "context lines": ("diff", "--- a/x\n+++ b/x\n@@ -1,999999 +1,999999 @@\n", " \n"),
    "fields": ("json", '{"role": "command_patch"', ',"":1'),
    "unknown fields": ("", "role: command_patch\nmutations:\n- path: a\n", "  mutatin: {}\n"),
    "binary stubs": ("diff", "diff --git a/x b/x\n", "Binary files a and b differ\n"),
    "codex files": ("", "*** Begin Patch\n", "*** Delete File: a\n"),
    "codex changes": ("", "*** Begin Patch\n*** Update File: x\n", "@@\n-a\n"),
    "codex changes of nothing": ("", "*** Begin Patch\n*** Update File: x\n", "@@\n a\n"),
    "codex lines": ("", "*** Begin Patch\n*** Update File: x\n@@\n", "-a\n"),
    "codex blank lines": ("", "*** Begin Patch\n", "\n"),
    "search/replace blocks": ("", "x.py\n", "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"),
    "search/replace without end": ("", "x.py\n<<<<<<< SEARCH\n", "a\n"),
    "search/replace for no file": ("", "", "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"),
    "mail headers": ("diff", "From: x\nSubject: x\n", " =?q?x\n"),
    "mails": ("diff", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n", f"From {'0' * 40} x\n"),
    "letters beyond ASCII": ("json", '{"role": "command_patch", "x": "', "\u00e9"),
    "lines beyond ASCII": ("", "*** Begin Patch\n*** Add File: x\n", "+\u00e9\n"),
    "fences": ("", "", "```\nx\n```\n"),
    "openings": ("", "", "```a\n"),
}
#: Those of each format that are also tried where they are four times as large as is taken.
_TOO_LARGE: Final = ("brackets", "YAML lines", "hunk lines", "codex lines", "search/replace blocks")


def rows() -> list[Row]:
    """ENGINE target 10, and the promise that every bomb is refused within 50 ms."""
    return [*_beside_others(), *_growth(), *_refusals()]


def _once(work: Callable[[], object]) -> float:
    """Processor time (seconds): nothing here waits, and other processes shall not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


def _seconds(work: Callable[[], object], rounds: int = _ROUNDS) -> float:
    return statistics.median(_once(work) for _ in range(rounds))


def _speed(seconds: float, size: int) -> str:
    return f"{size / seconds / _MEGABYTE:.0f} MB/s"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


# Ordinary text ---------------------------------------------------------------------------------
def ordinary_text(blocks: int) -> str:
    """About a megabyte of chat at 150 *blocks*: sentences, lists, code and patches."""
    sentences = "We should look at the *second* case, since `retry` hides it; see the log below.\n"
    prose = f"# A heading\n\n{sentences * 30}\n- one\n- two\n\n> {sentences}\n" * 2
    code = "def retry(times: int) -> None:\n    for _ in range(times):\n        attempt()\n" * 12
    patch = json.dumps({"role": "command_patch", "path": "a.py", "contents": "x = 1\n" * 100}, indent=2)
    kinds = [f"```python\n{code}```\n", f"```json\n{patch}\n```\n", f"~~~\n{sentences}~~~\n"]
    return "".join(prose + kinds[number % 3] for number in range(blocks))


def _beside_others() -> Sequence[Row]:
    text = ordinary_text(150)
    assert len(parts(text)) == 150
    size = len(text.encode())
    ours = _seconds(lambda: parts(text))
    theirs = _seconds(lambda: MarkdownIt("commonmark").parse(text), rounds=5)
    lines = _seconds(text.splitlines)
    faster = theirs / ours
    return (
        Row(
            "extraction from ordinary text, beside markdown-it",
            _speed(ours, size),
            _speed(theirs, size),
            faster,
            "at least 10",
            faster >= 10,
        ),
        Row(
            "extraction from ordinary text, beside splitlines (F6)",
            _milliseconds(ours),
            _milliseconds(lines),
            ours / lines,
        ),
    )


# Text made to hurt -----------------------------------------------------------------------------
def _filled(filler: str, size: int) -> str:
    return filler * (size // len(filler))


def _growth() -> Sequence[Row]:
    """What twice as much text costs; 2 is linear, quadratic work would be 4."""
    return [_grown(name, filler) for name, filler in _FENCE_BOMBS.items()]


def _grown(name: str, filler: str) -> Row:
    once, twice = _filled(filler, _MEGABYTE), _filled(filler, 2 * _MEGABYTE)
    pairs = [(_once(lambda: parts(once)), _once(lambda: parts(twice))) for _ in range(_ROUNDS)]
    growth = statistics.median(large / small for small, large in pairs)
    return Row(
        f"extraction, {name}: 2 MB beside 1 MB",
        _milliseconds(statistics.median(large for _, large in pairs)),
        _milliseconds(statistics.median(small for small, _ in pairs)),
        growth,
        "at most 3.0",
        growth <= 3.0,
    )


def _refusals() -> Sequence[Row]:
    """The whole way of a megabyte from bytes to a Rejection: where a block may be as large, and where not."""
    raised, usual = Limits(block=_MEGABYTE), Limits()
    bombs = {name: _bomb(*bomb) for name, bomb in _BLOCK_BOMBS.items()}
    bombs |= {name: _bomb("", "", filler) for name, filler in _FENCE_BOMBS.items()}
    bombs["lines"] = Submit((Part(PartKind.WHOLE, b"\n" * _MEGABYTE, "x", "diff"),), addressed=True)
    return [
        *(_refused(name, bomb, raised) for name, bomb in bombs.items()),
        *(_refused(name, bombs[name], usual) for name in _TOO_LARGE),
        _most_memory(bombs, raised),
    ]


def _bomb(language: str, start: str, filler: str) -> Submit:
    """As large as an operator might let it be, and of no more lines than are read anywhere."""
    text = start + _filled(filler, _MEGABYTE)
    body = "\n".join(text.split("\n", MOST_LINES)[:MOST_LINES]).encode()[:_MEGABYTE]
    return Submit((Part(PartKind.WHOLE, body, "x", language),), addressed=True)


def _read(bomb: Submit, limits: Limits) -> Rejection:
    [rejection] = read(bomb, Context({"web": "web"}, ("web",), {}, limits))
    assert isinstance(rejection, Rejection)
    return rejection


def _refused(name: str, bomb: Submit, limits: Limits) -> Row:
    reason = _read(bomb, limits).faults[-1].reason
    seconds = _seconds(lambda: _read(bomb, limits))
    ratio = seconds * 1000 / _PROMPT
    return Row(
        f"refusing up to 1 MB of {name} ({reason})",
        _milliseconds(seconds),
        f"{_PROMPT} ms promised",
        ratio,
        "at most 1.0",
        ratio <= 1.0,
    )


def _most_memory(bombs: Mapping[str, Submit], limits: Limits) -> Row:
    """The bomb that takes most."""
    peak, name = max((_peak(bomb, limits), name) for name, bomb in bombs.items())
    ratio = peak / _SMALL
    return Row(
        f"memory for refusing up to 1 MB, at most: {name}",
        f"{peak / _MEGABYTE:.1f} MB",
        f"{_SMALL // _MEGABYTE} MB promised",
        ratio,
        "at most 1.0",
        ratio <= 1.0,
    )


def _peak(bomb: Submit, limits: Limits) -> int:
    """What reading *bomb* holds at once, at most, in bytes."""
    tracemalloc.start()
    try:
        _read(bomb, limits)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
