"""What is said when, and where it goes."""

from datetime import UTC, datetime, timedelta

from contracts.commands import Place, Source
from contracts.faults import Reason, fault
from contracts.gates import GateResult, Verdict
from contracts.notices import (
    EditCard,
    Mark,
    NewDelivery,
    PostCard,
    PostSummary,
    UploadLog,
    WriteSummary,
    coalesces,
    home_of,
    method_of,
    needs_card,
    on_accepted,
    on_finished,
    on_progress,
)
from contracts.outcome import Failed, Landed, Report, Retry
from contracts.settings import DomainSettings, Settings

SETTINGS = Settings(domains={"web": DomainSettings(channels=("C01WEB", "C02WEB")), "cli": DomainSettings()})
MESSAGE = Place("C02WEB", "5.5", "4.4")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_message_gets_its_card_in_its_own_thread() -> None:
    assert home_of(MESSAGE, Source.SLACK, "web", SETTINGS) == ("C02WEB", "4.4")


def test_a_patch_from_the_command_line_gets_its_card_in_the_domains_channel() -> None:
    assert home_of(Place(), Source.CLI, "web", SETTINGS) == ("C01WEB", None)


def test_a_dialogs_patch_gets_a_card_of_its_own_where_the_dialog_was_opened() -> None:
    assert home_of(Place("C02WEB"), Source.MODAL, "web", SETTINGS) == ("C02WEB", None)


def test_a_domain_without_a_channel_still_writes_its_summary() -> None:
    home = home_of(Place(), Source.CLI, "cli", SETTINGS)
    assert home == (None, None)
    assert on_accepted("p", 1, Place(), home) == ()
    assert on_progress("p", None) == ()
    told = on_finished("p", 1, Landed(Report("main")), Place(), home)
    assert told == (NewDelivery(WriteSummary("p"), None),)


def test_an_accepted_message_is_marked_and_gets_one_card() -> None:
    told = on_accepted("p", 7, MESSAGE, ("C02WEB", "4.4"))
    assert told == (NewDelivery(Mark(7), "C02WEB"), NewDelivery(PostCard("p"), "C02WEB", "4.4"))


def test_the_end_edits_the_card_posts_the_summary_and_the_logs_of_gates_that_did_not_pass() -> None:
    why = fault(Reason.GATE_FAILED, gate="tests", code=1)
    gates = (
        GateResult("style", Verdict.PASSED, True, output="fine"),
        GateResult("tests", Verdict.FAILED, True, why, output="no"),
        GateResult("slow", Verdict.SKIPPED, True, fault(Reason.GATE_EARLIER, gate="tests")),
        GateResult("mute", Verdict.FAILED, False, why),
    )
    told = on_finished("p", 7, Failed(Report("main", gates=gates, fault=why)), MESSAGE, ("C02WEB", "4.4"))
    assert [delivery.notice for delivery in told] == [
        EditCard("p"),
        PostSummary("p"),
        UploadLog("p", "tests"),
        WriteSummary("p"),
        Mark(7),
    ]


def test_a_retry_changes_only_the_card() -> None:
    outcome = Retry(Report("main"), NOON + timedelta(minutes=1))
    assert on_finished("p", 7, outcome, MESSAGE, ("C02WEB", "4.4")) == on_progress("p", "C02WEB")


def test_only_edits_and_marks_fall_together() -> None:
    assert coalesces(EditCard("p")) == coalesces(EditCard("p"))
    assert coalesces(EditCard("p")) != coalesces(EditCard("q"))
    assert coalesces(Mark(7)) != coalesces(Mark(8))
    assert coalesces(PostSummary("p")) is None


def test_what_follows_a_card_waits_for_it() -> None:
    assert (
        needs_card(PostSummary("p"))
        == needs_card(UploadLog("p", "tests"))
        == needs_card(EditCard("p"))
        == "p"
    )
    assert needs_card(PostCard("p")) is None
    assert needs_card(WriteSummary("p")) is None


def test_each_notice_is_paced_by_the_method_that_sends_it() -> None:
    assert method_of(EditCard("p")) == "chat.update"
    assert method_of(PostSummary("p")) == "chat.postMessage"
    assert method_of(WriteSummary("p")) is None
