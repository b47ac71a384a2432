"""What cards, summaries and answers say, and that nothing is claimed that did not happen."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from bot.delivery.render import answers, cards, dialogs, summaries
from bot.delivery.render.blocks import Message
from bot.delivery.wording import patches, waiting
from bot.delivery.wording.ink import MARKDOWN, PLAIN
from contracts.commands import Place, Source
from contracts.control import Closed, Closing, Dependency, Hold, Obstacles
from contracts.faults import Reason, Rejection, fault
from contracts.gates import GateResult, Verdict
from contracts.notices import Deed, TellDeed, Twin
from contracts.outcome import Offer, Report, Step, StepTime
from contracts.outlook import Outlook
from contracts.patch import Commands, Together
from contracts.records import LaneLine, PatchLine, StoredPatch
from contracts.states import PatchState
from tests.delivery.rows import (
    CHANNEL,
    FAILED,
    LANDED,
    NO,
    REPORT,
    ROWS,
    RUNNING,
    WAITING,
    at,
)


def texts(blocks: Sequence[dict[str, Any]]) -> list[str]:
    parts = [
        part
        for block in blocks
        for part in ([block["text"]] if "text" in block else block.get("elements", []))
    ]
    # A button's text is a text object of its own.
    return [part["text"]["text"] if isinstance(part["text"], dict) else part["text"] for part in parts]


def whole(said: Message) -> str:
    return "\n".join([said.text, *texts(said.blocks)])


# What is said ----------------------------------------------------------------------------------
def status_of(row: StoredPatch, **given: Any) -> str:
    said = cards.card(row, channel=CHANNEL, **{"outlook": None, "now": at(5), "link": None, **given})
    return texts(said.blocks)[0].split("\n")[1]


NEXT = Outlook(Obstacles(), timedelta(0))
BEHIND_TWO = Outlook(Obstacles(ahead=("a", "b")), timedelta(minutes=4))
TRY_2 = "Try 2 did not work out. The repository could not be reached: timed out."
NOT_YET = fault(Reason.REPOSITORY_UNREACHABLE, detail="timed out")


@pytest.mark.parametrize(
    ("row", "given", "said"),
    [
        (WAITING, {"outlook": BEHIND_TWO}, "Waiting, number 3 in line (<!date^1767268805^"),
        (WAITING, {}, "Waiting in line since <!date^1767268800^"),
        (
            replace(WAITING, attempt=2, not_before=at(60), report=Report("main", fault=NOT_YET)),
            {"outlook": NEXT},
            f"{TRY_2} It will be tried again at <!date^1767268860^",
        ),
        (replace(WAITING, not_before=at(1)), {"outlook": NEXT}, "Waiting, number 1 in line ("),
        (replace(WAITING, state=PatchState.READY), {}, "Next; it starts as soon as a worker is free."),
        (RUNNING, {}, "Running the gates, since <!date^1767268803^"),
        (replace(RUNNING, steps=(), attempt=2), {}, "Starting (try 2), since <!date^1767268803^"),
        (replace(RUNNING, steps=(), started_at=None), {}, "Starting."),
        (LANDED, {}, ":white_check_mark: *Landed* on `main` as `fedcba9876`, 16 s after it came in."),
        (replace(LANDED, report=None), {}, ":white_check_mark: *Landed.*"),
        (replace(LANDED, finished_at=None), {}, ":white_check_mark: *Landed* on `main` as `fedcba9876`."),
        (FAILED, {}, ":x: *Not landed.* The gate `tests` said no (exit code 1)."),
        (replace(FAILED, report=None), {}, ":x: *Not landed.* No reason was recorded."),
        (
            replace(FAILED, state=PatchState.QUARANTINED, report=Report("main", fault=NOT_YET)),
            {},
            ":warning: *Set aside, not landed.* The repository could not be reached: timed out.",
        ),
    ],
)
def test_a_card_says_how_the_patch_stands(row: StoredPatch, given: dict[str, Any], said: str) -> None:
    assert status_of(row, **given).startswith(said)


def test_a_card_names_the_patch_and_who_wants_it() -> None:
    said = texts(cards.card(WAITING, channel=CHANNEL, outlook=NEXT, now=at(5), link=None).blocks)
    assert said[0].startswith("*Retry the fetcher*\n")
    assert said[-1] == "web · patch `k3v9x2ab` · from Ada Okafor"


def test_a_card_in_another_channel_leads_back() -> None:
    row = replace(WAITING, patch=replace(WAITING.patch, label="blk-7"))
    link = "https://x.slack.com/archives/C1/p11"
    said = texts(cards.card(row, channel="C0OPS", outlook=NEXT, now=at(5), link=link).blocks)
    expected = (
        "web · patch `k3v9x2ab` · called `blk-7` · from Ada Okafor · posted in <#C0PATCHES> · "
        f"<{link}|message>"
    )
    assert said[-1] == expected


def origin_of(row: StoredPatch) -> str:
    return texts(cards.card(row, channel=CHANNEL, outlook=NEXT, now=at(5), link=None).blocks)[-1]


def test_only_who_used_the_form_is_mentioned_so_that_they_follow_the_thread() -> None:
    row = replace(WAITING, source=Source.MODAL, place=Place(CHANNEL))
    said = cards.card(row, channel=CHANNEL, outlook=NEXT, now=at(5), link=None)
    assert "from <@U0ADA>" in whole(said)
    hostile = replace(row, actor=replace(row.actor, id="U1> <!channel"))
    assert "<!" not in origin_of(hostile)
    assert "<@" not in whole(cards.card(WAITING, channel=CHANNEL, outlook=NEXT, now=at(5), link=None))


NOT_RUN = (
    "Not run: 2 commands in `validate` and 1 command in `build`. "
    "They run once the gates have passed and, where the domain wants it, somebody has approved them."
)
FACTS = (
    "Commit `fedcba9876` · on `main` at `0123456789` · pushed to git.example.com:web.git · "
    "the branch moved twice meanwhile; applied and checked anew each time"
)
GATES = (
    "Gates: 1 skipped, 1 failed.\n`tests` failed in 12 s: exit code 1 (sandbox level 1)\n"
    "`docs` skipped: `tests` had already decided"
)


def test_lists_that_ran_before_the_gates_were_asked_again_are_not_said_not_to_have_run() -> None:
    commands = (Commands("validate", ("a",)), Commands("build", ("b",)))
    captured = fault(Reason.CAPTURED, by="validate", files="a", count=1)
    report = replace(REPORT, gates=(), resolutions=(captured,))
    row = replace(FAILED, patch=replace(FAILED.patch, commands=commands), report=report)
    said = whole(summaries.summary(row, now=at(20)))
    assert "Not run: 1 command in `build`." in said


def test_a_summary_tells_it_all() -> None:
    assert texts(summaries.summary(replace(LANDED, report=replace(REPORT, moved=2)), now=at(20)).blocks) == [
        ":white_check_mark: *Landed* on `main` as `fedcba9876`, 16 s after it came in.",
        "Gates: 1 passed.\n`tests` passed in 12 s (sandbox level 1)",
        "Changed 2 files, +12 \u22123:\n`src/fetch.py` +12 \u22123\n`logo.png` new, binary",
        NOT_RUN,
        FACTS + "\nwaited 3 s · fetch 0.2 s · apply 0.1 s · gates 12 s · land 0.2 s · 16 s in all",
    ]


def test_a_failed_summary_says_why_and_never_that_it_is_on_the_branch() -> None:
    said = summaries.summary(FAILED, now=at(20))
    assert texts(said.blocks)[:3] == [
        ":x: *Not landed.* The gate `tests` said no (exit code 1).\nMend the patch and post it again.",
        GATES,
        "Would have changed 2 files, +12 \u22123:\n`src/fetch.py` +12 \u22123\n`logo.png` new, binary",
    ]
    assert "Candidate (not on the branch) `fedcba9876`" in whole(said)
    assert "What the gates printed that did not pass follows as a file." in whole(said)


@given(row=ROWS)
def test_gates_pass_only_where_some_gate_passed(row: StoredPatch) -> None:
    gates = row.report.gates if row.report else ()
    total = patches_total(row)
    if not any(gate.verdict is Verdict.PASSED for gate in gates):
        assert "passed" not in total
    if row.finished_at and not any(gate.verdict is not Verdict.SKIPPED for gate in gates):
        assert re.search("nothing was checked|No gate gave a verdict|was lost", total)


def patches_total(row: StoredPatch) -> str:
    return patches.summary(row, MARKDOWN, now=at(20)).gates_total


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (replace(LANDED, report=replace(REPORT, gates=())), "`web` has no gates: nothing was checked."),
        (
            replace(LANDED, report=replace(REPORT, gates=(), found=True)),
            "What gates said, if there were any, was lost with the try that landed it.",
        ),
        (
            replace(LANDED, report=replace(REPORT, gates=(GateResult("docs", Verdict.SKIPPED, True),))),
            "No gate ran: nothing was checked.",
        ),
        (replace(FAILED, report=replace(REPORT, gates=())), "No gate gave a verdict."),
    ],
)
def test_where_nothing_was_checked_it_says_so(row: StoredPatch, said: str) -> None:
    assert patches_total(row) == said


def test_an_advisory_gate_that_failed_is_named_as_that() -> None:
    gate = GateResult("lint", Verdict.FAILED, False, NO, timedelta(seconds=3), 0)
    late = GateResult(
        "e2e",
        Verdict.ERRORED,
        True,
        fault(Reason.GATE_TIMED_OUT, gate="e2e", most=600),
        timedelta(minutes=10),
        1,
    )
    odd = GateResult("box", Verdict.ERRORED, True, fault(Reason.SANDBOX_TOO_LOW, level=1, most=0))
    said = whole(
        summaries.summary(replace(LANDED, report=replace(REPORT, gates=(gate, late, odd))), now=at(20))
    )
    assert "`lint` failed in 3 s: exit code 1 (advisory, sandbox level 0)" in said
    assert "`e2e` gave no verdict: no answer after 10 min (sandbox level 1)" in said
    assert "`box` gave no verdict: Gates must run at sandbox level 1; this machine gives 0 at most." in said


def test_a_patch_found_on_the_branch_says_how_it_got_there() -> None:
    said = whole(
        summaries.summary(replace(LANDED, report=replace(REPORT, found=True, pushed_to=None)), now=at(20))
    )
    assert "in the desk's own repository" in said
    assert "an earlier try had landed it and was cut off before it could say so" in said


def test_the_file_holds_the_log_between_fences_it_cannot_leave() -> None:
    gates = (
        GateResult(
            "tests", Verdict.FAILED, True, NO, None, 1, "one\n````\n\x1b[31mred\ttab\r\n", dropped=5000
        ),
    )
    text = summaries.summary_markdown(replace(FAILED, report=replace(REPORT, gates=gates)), now=at(20))
    assert (
        "## Log of tests (4.9 KB left out in the middle)\n\n`````\none\n````\n\\x1b[31mred\ttab\n`````\n"
        in text
    )


BAD_JSON = (
    "Line 3, column 5: This is not valid JSON: expected a comma. "
    "Mend it there and post it again. Broken JSON is never read as YAML."
)
BAD_TARGET = "There is no target `wbe` here. Did you mean `web`? The targets here: `web` and `api`."
EMPTY = "The patch changes nothing: it has no mutations. Say what to change in `mutations`."


def test_a_rejection_says_where_what_and_how_to_mend_it() -> None:
    refused = (
        Rejection(2, (fault(Reason.BAD_JSON, detail="expected a comma", line=3, column=5),), "fix.json"),
        Rejection(
            4,
            (
                fault(Reason.UNKNOWN_TARGET, target="wbe", domains="web api", suggestion="web"),
                fault(Reason.NO_MUTATIONS, line=9),
            ),
        ),
    )
    assert texts(answers.rejections(refused).blocks) == [
        "2 blocks could not be taken as patches. Nothing of them was queued.",
        "*Block 2 (`fix.json`)*\n• " + BAD_JSON,
        "*Block 4*\n• " + BAD_TARGET + "\n• Line 9: " + EMPTY,
        "Edit the message, or post it again; what was taken already is not taken twice.",
    ]


def test_many_rejections_are_one_message_that_counts_what_it_leaves_out() -> None:
    said = answers.rejections([Rejection(n, (NO,)) for n in range(1, 31)])
    assert texts(said.blocks)[0] == "30 blocks could not be taken as patches. Nothing of them was queued."
    assert texts(said.blocks)[-1].startswith("… and 18 more blocks\n")


def test_a_twin_leads_to_the_first() -> None:
    link = "https://x.slack.com/archives/C1/p11"
    first = f"<{link}|k3v9x2ab>, which is running"
    expected = f"Block 2 is the same change as patch {first}. It was not queued again."
    assert answers.twin(Twin("k3v9x2ab", 2), RUNNING, link=link).text == expected


def test_a_queue_is_told_domain_by_domain() -> None:
    def line(domain: str, position: int) -> PatchLine:
        return PatchLine("k3v9x2ab", domain, "Retry", "Ada", PatchState.WAITING, at(0), None, position)

    said = answers.queue([line("web", 1), line("web", 2), line("api", 1)], left=1)
    assert said.text.split("\n") == [
        "*web*",
        "1. `k3v9x2ab` Retry – waiting, from Ada",
        "2. `k3v9x2ab` Retry – waiting, from Ada",
        "*api*",
        "1. `k3v9x2ab` Retry – waiting, from Ada",
        "… and 1 more patch",
    ]
    held = replace(line("web", 3), on_hold=True)
    assert answers.queue([held]).text.split("\n")[1] == "3. `k3v9x2ab` Retry – on hold, from Ada"
    assert answers.queue([]).text == "Nothing is waiting."


def test_the_status_tells_each_lane_in_a_line() -> None:
    head = PatchLine("k3v9x2ab", "web", "Retry", "Ada", PatchState.RUNNING, at(0), None, 1)
    said = answers.status(
        [LaneLine("web", 2, head, at(0), 12, 1, 0), LaneLine("api", 0, None, None, 0, 0, 0)]
    )
    first, second = said.text.split("\n")
    assert first.startswith(
        "*web* · running: `k3v9x2ab` Retry · 2 waiting, the oldest since <!date^1767268800^"
    )
    assert first.endswith(" · 12 landed, 1 not landed")
    assert second == "*api* · idle · nobody waits"
    assert answers.status([]).text == "No domain is set up yet."


def test_what_is_wrong_in_a_form_stands_at_its_field() -> None:
    wrong = [
        fault(Reason.NOT_A_SUBMITTER, domain="web"),
        fault(Reason.MISSING_FIELD, field="mutations", where="the patch", line=1),
        fault(Reason.NO_MUTATIONS),
    ]
    assert dialogs.field_errors(wrong) == {
        "domain": "Sorry, you are not among the people who may change `web`. Its operators can add you.",
        "patch": "Line 1: The field `mutations` is missing in the patch. Add it and post it again. " + EMPTY,
    }


# What can be done about it, and what keeps it ----------------------------------------------------
def buttons_of(row: StoredPatch) -> list[str]:
    said = cards.card(row, channel=CHANNEL, outlook=NEXT, now=at(5), link=None)
    [*actions] = [block for block in said.blocks if block["type"] == "actions"]
    return [button["text"]["text"] for block in actions for button in block["elements"]]


LANDING = replace(RUNNING, steps=(StepTime(Step.LAND, at(4)),))


def offering(diff: bytes) -> StoredPatch:
    """One that failed, with something that the desk could do."""
    assert FAILED.report is not None
    took = fault(Reason.TOOK_PLACE, path="a.py", hunk=2, said=12, at=40)
    return replace(FAILED, report=replace(FAILED.report, offer=Offer(diff, (took,))))


def test_a_summary_says_what_is_offered_and_not_that_it_was_done() -> None:
    shown = answers.show(offering(b"diff"), channel=CHANNEL, outlook=None, now=at(20), link=None)
    assert patches.OFFERED in whole(shown)
    said = whole(summaries.summary(offering(b"diff"), now=at(20)))
    assert patches.OFFERED in said
    assert (
        "Hunk 2 of `a.py` was put at line 40 instead of line 12, the one place where its lines stand." in said
    )
    assert patches.MENDED not in said
    assert "mended" not in summaries.summary_markdown(offering(b"diff"), now=at(20))


@pytest.mark.parametrize(
    ("row", "labels"),
    [
        (WAITING, ["Hold", "Cancel"]),
        (replace(WAITING, state=PatchState.READY), ["Hold", "Cancel"]),
        (replace(WAITING, hold=Hold("Ben", "", at(1))), ["Resume", "Cancel"]),
        (RUNNING, ["Stop"]),
        (replace(RUNNING, stop_by="Ben"), []),
        (LANDING, []),
        (LANDED, ["Revert"]),
        (FAILED, []),
        (offering(b"diff --git a/a b/a\n"), ["Apply the adjusted patch"]),
        (offering(b""), ["Replay"]),
        (
            replace(offering(b"x"), patch=replace(FAILED.patch, together=Together(("a", "b"), atomic=True))),
            [],
        ),
        (replace(FAILED, state=PatchState.STOPPED), ["Replay"]),
        (replace(FAILED, state=PatchState.QUARANTINED), ["Replay"]),
    ],
)
def test_a_card_offers_what_fits_its_state_and_nothing_else(row: StoredPatch, labels: list[str]) -> None:
    assert buttons_of(row) == labels


def test_a_stopped_patch_says_by_whom_and_how_far_it_had_come() -> None:
    by = fault(Reason.STOPPED_BY, by="Ben")
    steps = (StepTime(Step.FETCH, at(1), at(2)), StepTime(Step.GATES, at(2), at(3)))
    row = replace(FAILED, state=PatchState.STOPPED, report=Report("main", steps=steps, fault=by))
    expected = ":octagonal_sign: *Stopped, not landed.* Ben stopped it. It had come to: gates."
    assert status_of(row) == expected


KEPT = Obstacles(
    ahead=("a", "b"),
    hold=Hold("Ben", "wait for the release", at(1)),
    waits_for=(Dependency("x1", PatchState.RUNNING), Dependency("x2", PatchState.FAILED)),
    closed=(
        Closed("web", Closing.FROZEN, "", "feast", at(0), at(600)),
        Closed(None, Closing.HALTED, "Ada", "fire", at(2)),
    ),
    again_at=at(60),
)


def test_every_condition_that_is_not_met_is_named() -> None:
    outlook = Outlook(KEPT, None, fault(Reason.NO_FORECAST))
    assert waiting.obstacles(outlook, PLAIN, now=at(5)) == (
        "Held by Ben since 2026-01-01 12:00:01 UTC (wait for the release).",
        "Waits for `x1` to land, which is running.",
        (
            "Waits for `x2` to land, which did not land. "
            "It never will: cancel this one, bring that one in again and this one after it."
        ),
        "web is frozen by its settings since 2026-01-01 12:00:00 UTC until 2026-01-01 12:10:00 UTC (feast).",
        "The desk is halted by Ada since 2026-01-01 12:00:02 UTC (fire).",
        "It will be tried again at 2026-01-01 12:01:00 UTC.",
        "Number 3 in line, behind `a` and `b`.",
    )
    card = waiting.in_line(outlook, PLAIN, now=at(5))
    assert card.startswith("Held by Ben since")
    assert card.endswith("And 6 things more; `why` says all.")


def test_a_card_in_line_says_its_place_and_about_when() -> None:
    said = waiting.in_line(BEHIND_TWO, PLAIN, now=at(5))
    assert said == (
        "Waiting, number 3 in line (2026-01-01 12:00:05 UTC). It begins at about 2026-01-01 12:05:00 UTC."
    )


def test_where_the_time_has_come_and_somebody_is_before_it_that_is_what_it_waits_for() -> None:
    assert waiting.estimate(replace(BEHIND_TWO, wait=timedelta(0)), PLAIN) == (
        "It begins as soon as what is before it has ended."
    )


@pytest.mark.parametrize("deed", Deed)
def test_every_deed_is_a_sentence(deed: Deed) -> None:
    facts = {
        "domain": "web",
        "why": "release week",
        "patch": "k3v9x2ab",
        "priority": "high",
        "closing": "paused",
        "schedule": "primary",
    }
    said = waiting.deed(TellDeed(deed, "Ben", {**facts, "until": at(60).isoformat()}), PLAIN)
    assert said.startswith(("Ben ", "The freeze of web "))
    assert said.endswith(".")
    assert "?" not in said
