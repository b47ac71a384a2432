"""How a sentence is written in each medium, and how foreign text is made harmless there.

Foreign is everything that people, patches, gates, git or Slack said. It enters a sentence only as a
named value of `Ink.say`, and there it is made visible (no control, direction or other invisible
characters), cut to length, and escaped once, by the rules of the medium.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bot.delivery.wording import figures
from contracts.secrets import redact

#: Longest piece of foreign text inside a sentence, in characters before escaping.
MOST_QUOTED = 120
MOST_WORDS = 300
_MOST_LISTED = 12
#: Everybody who is in the channel and there.
HERE: Final = "here"
_JOINER = "\u200d"  #: holds emoji together; harmless, and escaping it would break them

#: `{name}`, `{name:kind}`, `{name:kind|more}`: the one place where a value enters a sentence.
_PLACE = re.compile(r"\{(?P<name>\w+)(?::(?P<kind>\w+)(?:\|(?P<more>[^}]*))?)?\}")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,}")
_PERSON = re.compile(r"[UW][A-Z0-9]{2,}")
_USER_GROUP = re.compile(r"S[A-Z0-9]{2,}")
_EMOJI = re.compile(r":(?=[\w+'-]+:)")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")


def visible(text: str) -> str:
    """*text* in one line, with every character that hides, moves or ends something spelled out.

    What looks like a credential is left out.
    """
    return "".join(_shown(char) for char in redact(text))


def _shown(char: str) -> str:
    if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and char != _JOINER:
        return char.encode("unicode_escape").decode("ascii")
    return char


def visible_lines(text: str) -> str:
    """*text* as it is laid out, with everything else that cannot be seen spelled out."""
    return spelled_out("\n".join(redact(text).splitlines()))


def spelled_out(text: str) -> str:
    """*text* with everything spelled out that is no newline and no tab and cannot be seen."""
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))


def shorten(text: str, most: int) -> str:
    """*text* if it is short; else its beginning and end around how many characters are left out."""
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - tail]}…({len(text) - most:,} more)…{text[len(text) - tail :]}"


@dataclass(frozen=True, slots=True)
class Ink:
    """One medium. The functions take foreign text, but for `strong` and `link`, whose label is inked."""

    quote: Callable[[str], str]  #: a name, a path, a piece of code
    words: Callable[[str], str]  #: prose
    strong: Callable[[str], str]
    link: Callable[[str, str], str]  #: label and address
    channel: Callable[[str], str]
    person: Callable[[str], str]  #: an id of a person or a user group, or HERE: where it can, it calls them
    moment: Callable[[datetime], str]

    def say(self, template: str, /, **values: object) -> str:
        """The sentence; each value is written as its placeholder says, quoted if it says nothing."""
        return _PLACE.sub(lambda place: _write(self, place, values), template)


def placeholders(template: str) -> frozenset[str]:
    """The names of the values that *template* needs."""
    return frozenset(place["name"] for place in _PLACE.finditer(template))


def _write(ink: Ink, place: re.Match[str], values: Mapping[str, object]) -> str:
    return _WRITERS[place["kind"] or ""](ink, values[place["name"]], place["more"] or "")


def _number(value: object) -> int | None:
    """Values of a Fault are text; a hostile one may be no number, or one too long to read."""
    if isinstance(value, int):
        return value
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _counted(ink: Ink, value: object, nouns: str) -> str:
    number = _number(value)
    one, many = nouns.split("|")
    return f"{ink.words(str(value))} {many}" if number is None else figures.counted(number, one, many)


def _plain_number(ink: Ink, value: object, _nouns: str) -> str:
    number = _number(value)
    return ink.words(str(value)) if number is None else f"{number:,}"


def _size(ink: Ink, value: object, _nouns: str) -> str:
    number = _number(value)
    return ink.words(str(value)) if number is None else figures.exact_size(number)


def _length(ink: Ink, value: object, _nouns: str) -> str:
    """A timedelta, or the seconds that a Fault carries as text."""
    if isinstance(value, timedelta):
        return figures.duration(value)
    match = re.fullmatch(r"\d{1,9}(\.\d{1,9})?", str(value), re.ASCII)
    return figures.duration(timedelta(seconds=float(match[0]))) if match else ink.words(str(value))


def _list(write: Callable[[str], str], value: object, last: str) -> str:
    """Several names, separated by spaces or commas as a Fault carries them."""
    names = [name for name in re.split(r"[,\s]+", str(value)) if name]
    shown = [write(name) for name in names[:_MOST_LISTED]]
    if len(names) > _MOST_LISTED:
        shown.append(f"{len(names) - _MOST_LISTED} more")
    return figures.joined(shown, last or "and") or "none"


def _suggestion(ink: Ink, value: object, _nouns: str) -> str:
    return f" Did you mean {ink.quote(str(value))}?" if value else ""


def _expected(ink: Ink, value: object, _nouns: str) -> str:
    return f" It should be {ink.quote(str(value))}." if value else ""


def _found(ink: Ink, value: object, _nouns: str) -> str:
    return f" It is {ink.quote(str(value))}." if value else ""


def _because(ink: Ink, value: object, _nouns: str) -> str:
    return f": {ink.words(str(value)).rstrip('.')}" if value else ""


def _unquoted(ink: Ink, value: object, _nouns: str) -> str:
    return f" Put {ink.quote(str(value))} in quotes." if value else ""


#: What the desk did about a level of its own that does not hold, by the Reason that says it at length.
_DEEDS: Final[Mapping[str, str]] = {
    "did-restart": "The desk started it again. ",
    "did-reconnect": "The desk began its connections anew. ",
    "did-tidy": "The desk removed what was left behind. ",
    "did-requeue": "The desk offered what was abandoned again. ",
}


def _deed(_ink: Ink, value: object, _nouns: str) -> str:
    return _DEEDS.get(str(value), "")


#: What may stand behind the colon of a placeholder.
_WRITERS: Final[Mapping[str, Callable[[Ink, Any, str], str]]] = {
    "": lambda ink, value, _: ink.quote(str(value)),
    "words": lambda ink, value, _: ink.words(str(value)),
    "raw": lambda _ink, value, _: str(value),  #: inked already
    "n": _counted,
    "number": _plain_number,
    "size": _size,
    "took": _length,
    "list": lambda ink, value, last: _list(ink.quote, value, last),
    "channels": lambda ink, value, last: _list(ink.channel, value, last),
    "channel": lambda ink, value, _: ink.channel(str(value)),
    "maybe": _suggestion,
    "unquoted": _unquoted,
    "expected": _expected,
    "found": _found,
    "because": _because,
    "deed": _deed,
    "commit": lambda ink, value, _: ink.quote(figures.short_commit(str(value))),
    "when": lambda ink, value, _: ink.moment(value),
}


# The media -------------------------------------------------------------------------------------
def _fit(text: str, most: int, write: Callable[[str], str]) -> str:
    """*text* cut to *most* characters; to fewer if it would more than double when it is written."""
    room = most
    while len(written := write(visible(shorten(text, room)))) > 2 * most:
        room //= 2
    return written


def escape(text: str) -> str:
    """The three characters that Slack gives a meaning to, wherever they stand."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mrkdwn_code(text: str) -> str:
    """Slack has no way to write a backtick inside backticks: a look-alike stands for it."""
    return f"`{escape(text).replace('`', chr(0x2CB))}`"


