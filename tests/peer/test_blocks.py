"""Slack's limits of blocks and views: the last thing that is taken, and the first that is not."""

from typing import Any

import pytest

from tests.peer.blocks import problems_in_message, problems_in_view

JsonObject = dict[str, Any]


def plain(text: str) -> JsonObject:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> JsonObject:
    return {"type": "mrkdwn", "text": text}


def button(**more: object) -> JsonObject:
    return {"type": "button", "action_id": "a", "text": plain("Go"), **more}


def select(options: int, **more: object) -> JsonObject:
    listed = [{"text": plain("x"), "value": str(number)} for number in range(options)]
    return {"type": "static_select", "action_id": "a", "placeholder": plain("?"), "options": listed, **more}


def actions(*elements: JsonObject) -> JsonObject:
    return {"type": "actions", "elements": list(elements)}


def preformatted(*elements: JsonObject) -> JsonObject:
    part = {"type": "rich_text_preformatted", "elements": list(elements)}
    return {"type": "rich_text", "elements": [part]}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "divider"},
        {"type": "section", "text": mrkdwn("x" * 3000), "accessory": button(), "block_id": "x" * 255},
        {"type": "section", "fields": [mrkdwn("x" * 2000)] * 10},
        {"type": "header", "text": plain("x" * 150)},
        {"type": "context", "elements": [mrkdwn("x")] * 10},
        actions(*(button(action_id=str(number)) for number in range(25))),
        actions(button(text=plain("x" * 75), value="x" * 2000, style="danger")),
        actions(select(100)),
        {"type": "image", "image_url": "http://x.test/x.png", "alt_text": "x"},
        {"type": "markdown", "text": "x" * 12_000},
        preformatted({"type": "text", "text": "x"}, {"type": "link", "url": "http://x.test"}),
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]},
        {
            "type": "input",
            "label": plain("x"),
            "element": {"type": "plain_text_input", "initial_value": "x" * 3000},
        },
    ],
)
def test_what_is_within_the_limits_is_taken(block: JsonObject) -> None:
    assert problems_in_message([block]) == []


@pytest.mark.parametrize(
    ("block", "pointer"),
    [
        ({"type": "carousel"}, "/blocks/0"),
        ({"type": "section"}, "/blocks/0"),
        ({"type": "section", "text": mrkdwn("")}, "/blocks/0/text/text"),
        ({"type": "section", "text": mrkdwn("x" * 3001)}, "/blocks/0/text/text"),
        ({"type": "section", "text": "x"}, "/blocks/0/text"),
        ({"type": "section", "text": mrkdwn("x"), "color": "red"}, "/blocks/0"),
        ({"type": "section", "text": mrkdwn("x"), "block_id": "x" * 256}, "/blocks/0/block_id"),
        ({"type": "section", "fields": [mrkdwn("x")] * 11}, "/blocks/0/fields"),
        ({"type": "section", "fields": [mrkdwn("x" * 2001)]}, "/blocks/0/fields/0/text"),
        ({"type": "header", "text": plain("x" * 151)}, "/blocks/0/text/text"),
        ({"type": "header", "text": mrkdwn("x")}, "/blocks/0/text"),
        ({"type": "context", "elements": []}, "/blocks/0/elements"),
        ({"type": "context", "elements": [mrkdwn("x")] * 11}, "/blocks/0/elements"),
        (actions(*(button(action_id=str(number)) for number in range(26))), "/blocks/0/elements"),
        (actions(button(), button()), "/blocks/0/elements"),
        (actions(button(text=plain("x" * 76))), "/blocks/0/elements/0/text/text"),
        (actions(button(text=mrkdwn("x"))), "/blocks/0/elements/0/text"),
        (actions(button(value="x" * 2001)), "/blocks/0/elements/0/value"),
        (actions(button(action_id="x" * 256)), "/blocks/0/elements/0/action_id"),
        (actions(button(style="green")), "/blocks/0/elements/0/style"),
        (actions(select(101)), "/blocks/0/elements/0/options"),
        (actions({"type": "static_select", "action_id": "a"}), "/blocks/0/elements/0"),
        (
            actions({"type": "overflow", "action_id": "a", "options": select(6)["options"]}),
            "/blocks/0/elements/0/options",
        ),
        ({"type": "image", "alt_text": "x"}, "/blocks/0"),
        ({"type": "markdown", "text": "x" * 12_001}, "/blocks/0/text"),
        (preformatted({"type": "text", "text": ""}), "/blocks/0/elements/0/elements/0/text"),
        (preformatted({"type": "bold", "text": "x"}), "/blocks/0/elements/0/elements/0"),
    ],
)
def test_what_is_beyond_them_is_refused_and_pointed_at(block: JsonObject, pointer: str) -> None:
    [problem] = problems_in_message([block])
    assert problem.endswith(f"[json-pointer:{pointer}]")


def test_blocks_are_counted_and_their_ids_are_unique() -> None:
    assert problems_in_message([{"type": "divider"}] * 50) == []
    assert len(problems_in_message([{"type": "divider"}] * 51)) == 1
    assert len(problems_in_message([{"type": "divider", "block_id": "x"}] * 2)) == 1
    assert len(problems_in_message({"type": "divider"})) == 1


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({}, None),
        ({"title": plain("x" * 25)}, "/view/title/text"),
        ({"private_metadata": "x" * 3001}, "/view/private_metadata"),
        ({"callback_id": "x" * 256}, "/view/callback_id"),
        ({"blocks": [{"type": "divider"}] * 101}, "/view/blocks"),
        ({"type": "popup"}, "/view"),
        ({"hash": "1"}, "/view"),
        (
            {"blocks": [{"type": "input", "label": plain("x"), "element": {"type": "plain_text_input"}}]},
            "/view",
        ),
    ],
)
def test_a_modal_has_limits_of_its_own(more: JsonObject, pointer: str | None) -> None:
    view = {"type": "modal", "title": plain("x" * 24), "blocks": [{"type": "divider"}] * 100, **more}
    problems = problems_in_view(view)
    assert [problem.endswith(f"[json-pointer:{pointer}]") for problem in problems] == (
        [True] if pointer else []
    )
