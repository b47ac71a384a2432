"""The two halves of what is said about a fault."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """*what* is wrong, as a sentence; *hint*: how to mend it, or an empty string."""

    what: str
    hint: str
