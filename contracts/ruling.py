"""What people say to a patch that needs an approval, and the words for it."""

from dataclasses import dataclass
from typing import Final, Literal

from contracts.faults import Fault, Reason, fault


@dataclass(frozen=True, slots=True)
class Approve:
    """*patch* None: the one whose thread it was said in. *binding* None: as it stands now."""

    patch: str | None = None
    binding: str | None = None
    kind: Literal["approve"] = "approve"


@dataclass(frozen=True, slots=True)
class TurnDown:
    """As Approve. *why* may be empty: the dialog behind the button leaves it open."""

    patch: str | None = None
    why: str = ""
    binding: str | None = None
    kind: Literal["reject"] = "reject"


Ruling = Approve | TurnDown

#: The words that rule on a patch.
RULING_WORDS: Final = ("approve", "reject")


def ruling(word: str, rest: str) -> Ruling | Fault | None:
    """What *word* and the *rest* after it ask for; None: the word is none of these."""
    patch, _, more = rest.strip().partition(" ")
    id_ = patch.strip("`").casefold() or None
    match word:
        case "approve" if more:
            return fault(Reason.UNKNOWN_COMMAND, words=f"approve {rest}"[:80], suggestion="")
        case "approve":
            return Approve(id_)
        case "reject" if not more.strip():
            return fault(Reason.MISSING_FIELD, field="why" if id_ else "ID", where="reject")
        case "reject":
            return TurnDown(id_, more.strip())
        case _:
            return None
