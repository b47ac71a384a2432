"""What is said of one patch: on its card, in its summary, in lists."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.delivery.wording import figures, waiting
from bot.delivery.wording.faults import explain, tell
from bot.delivery.wording.ink import Ink
from bot.delivery.wording.said import Said
from contracts.control import Priority
from contracts.faults import Reason
from contracts.gates import GateResult, Verdict
from contracts.outcome import Change, FileChange, Report, Step
from contracts.outlook import Outlook
from contracts.patch import Patch
from contracts.records import PatchLine, StoredPatch
from contracts.states import OPEN_STATES, PatchState

STATE_NAMES: Final[Mapping[PatchState, str]] = {
    PatchState.PROPOSED: "needs approval",
    PatchState.WAITING: "waiting",
    PatchState.READY: "next",
    PatchState.RUNNING: "running",
    PatchState.PREPARED: "ready to land with its set",
    PatchState.LANDED: "landed",
    PatchState.FAILED: "not landed",
    PatchState.STOPPED: "stopped",
    PatchState.QUARANTINED: "set aside",
    PatchState.CANCELLED: "taken back",
    PatchState.REJECTED: "not approved",
}
VERDICT_NAMES: Final[Mapping[Verdict, str]] = {
    Verdict.PASSED: "passed",
    Verdict.SKIPPED: "skipped",
    Verdict.FAILED: "failed",
    Verdict.ERRORED: "gave no verdict",
}
STEP_NAMES: Final[Mapping[Step, str]] = {
    Step.FETCH: "fetch",
    Step.APPLY: "apply",
    Step.CHECKOUT: "check out",
    Step.GATES: "gates",
    Step.REWORK: "rework",
    Step.LAND: "land",
}
_DOING: Mapping[Step, str] = {
    Step.FETCH: "Fetching the branch",
    Step.APPLY: "Applying the patch",
    Step.CHECKOUT: "Laying out the files for the gates",
    Step.GATES: "Running the gates",
    Step.REWORK: "Running what may change it",
    Step.LAND: "Landing",
}
_REFUSED: Mapping[PatchState, str] = {
    PatchState.FAILED: "Not landed.",
    PatchState.STOPPED: "Stopped, not landed.",
    PatchState.QUARANTINED: "Set aside, not landed.",
    PatchState.CANCELLED: "Taken back, not landed.",
    PatchState.REJECTED: "Not approved, not landed.",
}
#: Why a gate did not pass, where its name stands before it.
_GATE_BRIEFLY: Mapping[Reason, str] = {
    Reason.GATE_FAILED: "exit code {code:number}",
    Reason.GATE_NOT_STARTED: "it could not start ({detail:words})",
    Reason.GATE_TIMED_OUT: "no answer after {most:took}",
    Reason.GATE_SILENT: "nothing printed for {most:took}",
    Reason.GATE_KILLED: "killed by signal {signal:words}",
    Reason.GATE_FLOODED: "it printed more than {most:size}",
    Reason.GATE_PATHS: "no changed file matches {when:list|or}",
    Reason.GATE_EARLIER: "{gate} had already decided",
    Reason.CREDENTIALS_ADDED: "{path}, line {at:number}: {kind:words}",
}
_CHANGE_NAMES: Mapping[Change, str] = {
    Change.ADDED: "new",
    Change.MODIFIED: "",
    Change.DELETED: "deleted",
    Change.RENAMED: "renamed",
    Change.MODE: "mode changed",
}
_MINUS = "\u2212"


def title(patch: Patch, ink: Ink) -> str:
    return ink.words(patch.title) or "Untitled patch"


# Where it stands -------------------------------------------------------------------------------
def standing(row: StoredPatch, ink: Ink, *, outlook: Outlook | None, now: datetime) -> str:
    """One line: the state, the step, and since when. *outlook* is of one that waits, if it is known."""
    match row.state:
        case PatchState.WAITING:
            return _waiting(row, ink, outlook, now)
        case PatchState.READY if row.cleared:
            return "All of its set have passed their gates; it lands as soon as a worker is free."
        case PatchState.READY:
            return "Next; it starts as soon as a worker is free."
        case PatchState.PREPARED:
            return _prepared(outlook, ink)
        case PatchState.RUNNING:
            return _running(row, ink)
        case PatchState.LANDED:
            return _landed(row, ink)
        case PatchState.STOPPED:
            return f"{ink.strong(_REFUSED[row.state])} {reason(row, ink).what}{_stopped_at(row)}"
        case PatchState.PROPOSED:
            return f"{ink.strong('Needs an approval.')} {reason(row, ink).what}"
        case PatchState.FAILED | PatchState.QUARANTINED | PatchState.CANCELLED | PatchState.REJECTED:
            return f"{ink.strong(_REFUSED[row.state])} {reason(row, ink).what}"


def _waiting(row: StoredPatch, ink: Ink, outlook: Outlook | None, now: datetime) -> str:
    if row.not_before is not None and row.not_before > now and row.hold is None:
        again = ink.say("It will be tried again at {at:when}.", at=row.not_before)
        if row.report is not None and row.report.fault and row.report.fault.reason is Reason.RISK_CRITICAL:
            return f"{ink.strong('Held.')} {reason(row, ink).what} {again}"
        return f"Try {row.tries} did not work out. {reason(row, ink).what} {again}"
    if outlook is None:
        return ink.say("Waiting in line since {since:when}.", since=row.accepted_at)
    return waiting.in_line(outlook, ink, now=now)


def _running(row: StoredPatch, ink: Ink) -> str:
    current = row.steps[-1] if row.steps else None
    if row.stop_by is not None:
        return ink.say("{by:words} stopped it; it ends within seconds.", by=row.stop_by)
    if row.broken is not None:
        return f"{explain(row.broken, ink).what} It ends within seconds."
    doing = _DOING[current.step] if current else "Starting"
    since = current.started if current else row.started_at
    again = f" (try {row.attempt})" if row.attempt > 1 else ""
    return doing + again + (ink.say(", since {since:when}.", since=since) if since else ".")


def _prepared(outlook: Outlook | None, ink: Ink) -> str:
    """Whom it waits for, as far as that is known."""
    domains = [ink.words(each.domain) for each in outlook.obstacles.companions] if outlook else []
    whom = f"{figures.joined(domains)} to pass, too" if domains else "the others of its set"
    return f"{ink.strong('Ready.')} Its gates passed; it waits for {whom}."


def _landed(row: StoredPatch, ink: Ink) -> str:
    if row.report is None or row.report.commit is None:
        return ink.strong("Landed.")
    line = ink.strong("Landed")
    line += ink.say(" on {branch} as {commit:commit}", branch=row.report.branch, commit=row.report.commit)
    if row.finished_at is not None:
        line += ink.say(", {took:took} after it came in", took=row.finished_at - row.accepted_at)
    return f"{line}."


def _stopped_at(row: StoredPatch) -> str:
    """The step that it had come to."""
    steps = row.report.steps if row.report and row.report.steps else row.steps
    return f" It had come to: {STEP_NAMES[steps[-1].step]}." if steps else ""


def reason(row: StoredPatch, ink: Ink) -> Said:
    """Why it did not land, or did not yet; with the place in what was posted."""
    fault = row.report.fault if row.report else None
    if fault is None:
        return Said("No reason was recorded.", "")
    return explain(fault, ink, located=True)


def state_of(line: PatchLine) -> str:
    """Its state in a list: of one on hold that it is, for that alone keeps it."""
    return "on hold" if line.on_hold else STATE_NAMES[line.state]


def brief(line: PatchLine, ink: Ink) -> str:
    """One line of a list."""
    facts = {"id": line.id, "title": line.title, "actor": line.actor, "state": state_of(line)}
    place = f"{line.position}. " if line.position is not None else ""
    return place + ink.say("{id} {title:words} – {state:raw}, from {actor:words}", **facts)


# Where it comes from ---------------------------------------------------------------------------
def origin(row: StoredPatch, ink: Ink, *, here: str | None, link: str | None, who: str) -> str:
    """`web · patch k3v9x2ab · from Ada`. *who* is inked; *here*: the channel where this is said."""
    parts = [ink.words(row.patch.domain), ink.say("patch {id}", id=row.id)]
    if row.patch.label:
        parts.append(ink.say("called {label}", label=row.patch.label))
    parts.append(f"from {who}")
    parts += [ink.say("in set {id}", id=row.set_id)] if row.set_id else []
    parts += _wishes(row, ink)
    if row.place.channel is not None and row.place.channel != here:
        parts.append(ink.say("posted in {channel:channel}", channel=row.place.channel))
    if link is not None:
        parts.append(ink.link("message", link))
    return " · ".join(parts)


def _wishes(row: StoredPatch, ink: Ink) -> list[str]:
    """When it wants its turn, where that is not simply in line."""
    patch = row.patch
    priority = row.priority or patch.priority
    wishes = [f"priority {priority}"] if priority is not Priority.NORMAL else []
    wishes += ["hotfix"] if patch.hotfix else []
    wishes += [ink.say("replays {id}", id=patch.replays)] if patch.replays else []
    wishes += [ink.say("adjusted from {id}", id=patch.adjusts)] if patch.adjusts else []
    return wishes


@dataclass(frozen=True, slots=True)
class Relative:
    """A patch that *row* undoes, or that undoes it. *link* leads to its card; None: it has none."""

    row: StoredPatch
    link: str | None


def undoing(row: StoredPatch, relatives: Sequence[Relative], ink: Ink) -> tuple[str, ...]:
    """What it undoes, and what undoes it."""
    return tuple(_undoing(row, each, ink) for each in relatives)


def _undoing(row: StoredPatch, other: Relative, ink: Ink) -> str:
    name = ink.say("patch {id}", id=other.row.id)
    name = ink.link(name, other.link) if other.link else name
    if other.row.id == row.patch.reverts:
        return f"Undoes {name}."
    if other.row.state is PatchState.LANDED:
        return f"Undone by {name}."
    return f"To be undone by {name}, which {waiting.in_a_sentence(other.row.state)}."


def revert_title(title: str) -> str:
    """What a patch is called that undoes the one with *title*."""
    return f'Revert "{title}"'


def revert_body(patch: str, commit: str) -> str:
    return f"This undoes patch {patch}, commit {commit}."


def details(patch: Patch, ink: Ink) -> tuple[str, ...]:
    """What came with the patch that the desk gives no meaning to."""
    return tuple(
        ink.say("{name}: {value:words}", name=name, value=value) for name, value in patch.details.items()
    )


# What came of it -------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Summary:
    """The parts of a summary, each a finished line; empty where there is nothing to say."""

    headline: str
    hint: str
    files: tuple[str, ...]
    files_total: str
    gates: tuple[str, ...]
    gates_total: str
    mended: tuple[str, ...]
    offered: tuple[str, ...]
    facts: tuple[str, ...]
    times: str
    commands: str


def summary(row: StoredPatch, ink: Ink, *, now: datetime) -> Summary:
    """What came of *row*'s last attempt; of an unfinished one, how far it is."""
    report, landed = row.report or Report(branch=""), row.state is PatchState.LANDED
    failed = row.state not in OPEN_STATES and not landed
    return Summary(
        headline=standing(row, ink, outlook=None, now=now),
        hint=reason(row, ink).hint if failed else "",
        files=tuple(file_line(file, ink) for file in report.files),
        files_total=files_total(report.files, landed=landed),
        gates=tuple(gate_line(gate, ink) for gate in report.gates),
        gates_total=gates_total(row, report, ink),
        mended=tuple(explain(each, ink).what for each in report.resolutions),
        offered=tuple(explain(each, ink).what for each in report.offer.steps) if report.offer else (),
        facts=_facts(report, ink, landed=landed),
        times=times(row),
        commands=commands_not_run(row.patch, ink, ran=_ran(report)),
    )


