"""Words that stop, hold, order and close things: what each asks for, and what it lacks otherwise."""

import pytest

from contracts.commands import Why, parse_words
from contracts.control import Priority
from contracts.faults import Fault, Reason
from contracts.steering import (
    AdjustPatch,
    ChangePriority,
    Drain,
    Freeze,
    Halt,
    Pause,
    PutOnHold,
    Replay,
    Resume,
    RevertPatch,
    Stop,
    Unfreeze,
    Unhalt,
)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("stop", Stop()),
        ("stop `K3V9X2AB`", Stop("k3v9x2ab")),
        ("cancel k3v9x2ab", Stop("k3v9x2ab")),
        ("hold k3v9x2ab until the release is out", PutOnHold("k3v9x2ab", "until the release is out")),
        ("resume k3v9x2ab", Resume("k3v9x2ab")),
        ("resume", Resume()),
        ("resume web all is well", Resume("web", "all is well")),
        ("priority k3v9x2ab Emergency", ChangePriority("k3v9x2ab", Priority.EMERGENCY)),
        ("replay k3v9x2ab", Replay("k3v9x2ab")),
        ("revert `K3V9X2AB`", RevertPatch("k3v9x2ab")),
        ("revert", RevertPatch()),
        ("adjust `K3V9X2AB`", AdjustPatch("k3v9x2ab")),
        ("adjust", AdjustPatch()),
        ("pause web the build machine is gone", Pause("web", "the build machine is gone")),
        ("drain web moving house", Drain("web", "moving house")),
        ("freeze web until 18:00 release week", Freeze("web", "18:00", "release week")),
        ("freeze web until 2h release", Freeze("web", "2h", "release")),
        ("freeze web until 2 days release", Freeze("web", "2 days", "release")),
        ("freeze web until tomorrow 9:00 release", Freeze("web", "tomorrow 9:00", "release")),
        ("freeze web until 2026-12-24 18:00 feast", Freeze("web", "2026-12-24 18:00", "feast")),
        ("unfreeze web", Unfreeze("web")),
        ("halt something is very wrong", Halt("something is very wrong")),
        ("unhalt", Unhalt()),
        ("why k3v9x2ab", Why("k3v9x2ab")),
        ("why", Why()),
    ],
)
def test_words_steer(words: str, asked: object) -> None:
    assert parse_words(words) == asked


@pytest.mark.parametrize(
    ("words", "reason", "field"),
    [
        ("hold", Reason.MISSING_FIELD, "ID"),
        ("hold k3v9x2ab", Reason.MISSING_FIELD, "why"),
        ("priority", Reason.MISSING_FIELD, "ID"),
        ("priority k3v9x2ab", Reason.MISSING_FIELD, "emergency, high, normal or low"),
        ("pause web", Reason.MISSING_FIELD, "why"),
        ("drain", Reason.MISSING_FIELD, "DOMAIN"),
        ("freeze web", Reason.MISSING_FIELD, "until TIME"),
        ("freeze web 18:00 because", Reason.MISSING_FIELD, "until TIME"),
        ("freeze web until 18:00", Reason.MISSING_FIELD, "why"),
        ("unfreeze", Reason.MISSING_FIELD, "DOMAIN"),
        ("halt", Reason.MISSING_FIELD, "why"),
    ],
)
def test_what_is_missing_is_named(words: str, reason: Reason, field: str) -> None:
    wrong = parse_words(words)
    assert isinstance(wrong, Fault)
    assert (wrong.reason, wrong.args["field"]) == (reason, field)


def test_a_misspelt_priority_is_told_the_right_one() -> None:
    wrong = parse_words("priority k3v9x2ab emergancy")
    assert isinstance(wrong, Fault)
    assert (wrong.reason, wrong.args["suggestion"]) == (Reason.BAD_PRIORITY, "emergency")


@pytest.mark.parametrize("words", ["stop it all now", "replay a b", "revert a b", "adjust a b", "unhalt now"])
def test_words_that_say_too_much_are_no_command(words: str) -> None:
    wrong = parse_words(words)
    assert isinstance(wrong, Fault)
    assert wrong.reason is Reason.UNKNOWN_COMMAND
