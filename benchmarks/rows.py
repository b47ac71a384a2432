"""One line of the table that `make bench` prints."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """*ratio* compares *measured* with *floor*, both as text with their units.

    *goal* is written as people say it ("at least 4.0"); *holds* None where there is no goal.
    """

    name: str
    measured: str
    floor: str
    ratio: float
    goal: str = ""
    holds: bool | None = None
