"""Rows to render: one patch through its states, and hostile ones by hypothesis."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from contracts import faults as faults_module
from contracts.commands import Actor, ActorKind, Place, Source
from contracts.control import Closed, Closing, Dependency, Hold, Obstacles, Proposal
from contracts.faults import Fault, Reason, Rejection, fault
from contracts.gates import GateResult, Verdict
from contracts.notices import Deed, TellDeed
from contracts.outcome import Change, FileChange, Offer, Report, Step, StepTime
from contracts.outlook import Outlook
from contracts.patch import Changeset, Commands, Delete, Patch
from contracts.records import LaneLine, PatchLine, StoredPatch
from contracts.states import PatchState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CHANNEL, OPERATORS = "C0PATCHES", "C0OPS"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


PATCH = Patch(
    domain="web",
    changeset=Changeset((Delete("old.py"),)),
    title="Retry the fetcher",
    commands=(Commands("validate", ("true", "echo ok")), Commands("build", ("make",))),
)
WAITING = StoredPatch(
    id="k3v9x2ab",
    patch=PATCH,
    actor=Actor(ActorKind.PERSON, "U0ADA", "Ada Okafor", "ada@example.com"),
    source=Source.SLACK,
    inbox_id=1,
    place=Place(CHANNEL, "1.1", "1.1"),
    state=PatchState.WAITING,
    attempt=0,
    accepted_at=NOON,
)
STEPS = (
    StepTime(Step.FETCH, at(3), at(3.2)),
    StepTime(Step.APPLY, at(3.2), at(3.3)),
    StepTime(Step.GATES, at(3.3), at(15.8)),
    StepTime(Step.LAND, at(15.8), at(16)),
)
REPORT = Report(
    branch="main",
    base="0123456789abcdef",
    commit="fedcba9876543210",
    files=(
        FileChange("src/fetch.py", Change.MODIFIED, 12, 3),
        FileChange("logo.png", Change.ADDED, None, None),
    ),
    gates=(GateResult("tests", Verdict.PASSED, True, None, timedelta(seconds=12), 1, "fine"),),
    steps=STEPS,
    pushed_to="git.example.com:web.git",
)
LANDED = replace(
    WAITING, state=PatchState.LANDED, attempt=1, started_at=at(3), finished_at=at(16), report=REPORT
)
NO = fault(Reason.GATE_FAILED, gate="tests", code=1)
FAILED = replace(
    LANDED,
    state=PatchState.FAILED,
    report=replace(
        REPORT,
        pushed_to=None,
        gates=(
            GateResult("tests", Verdict.FAILED, True, NO, timedelta(seconds=12), 1, "E  1 != 2\n"),
            GateResult("docs", Verdict.SKIPPED, True, fault(Reason.GATE_EARLIER, gate="tests")),
        ),
        fault=NO,
    ),
)
RUNNING = replace(
    WAITING, state=PatchState.RUNNING, attempt=1, started_at=at(3), steps=(StepTime(Step.GATES, at(3.3)),)
)


# Hostile ---------------------------------------------------------------------------------------
_TRAPS = (
    "<!channel>",
    "<!here|here>",
    "<@U0ADA>",
    "<https://evil.example|main>",
    "`whoami`",
    "```",
    "*Landed.*",
    ":white_check_mark: Landed",
    "&amp;",
    "a\nb\r\n# c",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "\x00\x1b[2J",
    "{path}",
    "{0} %s {path:size}",
    "\ud800",
    "\U0001f468\u200d\U0001f4bb",
    "| a | b |",
    "",
    " ",
)
HOSTILE = st.one_of(
    st.sampled_from(_TRAPS),
    st.text(max_size=40),
    st.text(alphabet="<>&`*\n\u202e\x00", min_size=1, max_size=400),
    st.sampled_from(["a", "&", "\U000e0001", "\U0001f600"]).map(lambda char: char * 5000),
)
_COUNTS = st.integers(min_value=0, max_value=10**9)
_TIMES = st.integers(min_value=-100, max_value=10**7).map(at)
_MAYBE_TIMES = st.none() | _TIMES
_LENGTHS = st.none() | st.integers(0, 10**6).map(lambda n: timedelta(milliseconds=n))


def _facts_by_comment() -> dict[Reason, tuple[str, ...]]:
    """What the comment behind each Reason names, as it stands in the source."""
    source = Path(faults_module.__file__).read_text(encoding="utf-8")
    found = re.findall(r'^    [A-Z0-9_]+ = "([a-z0-9-]+)"(?:  #: (.+))?$', source, re.M)
    return {
        Reason(value): tuple(re.sub(r"\(.*?\)", "", comment).replace(" ", "").split(",")) if comment else ()
        for value, comment in found
    }


FACTS = _facts_by_comment()


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    reason = draw(st.sampled_from(Reason))
    args = {name: draw(HOSTILE | _COUNTS.map(str)) for name in FACTS[reason]}
    place = st.none() | st.integers(1, 10**6)
    return Fault(reason, args, draw(st.none() | HOSTILE), draw(place), draw(place))


_GATES = st.builds(
    GateResult,
    name=HOSTILE,
    verdict=st.sampled_from(Verdict),
    required=st.booleans(),
    why=st.none() | faults(),
    took=_LENGTHS,
    level=st.none() | st.integers(0, 4),
    output=HOSTILE,
    dropped=_COUNTS,
)
_FILES = st.builds(
    FileChange,
    path=HOSTILE,
    change=st.sampled_from(Change),
    added=st.none() | _COUNTS,
    removed=st.none() | _COUNTS,
    old_path=st.none() | HOSTILE,
)
_STEPS = st.builds(StepTime, step=st.sampled_from(Step), started=_TIMES, ended=_MAYBE_TIMES)


def _many(elements: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    """A few, or one repeated far beyond every limit."""
    return st.lists(elements, max_size=4).map(tuple) | elements.map(lambda one: (one,) * 130)


_REPORTS = st.builds(
    Report,
    branch=HOSTILE,
    base=st.none() | HOSTILE,
    commit=st.none() | HOSTILE,
    files=_many(_FILES),
    gates=_many(_GATES),
    steps=_many(_STEPS),
    moved=st.integers(0, 9),
    pushed_to=st.none() | HOSTILE,
    found=st.booleans(),
    resolutions=_many(faults()),
    offer=st.none() | st.builds(Offer, diff=st.binary(max_size=9), steps=_many(faults())),
    fault=st.none() | faults(),
)
_PATCHES = st.builds(
    Patch,
    domain=HOSTILE,
    changeset=st.just(PATCH.changeset),
    title=HOSTILE,
    body=HOSTILE,
    label=st.none() | HOSTILE,
    details=st.dictionaries(HOSTILE, HOSTILE, max_size=4),
    commands=_many(st.builds(Commands, field=HOSTILE, lines=st.just(("x",)))),
)
_ACTORS = st.builds(Actor, kind=st.sampled_from(ActorKind), id=HOSTILE, name=HOSTILE, email=HOSTILE)
_PLACES = st.builds(Place, channel=st.none() | HOSTILE, ts=st.none() | HOSTILE, thread=st.none() | HOSTILE)

ROWS = st.builds(
    StoredPatch,
    id=st.just("k3v9x2ab"),
    patch=_PATCHES,
    actor=_ACTORS,
    source=st.sampled_from(Source),
    inbox_id=st.just(1),
    place=_PLACES,
    state=st.sampled_from(PatchState),
    attempt=st.integers(0, 99),
    accepted_at=_TIMES,
    started_at=_MAYBE_TIMES,
    finished_at=_MAYBE_TIMES,
    not_before=_MAYBE_TIMES,
    steps=_many(_STEPS),
    report=st.none() | _REPORTS,
)
_STATES = st.sampled_from(PatchState)
_OBSTACLES = st.builds(
    Obstacles,
    ahead=_many(HOSTILE),
    hold=st.none() | st.builds(Hold, by=HOSTILE, why=HOSTILE, since=_TIMES),
    proposal=st.none()
    | st.builds(Proposal, binding=HOSTILE, reasons=st.lists(faults(), max_size=3).map(tuple), diff=HOSTILE),
    waits_for=_many(st.builds(Dependency, patch=HOSTILE, state=_STATES)),
    closed=_many(
        st.builds(
            Closed,
            domain=st.none() | HOSTILE,
            closing=st.sampled_from(Closing),
            by=HOSTILE,
            why=HOSTILE,
            since=_TIMES,
            until=_MAYBE_TIMES,
        )
    ),
    again_at=_MAYBE_TIMES,
)
OUTLOOKS = st.none() | st.builds(Outlook, obstacles=_OBSTACLES, wait=_LENGTHS, unknown=st.none() | faults())
_SAID_OF_DEEDS = dict.fromkeys(
    ("why", "domain", "patch", "priority", "closing", "schedule", "before", "after"), HOSTILE
)
DEEDS = st.builds(
    TellDeed,
    deed=st.sampled_from(Deed),
    by=HOSTILE,
    facts=st.fixed_dictionaries(_SAID_OF_DEEDS, optional={"until": _TIMES.map(lambda t: t.isoformat())}),
)
REJECTIONS = _many(
    st.builds(
        Rejection,
        block=st.integers(1, 999),
        faults=st.lists(faults(), min_size=1, max_size=4).map(tuple) | faults().map(lambda one: (one,) * 130),
        name=st.none() | HOSTILE,
    )
).filter(bool)
LINES = _many(
    st.builds(
        PatchLine,
        id=st.just("k3v9x2ab"),
        domain=HOSTILE,
        title=HOSTILE,
        actor=HOSTILE,
        state=st.sampled_from(PatchState),
        accepted_at=_TIMES,
        finished_at=_MAYBE_TIMES,
        position=st.none() | st.integers(1, 999),
    )
)
LANES = _many(
    st.builds(
        LaneLine,
        domain=HOSTILE,
        waiting=_COUNTS,
        head=LINES.map(lambda lines: lines[0] if lines else None),
        oldest_accepted_at=_MAYBE_TIMES,
        landed=_COUNTS,
        failed=_COUNTS,
        quarantined=_COUNTS,
    )
)