def _mrkdwn_prose(text: str) -> str:
    """No formatting, and no emoji that could be taken for one of our own marks."""
    plain = escape(text).replace("`", "'").replace("*", "\u2217")
    return _EMOJI.sub("\u2236", plain)


def _mrkdwn_moment(moment: datetime) -> str:
    """In the reader's own time zone, where Slack can."""
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time_secs}}|{figures.utc(moment)}>"


def _mrkdwn_mention(name: str) -> str:
    if name == HERE:
        return "<!here>"
    if _USER_GROUP.fullmatch(name):
        return f"<!subteam^{name}>"
    return f"<@{name}>" if _PERSON.fullmatch(name) else _quoting(_mrkdwn_code)(name)


def _markdown_code(text: str) -> str:
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _markdown_prose(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text.replace("&", "&amp;"))


def _plain_code(text: str) -> str:
    return f"`{text}`"


def _same(text: str) -> str:
    return text


def _quoting(write: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: _fit(text, MOST_QUOTED, write) if text.strip() else '""'


def _telling(write: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: _fit(text, MOST_WORDS, write)


#: Slack messages and views. Text objects must be `verbatim`, or Slack looks for mentions again.
MRKDWN: Final = Ink(
    quote=_quoting(_mrkdwn_code),
    words=_telling(_mrkdwn_prose),
    strong=lambda text: f"*{text}*",
    link=lambda label, address: f"<{address}|{label}>",
    channel=lambda name: f"<#{name}>" if _CHANNEL.fullmatch(name) else _quoting(_mrkdwn_code)(name),
    person=_mrkdwn_mention,
    moment=_mrkdwn_moment,
)
#: The summary files.
MARKDOWN: Final = Ink(
    quote=_quoting(_markdown_code),
    words=_telling(_markdown_prose),
    strong=lambda text: f"**{text}**",
    link=lambda label, address: f"[{label}]({address})",
    channel=_telling(_markdown_prose),
    person=_telling(_markdown_prose),
    moment=figures.utc,
)
#: Pages, and the parts of e-mails that are shown.
HTML: Final = Ink(
    quote=_quoting(lambda text: f"<code>{html.escape(text)}</code>"),
    words=_telling(html.escape),
    strong=lambda text: f"<strong>{text}</strong>",
    link=lambda label, address: f'<a href="{html.escape(address)}">{label}</a>',
    channel=_telling(html.escape),
    person=_telling(html.escape),
    moment=figures.utc,
)
#: Terminals, and the plain_text parts of Slack's views.
PLAIN: Final = Ink(
    quote=_quoting(_plain_code),
    words=_telling(_same),
    strong=_same,
    link=lambda label, address: f"{label} ({address})",
    channel=_telling(_same),
    person=_telling(_same),
    moment=figures.utc,
)
