"""What a message asks for, once its files are there; and the payloads of the command line."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.render import dialogs
from bot.delivery.slack_answers import Rejected, RetryAfter, Success, Unknown
from bot.intake.cli import FromCli, encode
from bot.intake.events import Filled, Message, Sender
from bot.intake.forms import form_for, problems
from bot.intake.gather import command, dialog
from bot.intake.slack import why
from contracts.commands import (
    Actor,
    ActorKind,
    Help,
    Ignore,
    Part,
    PartKind,
    Place,
    Queue,
    Show,
    Status,
    Submit,
)
from contracts.faults import Fault, Reason, fault
from contracts.settings import DomainSettings, Settings, Submitters

SENDER = Sender(ActorKind.PERSON, "U0ADA")
ADA = Actor(ActorKind.PERSON, "U0ADA", "Ada", "ada@example.com")
HERE = Place("C0HERE", "1.1", "1.1")
FENCE = Part(PartKind.FENCE, b"a\n")
FILE = Part(PartKind.FILE, b"b\n", "b.diff", "diff")
LOST = fault(Reason.DOWNLOAD_FAILED, name="c.diff", detail="HTTP 404")


def message(*parts: Part, words: str | None = None, whole: str = "", **how: bool) -> Message:
    how = {"addressed": words is not None} | how
    return Message("key", SENDER, HERE, parts, (), words=words, whole=whole, **how)


def test_files_come_before_blocks_and_what_is_missing_is_said() -> None:
    assert command([FILE, LOST], message(FENCE)) == Submit((FILE, FENCE), addressed=False, unread=(LOST,))


def test_a_block_that_is_also_attached_is_one_block() -> None:
    same = Part(PartKind.FENCE, b"\nb\n\n")
    assert command([FILE], message(same, FENCE)) == Submit((FILE, FENCE), addressed=False)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("", Help()),
        ("help", Help()),
        ("STATUS", Status()),
        ("status web", Status("web")),
        ("queue", Queue()),
        ("show `4AB7KXYZ`", Show("4ab7kxyz")),
        ("submit", Help()),
        ("submit web", Help()),
    ],
)
def test_words_without_code_are_a_question(words: str, asked: object) -> None:
    assert command([], message(words=words)) == asked


def test_words_that_nobody_knows_are_a_fault() -> None:
    unknown = command([], message(words="staus"))
    assert isinstance(unknown, Fault)
    assert (unknown.reason, unknown.args["suggestion"]) == (Reason.UNKNOWN_COMMAND, "status")


def test_being_named_in_passing_asks_for_nothing() -> None:
    assert isinstance(command([], message(addressed=True)), Ignore)


def test_code_that_is_said_to_the_desk_is_a_submission_whatever_the_words() -> None:
    assert command([], message(FENCE, words="status")) == Submit((FENCE,), addressed=True)


def test_several_lines_for_the_desk_are_a_patch_without_its_fence() -> None:
    asked = command([], message(words="--- a/x\n+++ b/x", whole="<@U0DESK> --- a/x\n+++ b/x"))
    assert asked == Submit((Part(PartKind.WHOLE, b"--- a/x\n+++ b/x"),), addressed=True)


def test_a_picked_message_is_a_submission_even_without_any_code() -> None:
    asked = command([], message(words="lunch?", whole="lunch?", picked=True))
    assert asked == Submit((Part(PartKind.WHOLE, b"lunch?"),), addressed=True)


# The form ----------------------------------------------------------------------------------------
SETTINGS = Settings(
    domains={
        "web": DomainSettings(channels=("C0HERE",), aliases=("site",)),
        "api": DomainSettings(channels=("C0HERE",)),
        "ops": DomainSettings(
            channels=("C0HERE", "C0OPS"), submitters=Submitters(users=frozenset({"U0BEN"}))
        ),
    }
)


def filled(body: str, domain: str | None = "web") -> Filled:
    return Filled("key", SENDER, Place("C0HERE"), domain, "Title", body)


def options(view: dict[str, object]) -> list[str]:
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    return [each["value"] for each in blocks[0]["element"]["options"]]


def test_the_form_offers_the_domains_that_somebody_may_submit_to() -> None:
    assert options(form_for(ADA, "C0HERE", None, SETTINGS)) == ["web", "api"]


def test_the_form_has_the_domain_that_was_named_chosen_also_by_its_alias() -> None:
    view = form_for(ADA, "C0HERE", "SITE", SETTINGS)
    assert view["blocks"][0]["element"]["initial_option"]["value"] == "web"
    assert "initial_option" not in form_for(ADA, "C0HERE", "nothing", SETTINGS)["blocks"][0]["element"]


@pytest.mark.parametrize("channel", ["C0OPS", "C0NOWHERE", "D0ADA"])
def test_where_there_is_no_domain_for_somebody_the_form_says_why(channel: str) -> None:
    view = form_for(ADA, channel, None, SETTINGS)
    assert "submit" not in view
    assert view["callback_id"] == dialogs.CALLBACK


def test_what_is_wrong_with_what_was_entered_is_known_before_it_is_recorded() -> None:
    assert (
        problems(filled('{"role": "command_patch", "mutations": [{"op": "delete", "path": "a"}]}'), SETTINGS)
        == ()
    )
    [wrong] = problems(filled("nothing of a patch"), SETTINGS)
    assert wrong.reason is Reason.NO_PATCH_FOUND
    [wrong, *_] = problems(filled('{"role": "command_patch", "mutations": ['), SETTINGS)
    assert (wrong.reason, wrong.line) == (Reason.BAD_JSON, 1)


def test_what_was_entered_is_one_part_for_the_chosen_domain() -> None:
    part = Part(PartKind.WHOLE, "é\n".encode())
    assert dialog(filled("é\n")) == Submit((part,), addressed=True, domain="web", title="Title")


def test_every_answer_of_slack_that_is_not_the_form_has_a_reason() -> None:
    replies = (
        Rejected("views.open", "expired_trigger_id"),
        RetryAfter(timedelta(), "busy"),
        Unknown("lost"),
        Success({}),
    )
    assert [why(reply) for reply in replies] == [
        "expired_trigger_id",
        "busy",
        "lost",
        "an answer without what was asked for",
    ]


# The command line --------------------------------------------------------------------------------
@given(st.binary(), st.none() | st.sampled_from(["fix.diff", "a.json", "odd"]), st.none() | st.text())
async def test_what_the_command_line_leaves_is_read_back_as_it_was(
    body: bytes, name: str | None, title: str | None
) -> None:
    title = title.encode("utf-8", "replace").decode() if title else title
    payload = encode(body, name=name, domain="web", title=title, login="ann", email="ann@host")
    asked = await FromCli()(payload)
    assert FromCli().place(payload) == asked.place == Place()
    assert asked.actor == Actor(ActorKind.OPERATOR, "ann", "ann", "ann@host")
    assert isinstance(asked.command, Submit)
    [part] = asked.command.parts
    assert (part.kind, part.body, part.name) == (PartKind.WHOLE, body, name)
    assert part.language == {"fix.diff": "diff", "a.json": "json"}.get(name or "", "")
    assert (asked.command.domain, asked.command.title, asked.command.addressed) == ("web", title, True)
