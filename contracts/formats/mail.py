"""The head of a mailed commit (`git format-patch`): who wrote it and what about."""

import email.errors
import email.header
import email.utils
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from contracts.patch import Author

_BEGINS: Final = "From "
_ENVELOPE: Final = re.compile(r"From [0-9a-f]{40,64} ")
_ENVELOPES: Final = re.compile(r"^From [0-9a-f]{40,64} ", re.MULTILINE)
_HEADER: Final = re.compile(r"(From|Subject|Date): ?(.*)", re.IGNORECASE)
_TAG: Final = re.compile(r"\[[^\]]*PATCH[^\]]*\]")
#: Longer headers are cut: to look for encoded words in them takes quadratic time.
_MOST_HEADER: Final = 998
_MOST_BODY: Final = 4000
#: The changes of further ones count as the last one's.
_MOST_MAILS: Final = 200


@dataclass(frozen=True, slots=True)
class Mail:
    """*subject* is without its `[PATCH n/m]`; *body* is the commit's message below it."""

    subject: str
    author: str
    date: str
    body: str

    def written_by(self) -> Author | None:
        """Its author, if the mail names one whom a commit can name."""
        name, address = email.utils.parseaddr(self.author)
        return Author(name or address, address, _moment(self.date)) if "@" in address else None


def envelopes(text: str) -> list[int]:
    """The lines, from 0, at which the mailed commits in *text* begin."""
    if _BEGINS not in text:
        return []
    lines = begun = 0
    found = []
    for envelope in islice(_ENVELOPES.finditer(text), _MOST_MAILS):
        lines += text.count("\n", begun, envelope.start())
        begun = envelope.start()
        found.append(lines)
    return found


def _moment(date: str) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_mail(text: str) -> Mail | None:
    """The mail that *text* begins with, or None. *text* ends where the diff begins."""
    lines = text.lstrip().splitlines()
    if lines and _ENVELOPE.match(lines[0]):
        del lines[0]
    blank = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
    headers = _headers(lines[:blank])
    if not headers.keys() >= {"from", "subject"}:
        return None
    subject = _decoded(headers["subject"])
    tag = _TAG.match(subject)
    return Mail(
        subject[tag.end() if tag else 0 :].strip(),
        _decoded(headers["from"]),
        headers.get("date", ""),
        _message(lines[blank:]),
    )


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    last = ""
    for line in lines:
        if line[0] in " \t" and last:
            headers[last] = f"{headers[last]} {line.strip()}"[:_MOST_HEADER]
        elif header := _HEADER.match(line):
            last = header[1].casefold()
            headers[last] = header[2].strip()[:_MOST_HEADER]
        else:
            last = ""
    return headers


def _message(lines: list[str]) -> str:
    """The commit's message: up to the line `---`, under which the changed files are listed."""
    end = next((number for number, line in enumerate(lines) if line.rstrip() == "---"), len(lines))
    return "\n".join(lines[:end]).strip()[:_MOST_BODY]


def _decoded(header: str) -> str:
    """*header* with its encoded words (RFC 2047) read, or as it stands if they are broken."""
    try:
        return str(email.header.make_header(email.header.decode_header(header)))
    except (email.errors.HeaderParseError, LookupError, ValueError):
        return header
