"""What became of how many patches, and every single one of those that ask for a look."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from bot.delivery.wording.faults import explain
from contracts.faults import Fault


@dataclass(frozen=True, slots=True)
class Same:
    """The desk made exactly what was expected."""


@dataclass(frozen=True, slots=True)
class Refused:
    fault: Fault


@dataclass(frozen=True, slots=True)
class Wrong:
    """The desk landed something else than was expected: the tree *made*."""

    made: str
    detail: str


@dataclass(frozen=True, slots=True)
class AsGit:
    """The desk made what git makes, and `patch` something else."""

    made: str


@dataclass(frozen=True, slots=True)
class Alone:
    """The desk landed what the other program refuses."""

    detail: str


Verdict = Same | Refused | Wrong | AsGit | Alone


@dataclass(slots=True)
class Tally:
    """Counts per form of patch; *report* gets a line for whatever was not the same."""

    report: Path
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    skipped: int = 0  #: commits that were passed over

    def count(self, form: str, name: str, verdict: Verdict) -> None:
        match verdict:
            case Same():
                self.counts[form, "the same"] += 1
                return
            case Refused(fault=fault):
                kind, detail = f"refused: {fault.reason}", explain(fault, located=True).what
            case Wrong(detail=detail):
                kind = "LANDED WRONG"
            case AsGit(made=detail):
                kind = "as git does, otherwise than meant"
            case Alone(detail=detail):
                kind = "landed alone"
            case _:
                assert_never(verdict)
        self.counts[form, kind] += 1
        with self.report.open("a", encoding="utf-8", errors="replace") as report:
            report.write(f"{form}\t{kind}\t{name}\t{detail!r}\n")

    @property
    def judged(self) -> int:
        return self.counts.total()

    @property
    def wrong(self) -> int:
        return sum(count for (_, kind), count in self.counts.items() if kind == "LANDED WRONG")

    def table(self) -> str:
        forms = dict.fromkeys(form for form, _ in sorted(self.counts))
        lines = []
        for form in forms:
            kinds = {kind: n for (each, kind), n in sorted(self.counts.items()) if each == form}
            told = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items(), key=lambda pair: -pair[1]))
            lines.append(f"{form}: {sum(kinds.values())} patches: {told}")
        return "\n".join((*lines, *self._reasons(), f"{self.skipped} commits were too large and passed over"))

    def _reasons(self) -> Iterator[str]:
        """Of all that were refused, how many for which reason, and in how many of the forms."""
        kinds = {kind for _, kind in self.counts if kind.startswith("refused: ")}
        for kind in sorted(kinds):
            counted = [n for (_, each), n in self.counts.items() if each == kind]
            yield f"{kind}: {sum(counted)} patches, in {len(counted)} forms"
