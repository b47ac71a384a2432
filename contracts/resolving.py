"""What the desk may make of a patch that does not fit, or pass, as it was posted; all of it is told."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, assert_never

from contracts.faults import Fault, Reason


class Mending(enum.StrEnum):
    """What becomes of one way to make a patch fit."""

    AUTO = "auto"  #: it is taken, and the patch lands with it
    OFFER = "offer"  #: it is tried; the patch does not land, and somebody may take what came of it
    NEVER = "never"  #: it is not tried


class Way(enum.StrEnum):
    """The ways there are, as the settings call them."""

    MOVED_TIP = "moved_tip"  #: the branch is not what the patch was made, or checked, on: apply it to the tip
    LINE_ENDINGS = "line_endings"  #: a diff takes those of the file
    RECOUNT = "recount"  #: a hunk is what it holds, not what it says
    PLACE = "place"  #: a hunk goes to the one other place where its lines stand
    WHITESPACE = "whitespace"  #: lines are found though their blanks are others
    REPAIR = "repair"  #: commands of the domain run on the candidate
    FLAKY = "flaky"  #: a required gate that said no runs once more on the same files


@dataclass(frozen=True, slots=True)
class Resolving:
    """What a domain wants of each `Way`."""

    moved_tip: Mending = Mending.AUTO
    line_endings: Mending = Mending.AUTO
    recount: Mending = Mending.NEVER
    place: Mending = Mending.OFFER
    whitespace: Mending = Mending.OFFER
    repair: Mending = Mending.OFFER
    flaky: Mending = Mending.OFFER

    def of(self, way: Way) -> Mending:
        match way:
            case Way.MOVED_TIP:
                return self.moved_tip
            case Way.LINE_ENDINGS:
                return self.line_endings
            case Way.RECOUNT:
                return self.recount
            case Way.PLACE:
                return self.place
            case Way.WHITESPACE:
                return self.whitespace
            case Way.REPAIR:
                return self.repair
            case Way.FLAKY:
                return self.flaky
            case _:
                assert_never(way)

    def is_for_people(self, steps: Iterable[Fault]) -> bool:
        """Whether one of *steps* (`Report.resolutions`) is only offered: so is then all that came of them."""
        return any(self.of(WAYS[step.reason]) is Mending.OFFER for step in steps)


#: Which way each step went that may be told of.
WAYS: Final = {
    Reason.TOOK_MOVED_LINES: Way.MOVED_TIP,
    Reason.TOOK_LINE_ENDS: Way.LINE_ENDINGS,
    Reason.TOOK_COUNTS: Way.RECOUNT,
    Reason.TOOK_PLACE: Way.PLACE,
    Reason.TOOK_BLANKS: Way.WHITESPACE,
    Reason.REPAIRED: Way.REPAIR,
    Reason.TOOK_SECOND_VERDICT: Way.FLAKY,
}
