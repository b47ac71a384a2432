"""Whatever the rows hold: Slack takes the message, and nothing in it pings or links."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.delivery.render import answers, cards, dialogs, summaries
from bot.delivery.render.blocks import Message, message, section, stack
from bot.delivery.render.limits import (
    MOST_BLOCKS,
    MOST_TEXT,
    OverLimitError,
    check_message,
    check_view,
    length,
)
from contracts.faults import Fault, Rejection
from contracts.notices import TellDeed, Twin
from contracts.outlook import Outlook
from contracts.records import LaneLine, PatchLine, StoredPatch
from tests.delivery.rows import (
    CHANNEL,
    DEEDS,
    HOSTILE,
    LANES,
    LINES,
    OUTLOOKS,
    REJECTIONS,
    ROWS,
    at,
    faults,
)
from tests.peer.blocks import problems_in_message, problems_in_view

thorough = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


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


def check(said: Message) -> None:
    """Ours, an independent check, and that nothing pings."""
    check_message(said.text, said.blocks)
    assert problems_in_message(list(said.blocks)) == []
    for text in [said.text, *texts(said.blocks)]:
        ours = re.sub(r"<(!date\^|#[CGD]|@[UW]|https://x\.slack\.com/)[^<>]*>", "", text)
        assert not re.search(r"[<>]", ours)
        text.encode()


# Hostile rows ----------------------------------------------------------------------------------
@thorough
@given(row=ROWS, outlook=OUTLOOKS)
def test_slack_takes_every_card(row: StoredPatch, outlook: Outlook | None) -> None:
    link = "https://x.slack.com/archives/C1/p11"
    check(cards.card(row, channel=CHANNEL, outlook=outlook, now=at(5), link=link))


@thorough
@given(row=ROWS)
def test_slack_takes_every_summary(row: StoredPatch) -> None:
    check(summaries.summary(row, now=at(20)))


@thorough
@given(row=ROWS, outlook=OUTLOOKS)
def test_slack_takes_every_patch_that_is_shown(row: StoredPatch, outlook: Outlook | None) -> None:
    check(answers.show(row, channel=CHANNEL, outlook=outlook, now=at(20), link=None))
    check(answers.why(row, outlook=outlook, now=at(20)))


@thorough
@given(told=DEEDS)
def test_slack_takes_everything_that_is_told_of_a_deed(told: TellDeed) -> None:
    check(cards.deed(told))


@thorough
@given(row=ROWS)
def test_every_summary_can_be_written_as_a_file(row: StoredPatch) -> None:
    text = summaries.summary_markdown(row, now=at(20))
    assert text.startswith("# ")
    assert text.endswith("\n")
    text.encode()


@thorough
@given(refused=REJECTIONS)
def test_slack_takes_every_rejection(refused: tuple[Rejection, ...]) -> None:
    said = answers.rejections(refused)
    check(said)
    assert sum(length(text) for text in texts(said.blocks)) < 13_200


@thorough
@given(lanes=LANES, waiting=LINES, recent=LINES, left=st.integers(0, 10**6))
def test_slack_takes_every_list(
    lanes: tuple[LaneLine, ...], waiting: tuple[PatchLine, ...], recent: tuple[PatchLine, ...], left: int
) -> None:
    check(answers.status(lanes))
    check(answers.queue(waiting, left=left))
    view = dialogs.home_view(lanes, waiting, recent, now=at(0))
    check_view(view)
    assert problems_in_view(view) == []


@given(first=HOSTILE, row=ROWS, wrong=faults())
def test_slack_takes_every_short_answer(first: str, row: StoredPatch, wrong: Fault) -> None:
    check(answers.twin(Twin(first, 3), row, link="https://x.slack.com/archives/C1/p11"))
    check(answers.twin(Twin(first, 3, of_set=True), row, link=None))
    check(answers.fault(wrong))
    check(answers.operators(wrong))
    check(answers.help_text())


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", fullmatch=True)


@given(domains=st.lists(names, min_size=1, max_size=150, unique=True), data=st.data())
def test_slack_takes_every_form(domains: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.none() | st.sampled_from(domains))
    view = dialogs.submit_view(domains, domain=chosen, metadata="C0PATCHES")
    check_view(view)
    assert problems_in_view(view) == []
    menu = view["blocks"][0]["element"]
    if chosen is not None:
        assert menu["initial_option"]["value"] == chosen
    if len(domains) > 100:
        assert f"{len(domains) - 100} more" in view["blocks"][0]["hint"]["text"]


@given(wrong=faults())
def test_slack_takes_the_forms_that_are_not_ready_or_not_for_you(wrong: Fault) -> None:
    for view in (dialogs.loading_view(), dialogs.notice_view(wrong)):
        check_view(view)
        assert problems_in_view(view) == []


# Cutting ---------------------------------------------------------------------------------------
@given(lines=st.lists(st.text(alphabet="ab\U0001f600", max_size=60), max_size=80), most=st.integers(40, 300))
def test_a_stack_keeps_whole_lines_and_counts_the_rest(lines: list[str], most: int) -> None:
    text = stack(lines, most)
    assert length(text) <= most
    if text != "\n".join(lines):
        *kept, last = text.split("\n")
        assert kept == lines[: len(kept)]
        noun = "line" if len(lines) - len(kept) == 1 else "lines"
        assert last == f"… and {len(lines) - len(kept)} more {noun}"


def test_a_message_with_too_many_blocks_says_how_many_are_missing() -> None:
    said = message(["x"], [block for _ in range(60) for block in section("x")])
    check(said)
    assert len(said.blocks) == MOST_BLOCKS
    assert texts(said.blocks)[-1] == "… and 11 more parts"


@pytest.mark.parametrize(
    "blocks",
    [
        section("x") * 51,
        ({"type": "section", "text": {"type": "plain_text", "text": "x" * 3001}},),
        ({"type": "section", "text": {"type": "plain_text", "text": ""}},),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "x"}},),
        ({"type": "context", "elements": []},),
        ({"type": "header", "text": {"type": "plain_text", "text": "x"}},),
        ({"type": "actions", "elements": []},),
    ],
    ids=["blocks", "long", "empty", "not-verbatim", "no-elements", "header", "unknown"],
)
def test_what_slack_would_refuse_is_not_sent(blocks: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(OverLimitError):
        check_message("x", blocks)


@pytest.mark.parametrize("text", ["", "x" * (MOST_TEXT + 1), "\U0001f600" * (MOST_TEXT // 2 + 1)])
def test_a_text_that_slack_would_refuse_is_not_sent(text: str) -> None:
    with pytest.raises(OverLimitError):
        check_message(text, ())


def _broken_view(**changes: Any) -> dict[str, Any]:
    view = dialogs.submit_view(["web"])
    field = view["blocks"][0]
    return {**view, "blocks": [{**field, **changes.pop("field", {})}], **changes}


@pytest.mark.parametrize(
    "view",
    [
        _broken_view(title={"type": "plain_text", "text": "x" * 25}),
        _broken_view(private_metadata="x" * 3001),
        _broken_view(callback_id="x" * 256),
        _broken_view(blocks=list(section("x")) * 101),
        _broken_view(field={"label": {"type": "plain_text", "text": "x" * 2001}}),
        _broken_view(field={"hint": {"type": "plain_text", "text": ""}}),
        _broken_view(field={"block_id": ""}),
        _broken_view(field={"element": {"type": "static_select", "options": []}}),
        _broken_view(field={"element": {"type": "plain_text_input", "initial_value": "x" * 3001}}),
        _broken_view(
            field={
                "element": {
                    "type": "static_select",
                    "options": [{"text": {"type": "plain_text", "text": "x" * 76}, "value": "x"}],
                    "initial_option": {},
                }
            }
        ),
        _broken_view(
            field={
                "element": {
                    "type": "plain_text_input",
                    "placeholder": {"type": "plain_text", "text": "x" * 151},
                }
            }
        ),
    ],
)
def test_a_view_that_slack_would_refuse_is_not_sent(view: dict[str, Any]) -> None:
    with pytest.raises(OverLimitError):
        check_view(view)