def file_line(file: FileChange, ink: Ink) -> str:
    name = ink.quote(file.path)
    if file.old_path is not None and file.old_path != file.path:
        name = f"{ink.quote(file.old_path)} to {name}"
    parts = [_CHANGE_NAMES[file.change], _plus_minus(file.added, file.removed)]
    return f"{name} {', '.join(part for part in parts if part)}"


def _plus_minus(added: int | None, removed: int | None) -> str:
    if added is None or removed is None:
        return "binary"
    return " ".join(f"{sign}{count:,}" for sign, count in (("+", added), (_MINUS, removed)) if count)


def files_total(files: Sequence[FileChange], *, landed: bool) -> str:
    if not files:
        return ""
    added, removed = sum(file.added or 0 for file in files), sum(file.removed or 0 for file in files)
    parts = [figures.counted(len(files), "file", "files"), _plus_minus(added, removed)]
    return f"{'Changed' if landed else 'Would have changed'} {', '.join(part for part in parts if part)}:"


def gate_line(gate: GateResult, ink: Ink) -> str:
    """`tests` failed in 3 s: exit code 1 (advisory, sandbox level 1)."""
    line = f"{ink.quote(gate.name)} {VERDICT_NAMES[gate.verdict]}"
    if gate.took is not None:
        line += f" in {figures.duration(gate.took)}" if gate.verdict < Verdict.ERRORED else ""
    if gate.verdict is not Verdict.PASSED and gate.why is not None:
        template = _GATE_BRIEFLY.get(gate.why.reason)
        line += f": {tell(template, gate.why, ink) if template else explain(gate.why, ink).what}"
    notes = ["advisory"] if not gate.required else []
    notes += [_again(gate)] if gate.runs else []
    notes += [f"sandbox level {gate.level}"] if gate.level is not None else []
    return f"{line} ({', '.join(notes)})" if notes else line


