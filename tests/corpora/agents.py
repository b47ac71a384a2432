"""Real changes as coding agents and chats spoil them. Each must land as the change itself, or be refused.

A slip changes hunks. In a diff it may change any line; in edits by whole lines it leaves the new ones alone:
what is not there any more cannot be asked for.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from contracts.formats.diff import read_diff
from contracts.formats.hunks import Hunk
from tests.corpora import forms
from tests.corpora.desk import LIMITS
from tests.corpora.forms import Change

Slip = Callable[[Hunk, Random], Hunk]
_NUMBERS = re.compile(rb"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)
_PROSE = (
    b"Sure! Here is the change, it's **all** you need:\n\n```%s\n%s```\n\nTell me if `it` does not apply.\n"
)


# What happens to hunks ---------------------------------------------------------------------------
def _other_lines(hunk: Hunk, dice: Random) -> Hunk:
    """Line numbers that were guessed."""
    off = dice.choice((-30, -7, -2, -1, 1, 2, 5, 12, 60))
    # Not line 1, which git holds a hunk to.
    return replace(hunk, old_start=max(2, hunk.old_start + off), new_start=max(2, hunk.new_start + off))


def _other_counts(hunk: Hunk, dice: Random) -> Hunk:
    """Counts that were guessed."""
    old, new = (dice.choice((-2, -1, 0, 1, 2, 5)) for _ in range(2))
    return replace(hunk, old_count=max(0, hunk.old_count + old), new_count=max(0, hunk.new_count + new))


def _little_context(hunk: Hunk, dice: Random) -> Hunk:
    """At most one line around the changes, and line numbers that were guessed."""
    changed = [n for n, line in enumerate(hunk.lines) if line[:1] in b"+-"]
    first = max(0, changed[0] - dice.randint(0, 1))
    last = changed[-1] + 1 + dice.randint(0, 1)
    lines = hunk.lines[first:last]
    return _other_lines(_counted(hunk, lines, hunk.old_start + first, hunk.new_start + first), dice)


def _counted(hunk: Hunk, lines: tuple[bytes, ...], old_start: int, new_start: int) -> Hunk:
    old, new = (sum(line[:1] in tags for line in lines) for tags in ((b" ", b"-"), (b" ", b"+")))
    return replace(hunk, lines=lines, old_count=old, new_count=new, old_start=old_start, new_start=new_start)


def _elided(hunk: Hunk, dice: Random) -> Hunk:
    """`...` in place of a run of unchanged lines."""
    context = [n for n, line in enumerate(hunk.lines) if line[:1] == b" "]
    if not context:
        return hunk
    at = dice.choice(context)
    end = next((n for n in range(at, len(hunk.lines)) if hunk.lines[n][:1] != b" "), len(hunk.lines))
    return replace(hunk, lines=(*hunk.lines[:at], b" ...", *hunk.lines[end:]))


def _unmarked(hunk: Hunk, dice: Random) -> Hunk:
    """Unchanged lines without the blank that marks them."""
    return replace(hunk, lines=tuple(line.removeprefix(b" ") for line in hunk.lines))


def _each(touch: Callable[[bytes], bytes]) -> Slip:
    def slip(hunk: Hunk, dice: Random) -> Hunk:
        return replace(hunk, lines=tuple(line[:1] + touch(line[1:]) for line in hunk.lines))

    return slip


def _half_as_deep(text: bytes) -> bytes:
    bare = text.lstrip(b" ")
    return b" " * ((len(text) - len(bare)) // 2) + bare


def _in_html(text: bytes) -> bytes:
    return text.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")


def _pretty(text: bytes) -> bytes:
    quotes = {b'"': "\u201d", b"'": "\u2019", b"--": "\u2014", b"...": "\u2026"}
    for plain, better in quotes.items():
        text = text.replace(plain, better.encode())
    return text


SLIPS: Mapping[str, Slip] = {
    "guessed line numbers": _other_lines,
    "guessed counts": _other_counts,
    "little context, guessed line numbers": _little_context,
    "... for lines": _elided,
    "unmarked context": _unmarked,
    "half the indentation": _each(_half_as_deep),
    "tabs turned to blanks": _each(lambda text: text.replace(b"\t", b"    ")),
    "blanks at line ends lost": _each(bytes.rstrip),
    "escaped as HTML": _each(_in_html),
    "pretty quotes": _each(_pretty),
}
#: Numbers are all that edits by whole lines do not have.
_OF_EDITS = [
    name for name in SLIPS if name not in {"guessed line numbers", "guessed counts", "unmarked context"}
]


# What happens to the whole text -------------------------------------------------------------------
def _one_prefix(body: bytes, dice: Random) -> bytes:
    """`a/` forgotten before the old names."""
    return body.replace(b"\n--- a/", b"\n--- ").replace(b"diff --git a/", b"diff --git ")


def _without_numbers(body: bytes, dice: Random) -> bytes:
    return _NUMBERS.sub(b"@@ ... @@", body)


def _cut_off(body: bytes, dice: Random) -> bytes:
    lines = body.split(b"\n")
    return b"\n".join(lines[: dice.randrange(len(lines) // 2, len(lines))])


TEXTS: Mapping[str, Callable[[bytes, Random], bytes]] = {
    "a/ forgotten": _one_prefix,
    "no line numbers": _without_numbers,
    "cut off": _cut_off,
}


# ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Spoiled:
    """*body* comes as the file *name*; *diff*: git can be asked what it makes of it."""

    form: str
    body: bytes
    name: str
    diff: bool


def spoiled(change: Change, dice: Random) -> Iterator[Spoiled]:
    """*change*, spoiled in every way there is."""
    for name, slip in SLIPS.items():
        yield Spoiled(f"diff, {name}", _diff(change.body, slip, dice), "x.patch", diff=True)
    for name, touch in TEXTS.items():
        yield Spoiled(f"diff, {name}", touch(change.body, dice), "x.patch", diff=True)
    codex, blocks = forms.codex(change, anchored=True), forms.blocks(change)
    if codex:
        yield Spoiled("codex, cut off", _cut_off(codex, dice), "x.txt", diff=False)
    for form, language, text in (
        ("diff", b"diff", change.body),
        ("codex", b"", codex),
        ("search/replace", b"python", blocks),
    ):
        if text and _is_text(text):
            body = _PROSE % (language, text)
            yield Spoiled(f"{form} in a message", body, "message.md", diff=form == "diff")
    for name in _OF_EDITS:
        slipped = replace(change, rewrite=_old_only(SLIPS[name], dice))
        for form, written in (
            ("codex", forms.codex(slipped, anchored=bool(dice.getrandbits(1)))),
            ("search/replace", forms.blocks(slipped)),
        ):
            if written is not None:
                yield Spoiled(f"{form}, {name}", written, "x.txt", diff=False)


def _is_text(body: bytes) -> bool:
    """True if a message can say *body* at all."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _diff(body: bytes, slip: Slip, dice: Random) -> bytes:
    """*body* with every hunk as *slip* makes it."""
    lines = body.split(b"\n")
    hunks = [hunk for file in read_diff(body, LIMITS).files for hunk in file.hunks]
    pieces: list[bytes] = []
    at = 0
    for hunk in hunks:
        pieces += [line + b"\n" for line in lines[at : hunk.at]]
        pieces.append(slip(hunk, dice).render())
        at = hunk.at + 1 + len(hunk.lines)
    return b"".join(pieces) + b"\n".join(lines[at:])


def _old_only(slip: Slip, dice: Random) -> Callable[[Hunk], Hunk]:
    def rewrite(hunk: Hunk) -> Hunk:
        slipped = slip(hunk, dice)
        new = iter([line for line in hunk.lines if line[:1] == b"+"])
        return replace(
            slipped, lines=tuple(next(new) if line[:1] == b"+" else line for line in slipped.lines)
        )

    return rewrite
