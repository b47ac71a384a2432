"""Gates: what is checked on a candidate, what came of it, and whether it may land."""

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from contracts.faults import Fault


class Verdict(enum.IntEnum):
    """What did not run is never PASSED; what could not run is not FAILED."""

    PASSED = 0
    SKIPPED = 1  #: did not apply, or was not reached; the result says why
    FAILED = 2  #: ran and said no
    ERRORED = 3  #: could not run, or was ended before it could answer


class Credentials(enum.StrEnum):
    """What becomes of a patch that adds something that looks like a credential."""

    REFUSE = "refuse"
    REPORT = "report"  #: it is said, and does not keep the patch from landing
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class GateSpec:
    """One configured gate: *run* is an argv (no shell), *when* are path globs (none: always).

    *idle* is how long it may print nothing; *network* gives it one where the sandbox otherwise denies it.
    """

    name: str
    run: tuple[str, ...]
    timeout: timedelta = timedelta(minutes=10)
    required: bool = True
    when: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    idle: timedelta | None = None
    network: bool = False


class Reach(enum.StrEnum):
    """Which of the files that a repair changes are taken."""

    TOUCHED = "touched"  #: those that the patch changes itself
    ANY = "any"


@dataclass(frozen=True, slots=True)
class RepairSpec:
    """A command that may make a candidate pass which a gate said no to. It runs as a gate does, and what it
    changes of the files within *reach* is what it is there for."""

    command: GateSpec
    reach: Reach = Reach.TOUCHED


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one gate said. *why* is there for every verdict but PASSED.

    *level* is the sandbox level it ran at (None: it did not run); *output* the head and tail of what
    it printed, at most 64 KB, decoded with replacement; *dropped* the bytes left out between them. Of a
    gate that ran twice *took*, *output* and *dropped* are of the first time.
    """

    name: str
    verdict: Verdict
    required: bool
    why: Fault | None = None
    took: timedelta | None = None
    level: int | None = None
    output: str = ""
    dropped: int = 0
    runs: tuple[Verdict, ...] = ()  #: what it said each time, if it ran again on the same files

    @property
    def is_flaky(self) -> bool:
        """True if it contradicted itself."""
        return len(set(self.runs)) > 1


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What will become of a gate. *why_not* None: it runs, unless one before it says no."""

    name: str
    required: bool
    why_not: Fault | None


def refusing(results: Sequence[GateResult]) -> GateResult | None:
    """The first required gate that keeps the candidate from landing."""
    return next((r for r in results if r.required and r.verdict > Verdict.SKIPPED), None)


def may_land(results: Sequence[GateResult]) -> bool:
    """True if no required gate failed or errored. Advisory gates are reported, they never refuse."""
    return refusing(results) is None


_COVERAGE = re.compile(
    r"^[ \t]*(?:coverage:?|TOTAL(?:[ \t]+\d+){1,4})[ \t]+(\d{1,3}(?:\.\d{1,6})?)[ \t]?%[ \t]*$", re.I | re.M
)


def reported_coverage(output: str) -> float | None:
    """The percentage in the last line of *output* that reports one: `coverage: 87.5%`, `TOTAL 80 10 87%`."""
    found = [float(number) for number in _COVERAGE.findall(output)]
    return found[-1] if found and found[-1] <= 100 else None