MENDED: Final = "What was done to it on the way:"
OFFERED: Final = "In the adjusted patch:"
ADJUSTED_TITLE: Final = "The adjusted patch"


def _again(gate: GateResult) -> str:
    """That it ran more than once on the same files, and whether it contradicted itself."""
    said = ", then ".join(VERDICT_NAMES[verdict] for verdict in gate.runs)
    return f"{'flaky: ' if gate.is_flaky else ''}{said} on the same files"


def gates_total(row: StoredPatch, report: Report, ink: Ink) -> str:
    """`Gates: 2 passed, 1 failed.` And plainly so if nothing was checked, or nothing is known of it."""
    counts = {verdict: sum(gate.verdict is verdict for gate in report.gates) for verdict in Verdict}
    if report.gates and counts[Verdict.SKIPPED] == len(report.gates):
        return "No gate ran: nothing was checked."
    if report.gates:
        said = (f"{count} {VERDICT_NAMES[verdict]}" for verdict, count in counts.items() if count)
        return f"Gates: {', '.join(said)}."
    if row.state is not PatchState.LANDED:
        return "No gate gave a verdict." if row.finished_at else ""
    if report.found:
        return "What gates said, if there were any, was lost with the try that landed it."
    return ink.say("{domain} has no gates: nothing was checked.", domain=row.patch.domain)


