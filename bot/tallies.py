"""What only this process knows, counted in place; `/metrics` shows it. All of it is 0 again after a start."""

import enum
from collections import Counter
from collections.abc import Mapping


class Counted(enum.StrEnum):
    """Each is counted by the labels in its comment."""

    BLOCKS = "blocks"  #: came of it: accepted, repeated, rejected
    DELIVERIES = "deliveries"  #: kind of the notice, what came of the try
    LIMITED = "limited"  #: Slack's method that answered 429
    REFUSED = "refused"  #: why a request over HTTP was refused: a Reason
    ERRORS = "errors"  #: the part of the desk that logged an error


class Tallies:
    def __init__(self) -> None:
        self._counts: Counter[tuple[Counted, tuple[str, ...]]] = Counter()

    def count(self, what: Counted, *labels: str, many: int = 1) -> None:
        self._counts[what, labels] += many

    def of(self, what: Counted) -> Mapping[tuple[str, ...], int]:
        """How often so far, by labels."""
        return {labels: many for (kind, labels), many in self._counts.items() if kind is what}
