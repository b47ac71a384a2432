"""Block Kit limits, as Slack publishes them: which blocks and views would be refused, where, and why."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.peer.shapes import (
    Check,
    Field,
    Shape,
    an_object,
    anything,
    array,
    at,
    choice,
    plain,
    string,
    text,
    typed,
)


def problems_in_message(blocks: object) -> list[str]:
    """What is wrong with the blocks of a message; empty: Slack takes them."""
    return list(_blocks(50)(blocks, "/blocks"))


def problems_in_view(view: Mapping[str, Any]) -> list[str]:
    """What is wrong with a modal or an App Home; empty: Slack takes it."""
    problems = list(typed(_VIEWS)(view, "/view"))
    blocks = view.get("blocks")
    has_input = isinstance(blocks, list) and any(
        isinstance(block, dict) and block.get("type") == "input" for block in blocks
    )
    if view.get("type") == "modal" and has_input and "submit" not in view:
        problems.append(at("missing required field: submit", "/view"))
    return problems


def tables_in(blocks: Sequence[Mapping[str, Any]]) -> int:
    """How many tables; a message may have one."""
    return sum(block.get("type") == "table" for block in blocks)


def _blocks(most: int) -> Check:
    # Built at the call: the table of blocks stands below.
    return array(most, typed(_BLOCKS), least=0, unique="block_id")


def _required(check: Check) -> Field:
    return Field(check, required=True)


_ANY = Field(anything)
_ID = Field(string(255))
_PLACEHOLDER = Field(plain(150))

_CONFIRM = Shape(
    {
        "title": _required(plain(100)),
        "text": _required(text(300)),
        "confirm": _required(plain(30)),
        "deny": _required(plain(30)),
        "style": Field(choice("primary", "danger")),
    }
)
_OPTION = an_object(
    Shape(
        {
            "text": _required(text(75)),
            "value": _required(string(150)),
            "description": Field(text(75)),
            "url": Field(string(3000)),
        }
    )
)
_OPTION_GROUP = an_object(Shape({"label": _required(plain(75)), "options": _required(array(100, _OPTION))}))
_OPTIONS = {"options": Field(array(100, _OPTION)), "option_groups": Field(array(100, _OPTION_GROUP))}
_IMAGE = {
    "image_url": Field(string(3000)),
    "slack_file": _ANY,
    "alt_text": _required(string(2000)),
}
_IMAGE_SOURCE = ("image_url", "slack_file")


def _element(any_of: tuple[str, ...] = (), /, **fields: Field) -> Shape:
    about = {"action_id": _ID, "confirm": Field(an_object(_CONFIRM)), "focus_on_load": _ANY}
    return Shape({**about, **fields}, any_of)


def _select(any_of: tuple[str, ...] = (), /, **fields: Field) -> Shape:
    return _element(any_of, placeholder=_PLACEHOLDER, max_selected_items=_ANY, **fields)


def _list_of_options(most: int) -> Shape:
    options = array(most, _OPTION)
    return _element(options=_required(options), initial_option=Field(_OPTION), initial_options=Field(options))


_ELEMENTS = {
    "button": _element(
        text=_required(plain(75)),
        value=Field(string(2000)),
        url=Field(string(3000)),
        style=Field(choice("primary", "danger")),
        accessibility_label=Field(string(75)),
    ),
    "overflow": _element(options=_required(array(5, _OPTION))),
    "checkboxes": _list_of_options(10),
    "radio_buttons": _list_of_options(10),
    "static_select": _select(("options", "option_groups"), **_OPTIONS, initial_option=Field(_OPTION)),
    "multi_static_select": _select(
        ("options", "option_groups"), **_OPTIONS, initial_options=Field(array(100, _OPTION))
    ),
    "users_select": _select(initial_user=Field(string(255))),
    "multi_users_select": _select(initial_users=_ANY),
    "channels_select": _select(initial_channel=Field(string(255)), response_url_enabled=_ANY),
    "conversations_select": _select(
        initial_conversation=Field(string(255)),
        default_to_current_conversation=_ANY,
        response_url_enabled=_ANY,
        filter=_ANY,
    ),
    "datepicker": _select(initial_date=Field(string(10))),
    "timepicker": _select(initial_time=Field(string(5)), timezone=_ANY),
}
_INPUTS = {
    **_ELEMENTS,
    "plain_text_input": _element(
        placeholder=_PLACEHOLDER,
        initial_value=Field(string(3000, least=0)),
        multiline=_ANY,
        min_length=_ANY,
        max_length=_ANY,
        dispatch_action_config=_ANY,
    ),
    "file_input": _element(filetypes=_ANY, max_files=_ANY),
}


def _inline(**fields: Field) -> Shape:
    return Shape({**fields, "style": _ANY})


_INLINE = {
    "text": _inline(text=_required(string(40_000))),
    "link": _inline(url=_required(string(3000)), text=Field(string(40_000)), unsafe=_ANY),
    "emoji": _inline(name=_required(string(255)), unicode=_ANY, skin_tone=_ANY),
    "user": _inline(user_id=_required(string(255))),
    "usergroup": _inline(usergroup_id=_required(string(255))),
    "channel": _inline(channel_id=_required(string(255))),
    "broadcast": _inline(range=_required(choice("here", "channel", "everyone"))),
    "date": _inline(timestamp=_required(anything), format=_required(string(255)), fallback=_ANY, url=_ANY),
}
_SECTION = Shape({"elements": _required(array(1000, typed(_INLINE), least=0))})
_RICH_PARTS = {
    "rich_text_section": _SECTION,
    "rich_text_quote": Shape({**_SECTION.fields, "border": _ANY}),
    "rich_text_preformatted": Shape({**_SECTION.fields, "border": _ANY, "language": _ANY}),
    "rich_text_list": Shape(
        {
            "elements": _required(array(1000, typed({"rich_text_section": _SECTION}))),
            "style": _required(choice("bullet", "ordered")),
            "indent": _ANY,
            "offset": _ANY,
            "border": _ANY,
        }
    ),
}
_RICH_TEXT = {"elements": _required(array(1000, typed(_RICH_PARTS)))}
_SMALL_TEXT = Shape({"text": _required(string(3000)), "emoji": _ANY, "verbatim": _ANY})
_IN_CONTEXT = {"plain_text": _SMALL_TEXT, "mrkdwn": _SMALL_TEXT, "image": Shape(_IMAGE, _IMAGE_SOURCE)}
_CELLS = {
    "raw_text": Shape({"text": _required(string(10_000))}),
    "rich_text": Shape({**_RICH_TEXT, "block_id": _ID}),
}


def _block(any_of: tuple[str, ...] = (), /, **fields: Field) -> Shape:
    return Shape({"block_id": _ID, **fields}, any_of)


_BLOCKS = {
    "section": _block(
        ("text", "fields"),
        text=Field(text(3000)),
        fields=Field(array(10, text(2000))),
        accessory=Field(typed({**_ELEMENTS, "image": Shape(_IMAGE, _IMAGE_SOURCE)})),
        expand=_ANY,
    ),
    "header": _block(text=_required(plain(150)), level=_ANY),
    "divider": _block(),
    "context": _block(elements=_required(array(10, typed(_IN_CONTEXT)))),
    "actions": _block(elements=_required(array(25, typed(_ELEMENTS), unique="action_id"))),
    "input": _block(
        label=_required(plain(2000)),
        element=_required(typed(_INPUTS)),
        hint=Field(plain(2000)),
        optional=_ANY,
        dispatch_action=_ANY,
    ),
    "image": _block(_IMAGE_SOURCE, **_IMAGE, title=Field(plain(2000))),
    "markdown": _block(text=_required(string(12_000))),
    "rich_text": _block(**_RICH_TEXT),
    "table": _block(rows=_required(array(100, array(20, typed(_CELLS)))), column_settings=_ANY),
}


def _view(**fields: Field) -> Shape:
    about = {
        "blocks": _required(_blocks(100)),
        "private_metadata": Field(string(3000, least=0)),
        "callback_id": Field(string(255, least=0)),
        "external_id": Field(string(255, least=0)),
    }
    return Shape({**about, **fields})


_VIEWS = {
    "modal": _view(
        title=_required(plain(24)),
        submit=Field(plain(24)),
        close=Field(plain(24)),
        clear_on_close=_ANY,
        notify_on_close=_ANY,
        submit_disabled=_ANY,
    ),
    "home": _view(),
}
