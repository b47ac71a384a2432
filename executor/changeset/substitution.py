"""A regular expression of a patch, carried out: pure here, and a program of its own when run as one.

The `regex` library can be stopped by time, but not by memory, and not while it compiles: a line such as
`(?:(?:a{1000}){1000}){1000}` takes gigabytes before any limit of the library is asked. So the desk runs
this file as a program with a limit on its memory (`python -I substitution.py`, a request in JSON on
stdin, the answer in JSON on stdout). It therefore imports nothing of the desk.
"""

import json
import resource
import sys
from dataclasses import asdict, dataclass
from typing import Literal

import regex

#: Address space of the program: enough for a file at the limits and its result, not for a bomb.
MEMORY = 512 * 1024 * 1024
TOO_BIG = "it takes more memory than a regular expression gets"


@dataclass(frozen=True, slots=True)
class Request:
    """Replace *pattern* in *body*; `^` and `$` stand for the ends of lines.

    More than *most* matches, or a result of more than *most_size* characters, stop the work. *seconds*
    bounds the search alone.
    """

    pattern: str
    replacement: str
    body: str
    most: int
    most_size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Substituted:
    """*found* is the number of matches; where it is beyond the request's *most*, *body* is not complete."""

    body: str
    found: int
    kind: Literal["substituted"] = "substituted"


@dataclass(frozen=True, slots=True)
class Invalid:
    detail: str
    kind: Literal["invalid"] = "invalid"


@dataclass(frozen=True, slots=True)
class TooSlow:
    kind: Literal["too-slow"] = "too-slow"


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The result would be."""

    kind: Literal["too-large"] = "too-large"


Answer = Substituted | Invalid | TooSlow | TooLarge


def substitute(request: Request) -> Answer:
    """What becomes of the request's body."""
    try:
        pattern = regex.compile(request.pattern, regex.MULTILINE | regex.VERSION0)
        return _walk(pattern, request)
    except TimeoutError:
        return TooSlow()
    except (MemoryError, RecursionError, OverflowError):
        return Invalid(TOO_BIG)
    except (regex.error, IndexError) as error:
        # IndexError: the replacement names a group that the pattern does not have.
        return Invalid(str(error))


def _walk(pattern: "regex.Pattern[str]", request: Request) -> Answer:
    parts: list[str] = []
    end = size = found = 0
    for match in pattern.finditer(request.body, timeout=request.seconds, concurrent=True):
        found += 1
        if found > request.most:
            return Substituted("", found)
        part = request.body[end : match.start()] + match.expand(request.replacement)
        parts.append(part)
        size += len(part)
        end = match.end()
        if size > request.most_size:
            return TooLarge()
    parts.append(request.body[end:])
    return Substituted("".join(parts), found)


def write_answer(answer: Answer) -> bytes:
    return json.dumps(asdict(answer)).encode()


def read_answer(text: bytes) -> Answer:
    """The answer that `write_answer` wrote."""
    found = json.loads(text)
    kinds: dict[str, type[Answer]] = {
        "substituted": Substituted,
        "invalid": Invalid,
        "too-slow": TooSlow,
        "too-large": TooLarge,
    }
    return kinds[found["kind"]](**found)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    request = Request(**json.load(sys.stdin))
    sys.stdout.buffer.write(write_answer(substitute(request)))


if __name__ == "__main__":
    main()
