"""What people ask about the course of patches and of domains, and the words for it.

*patch* None: the one whose thread it was said in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from contracts.control import Priority
from contracts.faults import Fault, Reason, fault, nearest


@dataclass(frozen=True, slots=True)
class Stop:
    """Take it back while it waits; end it while it runs."""

    patch: str | None = None
    kind: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True)
class PutOnHold:
    """*why* may be empty: a button says none."""

    patch: str
    why: str
    kind: Literal["hold"] = "hold"


@dataclass(frozen=True, slots=True)
class Resume:
    """*name* is a patch on hold, or a domain that is paused or draining."""

    name: str | None = None
    why: str = ""
    kind: Literal["resume"] = "resume"


@dataclass(frozen=True, slots=True)
class ChangePriority:
    patch: str
    priority: Priority
    kind: Literal["priority"] = "priority"


@dataclass(frozen=True, slots=True)
class Replay:
    """The same content again, as a new patch."""

    patch: str | None = None
    kind: Literal["replay"] = "replay"


@dataclass(frozen=True, slots=True)
class RevertPatch:
    """A new patch that undoes this landed one."""

    patch: str | None = None
    kind: Literal["revert"] = "revert"


@dataclass(frozen=True, slots=True)
class AdjustPatch:
    """The adjusted form that was offered of this one, as a new patch."""

    patch: str | None = None
    kind: Literal["adjust"] = "adjust"


@dataclass(frozen=True, slots=True)
class Pause:
    domain: str
    why: str
    kind: Literal["pause"] = "pause"


@dataclass(frozen=True, slots=True)
class Drain:
    """Carry out what waits, take nothing new."""

    domain: str
    why: str
    kind: Literal["drain"] = "drain"


@dataclass(frozen=True, slots=True)
class Freeze:
    """*until* as it was written."""

    domain: str
    until: str
    why: str
    kind: Literal["freeze"] = "freeze"


@dataclass(frozen=True, slots=True)
class Unfreeze:
    domain: str
    kind: Literal["unfreeze"] = "unfreeze"


@dataclass(frozen=True, slots=True)
class Halt:
    """Nothing begins anywhere, and what runs ends before its next step."""

    why: str
    kind: Literal["halt"] = "halt"


@dataclass(frozen=True, slots=True)
class Unhalt:
    kind: Literal["unhalt"] = "unhalt"


OfPatch = Stop | PutOnHold | ChangePriority | Replay | RevertPatch | AdjustPatch
OfDomain = Pause | Drain | Freeze | Unfreeze
OfDesk = Halt | Unhalt
Steering = OfPatch | Resume | OfDomain | OfDesk


# The words -------------------------------------------------------------------------------------
def steering(word: str, rest: str) -> Steering | Fault | None:
    """What *word* and the *rest* after it ask for; None: the word is none of these."""
    read = _READERS.get(word)
    return read(rest) if read else None


def _stop(rest: str) -> Steering | Fault:
    return Stop(_id(rest) or None) if _is_one_word(rest) else _more(rest)


def _hold(rest: str) -> Steering | Fault:
    patch, why = _split(rest)
    return PutOnHold(_id(patch), why) if patch and why else _missing("hold", "ID", patch, "why")


def _resume(rest: str) -> Steering | Fault:
    name, why = _split(rest)
    return Resume(_id(name) or None, why)


def _priority(rest: str) -> Steering | Fault:
    patch, said = _split(rest)
    if not patch or not said:
        return _missing("priority", "ID", patch, "emergency, high, normal or low")
    if said.casefold() not in set(Priority):
        suggestion = nearest(said[:80], Priority)
        return fault(Reason.BAD_PRIORITY, said=said[:80], known=", ".join(Priority), suggestion=suggestion)
    return ChangePriority(_id(patch), Priority(said.casefold()))


def _replay(rest: str) -> Steering | Fault:
    return Replay(_id(rest) or None) if _is_one_word(rest) else _more(rest)


def _revert(rest: str) -> Steering | Fault:
    return RevertPatch(_id(rest) or None) if _is_one_word(rest) else _more(rest)


def _adjust(rest: str) -> Steering | Fault:
    return AdjustPatch(_id(rest) or None) if _is_one_word(rest) else _more(rest)


def _pause(rest: str) -> Steering | Fault:
    domain, why = _split(rest)
    return Pause(_name(domain), why) if domain and why else _missing("pause", "DOMAIN", domain, "why")


def _drain(rest: str) -> Steering | Fault:
    domain, why = _split(rest)
    return Drain(_name(domain), why or "no reason given") if domain else _missing("drain", "DOMAIN", "", "")


def _freeze(rest: str) -> Steering | Fault:
    domain, when = _split(rest)
    word, time_and_why = _split(when)
    if not domain or word.casefold() != "until" or not time_and_why:
        return _missing("freeze", "DOMAIN", domain, "until TIME")
    time, why = _time(time_and_why)
    if not why:
        return _missing("freeze", "DOMAIN", domain, "why")
    return Freeze(_name(domain), time, why)


def _unfreeze(rest: str) -> Steering | Fault:
    return Unfreeze(_name(rest)) if rest and _is_one_word(rest) else _missing("unfreeze", "DOMAIN", "", "")


def _halt(rest: str) -> Steering | Fault:
    return Halt(rest) if rest else _missing("halt", "why", "", "")


def _unhalt(rest: str) -> Steering | Fault:
    return _more(rest) if rest else Unhalt()


_READERS: Final[Mapping[str, Callable[[str], Steering | Fault]]] = {
    "stop": _stop,
    "cancel": _stop,
    "hold": _hold,
    "resume": _resume,
    "priority": _priority,
    "replay": _replay,
    "revert": _revert,
    "adjust": _adjust,
    "pause": _pause,
    "drain": _drain,
    "freeze": _freeze,
    "unfreeze": _unfreeze,
    "halt": _halt,
    "unhalt": _unhalt,
}
#: The words that change the course of something.
STEERING_WORDS: Final = tuple(_READERS)


def _split(rest: str) -> tuple[str, str]:
    first, _, more = rest.strip().partition(" ")
    return first, more.strip()


def _time(rest: str) -> tuple[str, str]:
    """The time that *rest* begins with: `18:00`, `2 days`, `tomorrow 9:00`, `2026-12-24 18:00`."""
    first, more = _split(rest)
    second, why = _split(more)
    is_clock = ":" in second and ":" not in first and second.replace(":", "").isdecimal()
    is_length = first.isdecimal() and second.isalpha()
    return (f"{first} {second}", why) if is_clock or is_length else (first, more)


def _is_one_word(rest: str) -> bool:
    return len(rest.split()) <= 1


def _id(text: str) -> str:
    return _name(text).casefold()


def _name(text: str) -> str:
    return text.strip().strip("`")


def _missing(word: str, first: str, given: str, second: str) -> Fault:
    return fault(Reason.MISSING_FIELD, field=second if given else first, where=word)


def _more(rest: str) -> Fault:
    return fault(Reason.UNKNOWN_COMMAND, words=rest[:80], suggestion="")