def _facts(report: Report, ink: Ink, *, landed: bool) -> tuple[str, ...]:
    facts = []
    if report.commit is not None:
        name = "Commit" if landed else "Candidate (not on the branch)"
        facts.append(ink.say(f"{name} {{commit:commit}}", commit=report.commit))
    if report.base is not None:
        facts.append(ink.say("on {branch} at {base:commit}", base=report.base, branch=report.branch))
    if landed:
        where = "pushed to {to:words}" if report.pushed_to else "in the desk's own repository"
        facts.append(ink.say(where, to=report.pushed_to))
    if report.moved:
        facts.append(
            f"the branch moved {figures.times(report.moved)} meanwhile; applied and checked anew each time"
        )
    if report.reused:
        facts.append("its gates ran in an earlier try, on exactly this candidate")
    if report.found:
        facts.append("an earlier try had landed it and was cut off before it could say so")
    return tuple(facts)


def times(row: StoredPatch) -> str:
    """How long it waited, each step took (all rounds together), and the whole."""
    parts = [f"waited {figures.duration(row.started_at - row.accepted_at)}"] if row.started_at else []
    spent: dict[Step, timedelta] = {}
    for step in row.report.steps if row.report and row.report.steps else row.steps:
        if (ended := step.ended or row.finished_at) is not None:
            spent[step.step] = spent.get(step.step, timedelta(0)) + (ended - step.started)
    parts += [f"{STEP_NAMES[step]} {figures.duration(took)}" for step, took in spent.items()]
    if row.finished_at is not None:
        parts.append(f"{figures.duration(row.finished_at - row.accepted_at)} in all")
    if row.attempt > 1:
        parts.append(f"{row.attempt} tries")
    return " · ".join(parts)


def _ran(report: Report) -> frozenset[str]:
    """The lists whose changes became part of the patch ran before the gates were asked again."""
    gates = {gate.name for gate in report.gates if gate.verdict is not Verdict.SKIPPED}
    taken = (step.args["by"].split() for step in report.resolutions if step.reason is Reason.CAPTURED)
    return frozenset(gates.union(*taken))


def commands_not_run(patch: Patch, ink: Ink, *, ran: Collection[str] = ()) -> str:
    """The shell lines that came with the patch, but for those under what *ran*; empty: there are none."""
    left_out = [commands for commands in patch.commands if commands.field not in ran]
    if not left_out:
        return ""
    named = [
        ink.say("{count:n|command|commands} in {field}", count=len(commands.lines), field=commands.field)
        for commands in left_out[:8]
    ]
    if left := len(left_out) - len(named):
        named.append(f"{left} more")
    return (
        f"Not run: {figures.joined(named)}. They run once the gates have passed and, where the domain wants "
        "it, somebody has approved them."
    )


def logs(row: StoredPatch) -> tuple[GateResult, ...]:
    """The gates that did not pass and printed something."""
    gates = row.report.gates if row.report else ()
    return tuple(gate for gate in gates if gate.verdict > Verdict.SKIPPED and gate.output)
