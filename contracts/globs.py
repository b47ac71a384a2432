"""Patterns of paths, as .gitignore reads them."""

import re
from collections.abc import Iterable
from functools import lru_cache

_GLOB = re.compile(r"(?P<deep>\*\*/)|(?P<all>\*\*)|(?P<some>\*)|(?P<one>\?)|(?P<class>\[!?\]?[^\]]*\])")


def matching(globs: Iterable[str], path: str) -> str | None:
    """The first of *globs* that *path* matches."""
    return next((glob for glob in globs if pattern(glob).fullmatch(path)), None)


@lru_cache(maxsize=1024)
def pattern(glob: str) -> re.Pattern[str]:
    """*glob* as .gitignore reads it: `*` stays within a folder, `**` does not, `docs/` is all below it.

    Without a slash it is meant for the name alone, in any folder: a gate that runs once too often does
    less harm than one that is passed over. So does a pattern that cannot be read: it matches everything.
    """
    glob = glob.removeprefix("./")
    if glob.endswith("/"):
        glob += "**"
    if "/" not in glob:
        glob = f"**/{glob}"
    glob = glob.removeprefix("/")
    parts: list[str] = []
    place = 0
    for match in _GLOB.finditer(glob):
        parts += [re.escape(glob[place : match.start()]), _piece(match)]
        place = match.end()
    try:
        return re.compile("".join((*parts, re.escape(glob[place:]))), re.DOTALL)
    except re.error:  # a range that runs backwards, as in `[z-a]`
        return re.compile(".*", re.DOTALL)


def _piece(match: re.Match[str]) -> str:
    match match.lastgroup:
        case "deep":
            return "(?:.*/)?"
        case "all":
            return ".*"
        case "some":
            return "[^/]*"
        case "one":
            return "[^/]"
        case _:
            negated = match[0].startswith("[!")
            inner = match[0][2 if negated else 1 : -1]
            # Each character for itself but for the `-` of a range, so that none has a meaning of its own.
            chars = re.sub(r"[^-]", lambda char: re.escape(char[0]), re.sub("-+", "-", inner))
            return f"[{'^' if negated else ''}{chars}]"
