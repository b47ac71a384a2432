"""Matchers of labels, as in `alertname=disk-full, domain=~"web|shop"`: read from chat, so read with care."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, assert_never

from contracts.alerts.model import Labels, Matcher, Operator
from contracts.alerts.patterns import LONGEST_VALUE, readable, refused
from contracts.faults import Fault, Reason, fault

_LONGEST_TEXT: Final = 2000
_MOST_MATCHERS: Final = 20

_SPACE = re.compile(r"\s*")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_OPERATOR = re.compile(r"=~|!~|!=|=")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r'[^\s,{}"][^,{}"]*')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
#: What keyboards and chats make of quotation marks.
_STRAIGHT: Final = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"'})


def parse_matchers(text: str) -> tuple[Matcher, ...] | Fault:
    """The matchers in *text*, separated by commas; braces around them are allowed, and so are no quotes.

    At least one is there. Patterns are ones that cannot take long (`contracts.alerts.patterns`).
    """
    if len(text) > _LONGEST_TEXT:
        return fault(Reason.MATCHER_TOO_LONG, size=len(text), most=_LONGEST_TEXT)
    rest = text.translate(_STRAIGHT).strip()
    if rest.startswith("{") and rest.endswith("}"):
        rest = rest[1:-1].strip()
    found: list[Matcher] = []
    while rest.strip(" \t\r\n,"):
        read = _first(rest)
        if isinstance(read, Fault):
            return read
        matcher, rest = read
        found.append(matcher)
        if len(found) > _MOST_MATCHERS:
            return fault(Reason.TOO_MANY_MATCHERS, most=_MOST_MATCHERS)
    return tuple(found) or fault(Reason.NO_MATCHERS)


def _first(text: str) -> tuple[Matcher, str] | Fault:
    """The first matcher of *text*, and what comes after its comma."""
    rest = text.lstrip()
    unread = fault(Reason.MATCHER_UNREAD, text=rest[:80])
    label = _LABEL.match(rest)
    if label is None:
        return unread
    at = _SPACE.match(rest, label.end())
    operator = _OPERATOR.match(rest, at.end() if at else label.end())
    if operator is None:
        return unread
    rest = rest[operator.end() :].lstrip()
    quoted, bare = _QUOTED.match(rest), _BARE.match(rest)
    value = _ESCAPE.sub(_unescaped, quoted[1]) if quoted else bare[0].strip() if bare else ""
    end = quoted or bare
    rest = rest[end.end() if end else 0 :].lstrip()
    if rest and not rest.startswith(","):
        return unread
    matcher = Matcher(label[0], Operator(operator[0]), value)
    if matcher.operator in {Operator.LIKE, Operator.UNLIKE} and (why := refused(value)):
        return why
    return matcher, rest[1:]


def _unescaped(escape: re.Match[str]) -> str:
    """`\\"`, `\\\\` and `\\n` mean a character; any other backslash is kept, for patterns."""
    return {'"': '"', "\\": "\\", "n": "\n"}.get(escape[1], escape[0])


def matches(matchers: Sequence[Matcher], labels: Labels) -> bool:
    """Whether every one of *matchers* holds for *labels*; none at all hold always."""
    return all(holds(matcher, labels.get(matcher.label, "")) for matcher in matchers)


def may_match(matchers: Sequence[Matcher], known: Mapping[str, str]) -> bool:
    """Whether *matchers* can hold for labels of which only *known* ones are known."""
    return all(each.label not in known or holds(each, known[each.label]) for each in matchers)


def holds(matcher: Matcher, value: str) -> bool:
    match matcher.operator:
        case Operator.EQUAL:
            return value == matcher.value
        case Operator.DIFFERENT:
            return value != matcher.value
        case Operator.LIKE:
            return _like(matcher.value, value)
        case Operator.UNLIKE:
            return not _like(matcher.value, value)
        case _:
            assert_never(matcher.operator)


def spelled(matchers: Sequence[Matcher]) -> str:
    """*matchers* as `parse_matchers` reads them."""
    return ", ".join(f"{each.label}{each.operator}{_quoted(each.value)}" for each in matchers)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


# A thousand alerts carry the same few values past the same few silences.
@lru_cache(maxsize=4096)
def _like(pattern: str, value: str) -> bool:
    """A value that is longer than any that patterns are made for is like nothing."""
    compiled = readable(pattern)
    return len(value) <= LONGEST_VALUE and compiled is not None and compiled.fullmatch(value) is not None
