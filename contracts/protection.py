"""Paths and shell lines that nobody changes, or runs, on their own."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from contracts.globs import matching
from contracts.paths import fold


class Rule(enum.StrEnum):
    """What a patch needs that changes a protected path; the later is the stricter."""

    APPROVE = "approve"
    REFUSE = "refuse"


class CommandRule(enum.StrEnum):
    """What becomes of shell lines that came inside a patch; the later is the stricter."""

    ALLOW = "allow"  #: they run, after the gates
    APPROVE = "approve"  #: they run once somebody has approved them
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Protected:
    """*paths* are globs."""

    paths: tuple[str, ...]
    rule: Rule


#: What runs, or brings other code in, outside of the desk's sight, and what the repository asks of the desk.
DEFAULT_PATHS = (".github/**", ".gitlab-ci.yml", ".gitmodules", ".gitattributes", "/.patchdesk.yml")


def guarding(protected: Iterable[Protected], path: str, rule: Rule) -> str | None:
    """The glob under *rule* that protects *path*. Names that some file system takes for one are one."""
    globs = (glob for each in protected if each.rule is rule for glob in each.paths)
    return next((glob for glob in globs if matching([fold(glob)], fold(path))), None)
