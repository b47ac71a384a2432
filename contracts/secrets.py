"""What looks like a credential, wherever it stands; and texts without it. Pure, and linear in the text.

Only shapes that their issuers made to be recognised, and a few that are unmistakable. A word that merely
looks random is left alone: a check that cries wolf is switched off.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SHAPES: Final = {
    # https://docs.slack.dev/authentication/tokens
    "slack": r"xox[a-z](?:\.xox[a-z])?-[\w%-]{5,}|xapp-\d-[\w-]{3,}",
    "slack-webhook": r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w/]{20,}",
    # https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
    "github": r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}",
    "gitlab": r"gl(?:pat|ptt|dt|rt)-[\w-]{20,}",
    "aws": r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
    "aws-secret": r"(?<=aws_secret_access_key)[\"']?\s{0,4}[=:]\s{0,4}[\"']?[A-Za-z0-9/+]{40}\b",
    "google": r"\bAIza[\w-]{35}|\bya29\.[\w-]{20,}",
    "stripe": r"\b[rs]k_live_[A-Za-z0-9]{20,}",
    "npm": r"\bnpm_[A-Za-z0-9]{36}\b",
    "pypi": r"\bpypi-AgE[\w-]{50,}",
    "sendgrid": r"\bSG\.[\w-]{22}\.[\w-]{43}",
    "model-provider": r"\bsk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{32,}",
    "telegram": r"\b\d{8,10}:AA[\w-]{33}\b",
    "desk": r"\bpdk-[\w-]{20,}",
    # RFC 7519: two JSON objects, which begin with `{"`, and a signature.
    "jwt": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    # RFC 7468
    "private-key": r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[^-]{1,20000}-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----)?",
    "bearer": r"(?<=Bearer )[\w.~+/-]{20,}=*",
    "password-in-address": r"(?<=://)[^/@\s:\"'<>$]{0,64}:[^/@\s\"'<>$]{3,256}(?=@)",
}
#: What no text is without that has one of a shape. To look for these first takes a hundredth of the time.
_MARKS: Final = {
    "slack": ("xox", "xapp-"),
    "slack-webhook": ("hooks.slack.com/",),
    "github": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "gitlab": ("glpat-", "glptt-", "gldt-", "glrt-"),
    "aws": ("AKIA", "ASIA"),
    "aws-secret": ("aws_secret_access_key",),
    "google": ("AIza", "ya29."),
    "stripe": ("k_live_",),
    "npm": ("npm_",),
    "pypi": ("pypi-AgE",),
    "sendgrid": ("SG.",),
    "model-provider": ("sk-",),
    "telegram": (":AA",),
    "desk": ("pdk-",),
    "jwt": ("eyJ",),
    "private-key": ("-----BEGIN ",),
    "bearer": ("Bearer ",),
    "password-in-address": ("://",),
}
#: What people write where a credential would stand.
_PLACEHOLDER: Final = re.compile(
    r"example|placeholder|changeme|redacted|your[-_]|:password$|:pass$|(.)\1{7}", re.I
)

#: Stands where a credential stood.
GONE: Final = "[removed]"
#: A shorter value of a variable is no secret: `1`, `true`, `main` would turn every text into riddles.
_SHORTEST: Final = 6


@dataclass(frozen=True, slots=True)
class Secret:
    """*kind* is one of the shapes' names; *start* and *end* are offsets into the text."""

    kind: str
    start: int
    end: int


def find(text: str) -> Iterator[Secret]:
    """What looks like a credential in *text*, in its order."""
    kinds = tuple(kind for kind, marks in _MARKS.items() if any(mark in text for mark in marks))
    if not kinds:
        return
    for found in _any_of(kinds).finditer(text):
        if not _PLACEHOLDER.search(found[0][:200]):
            yield Secret((found.lastgroup or "").replace("_", "-"), found.start(), found.end())


@lru_cache(maxsize=64)
def _any_of(kinds: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{kind.replace('-', '_')}>{_SHAPES[kind]})" for kind in kinds))


def hides(text: str) -> bool:
    """Whether people who are shown *text* are not shown all of it."""
    return next(find(text), None) is not None


def redact(text: str, known: Iterable[str] = ()) -> str:
    """*text* without credentials, and without the *known* values, the longest first."""
    for value in sorted({each for each in known if len(each) >= _SHORTEST}, key=len, reverse=True):
        text = text.replace(value, GONE)
    pieces: list[str] = []
    place = 0
    for secret in find(text):
        pieces += [text[place : secret.start], GONE]
        place = secret.end
    return "".join((*pieces, text[place:])) if pieces else text
