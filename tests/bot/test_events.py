"""What a Slack payload means."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.render import dialogs
from bot.intake.events import (
    SHORTCUT,
    Attachment,
    Filled,
    Message,
    Ourselves,
    Sender,
    read,
    unescape,
)
from contracts.commands import ActorKind, Ignore, Place
from tests.peer.typed_text import as_slack_sends, escaped

Json = dict[str, Any]

US = Ourselves(user="U0PATCHDESK", bot="B0PATCHDESK")
DIFF = "--- a/x.txt\n+++ b/x.txt\n@@ -1 +1 @@\n-a <b> && c\n+a <b> || c\n"


def written(text: str, **fields: Any) -> Json:
    """A message as Slack hands it out, from what a person typed."""
    typed = as_slack_sends(text, "b1")
    return {
        "type": "message",
        "user": "U0ADA",
        "ts": "1700000000.000100",
        "text": typed.text,
        "blocks": typed.blocks,
    } | fields


def event(said: Json, **fields: Any) -> Json:
    inner = (
        {"channel": "C0PATCHES", "channel_type": "channel", "event_ts": "1700000000.000100"} | said | fields
    )
    return {"type": "event_callback", "event_id": "Ev1", "team_id": "T1", "event": inner}


def changed(before: Json, after: Json) -> Json:
    inner = {"type": "message", "subtype": "message_changed", "hidden": True, "event_ts": "1700000009.000100"}
    return event(inner, message=after, previous_message=before)


def heard(payload: Json) -> Message:
    result = read(payload, US)
    assert isinstance(result, Message), result
    return result


def ignored(payload: Json) -> str:
    result = read(payload, US)
    assert isinstance(result, Ignore), result
    return result.why


# Who and where -----------------------------------------------------------------------------------
def test_a_message_is_from_its_author_and_starts_its_own_thread() -> None:
    message = heard(event(written(f"```\n{DIFF}```")))
    assert message.sender == Sender(ActorKind.PERSON, "U0ADA")
    assert message.place == Place("C0PATCHES", "1700000000.000100", "1700000000.000100")
    assert not message.addressed


def test_a_reply_belongs_to_the_thread_it_is_in() -> None:
    message = heard(event(written(f"```\n{DIFF}```", thread_ts="1600000000.000100")))
    assert message.place == Place("C0PATCHES", "1700000000.000100", "1600000000.000100")


def test_another_app_is_known_by_its_bot_id_even_where_it_has_a_user() -> None:
    posted = written(f"```\n{DIFF}```", bot_id="B0AGENT", user="U0AGENT", bot_profile={"name": "agent"})
    assert heard(event(posted)).sender == Sender(ActorKind.BOT, "B0AGENT", "agent")


@pytest.mark.parametrize(
    "ours",
    [{"bot_id": "B0PATCHDESK"}, {"user": "U0PATCHDESK"}, {"bot_id": "B0PATCHDESK", "user": "U0PATCHDESK"}],
)
def test_our_own_posts_and_our_own_edits_are_ignored(ours: Json) -> None:
    assert ignored(event(written(f"```\n{DIFF}```") | ours)) == "our own message"
    assert ignored(changed(written("before") | ours, written(f"```\n{DIFF}```") | ours)) == "our own message"


@pytest.mark.parametrize(
    "subtype", ["channel_join", "message_deleted", "message_replied", "channel_topic", "tombstone"]
)
def test_what_slack_reports_by_itself_is_ignored(subtype: str) -> None:
    assert ignored(event(written(f"```\n{DIFF}```", subtype=subtype)))


def test_chatter_without_code_is_ignored() -> None:
    assert ignored(event(written("lunch? main.py can wait"))) == "chatter without code"


# What was typed ----------------------------------------------------------------------------------
def test_a_block_comes_out_as_it_was_typed_from_rich_text() -> None:
    [part] = heard(event(written(f"please\n```\n{DIFF}```\nthanks"))).parts
    assert part.body.decode() == DIFF


def test_a_block_comes_out_as_it_was_typed_from_text_alone() -> None:
    message = written(f"please\n```\n{DIFF}```\nthanks")
    [part] = heard(event({**message, "blocks": []})).parts
    assert part.body.decode() == DIFF


def test_a_block_that_is_in_the_blocks_and_in_the_text_is_one_block() -> None:
    assert len(heard(event(written(f"```\n{DIFF}```\nand\n```\n{DIFF}2```"))).parts) == 2


def test_addresses_and_names_that_slack_made_links_of_come_out_as_typed() -> None:
    typed = 'fetch("https://example.com/a?b=1&c=2") # see notes.md'
    with_blocks = event(written(f"```\n{typed}\n```"))
    [from_blocks] = heard(with_blocks).parts
    [from_text] = heard(event({**with_blocks["event"], "blocks": None})).parts
    assert from_blocks.body.decode() == from_text.body.decode() == f"{typed}\n"


def test_colours_emoji_and_people_inside_a_block_come_out_as_text() -> None:
    pieces = [
        {"type": "text", "text": "a "},
        {"type": "color", "value": "#ff0000"},
        {"type": "text", "text": " "},
        {"type": "emoji", "name": "tada"},
        {"type": "user", "user_id": "U0BEN"},
    ]
    blocks = [{"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": pieces}]}]
    [part] = heard(event(written("x") | {"blocks": blocks})).parts
    assert part.body == b"a #ff0000 :tada:<@U0BEN>\n"


def test_a_block_knows_the_line_it_begins_on() -> None:
    parts = heard(event(written("one\ntwo\n```\nthree\nfour\n```\nfive\n```\nsix\n```"))).parts
    assert [part.first_line for part in parts] == [3, 6]


@given(st.text())
def test_what_slack_escapes_is_unescaped_to_the_same_text(text: str) -> None:
    assert unescape(escaped(text)) == text


def test_references_become_what_was_typed_and_mentions_stay() -> None:
    text = "<http://main.py|main.py> <https://x.org/?a=1&amp;b=2> <mailto:a@b.org|a@b.org>"
    assert unescape(text) == "main.py https://x.org/?a=1&b=2 a@b.org"
    assert unescape("<@U1> <#C1|ops> <!here> &amp;lt;") == "<@U1> <#C1|ops> <!here> &lt;"


def test_half_of_a_surrogate_pair_does_not_stop_a_patch() -> None:
    [part] = heard(event(written("```\na\ud83d\n```"))).parts
    assert part.body == b"a?\n"


# Attachments -------------------------------------------------------------------------------------
def test_attached_files_that_may_be_patches_are_listed_and_others_are_not() -> None:
    files = [
        {
            "name": "fix.PATCH",
            "url_private": "https://files.slack.com/p",
            "url_private_download": "https://files.slack.com/d",
        },
        {"name": "photo.png", "url_private": "https://files.slack.com/q"},
        {"title": "notes.txt", "url_private": "https://files.slack.com/r"},
        {"name": "gone.diff", "mode": "tombstone"},
        "no file at all",
    ]
    message = heard(event(written("", subtype="file_share", files=files)))
    assert message.attachments == (
        Attachment("fix.PATCH", "https://files.slack.com/d"),
        Attachment("notes.txt", "https://files.slack.com/r"),
        Attachment("gone.diff", ""),
    )


def test_a_snippet_is_what_its_type_says() -> None:
    about = {"mode": "snippet", "url_private": "https://files.slack.com/s"}
    files = [
        about | {"name": "Untitled", "filetype": "diff"},
        about | {"name": "fix.patch", "filetype": "text"},
        about | {"name": "-", "filetype": "python"},
        about | {"name": "Untitled", "filetype": ["diff"]},
    ]
    names = [each.name for each in heard(event(written("", files=files))).attachments]
    assert names == ["Untitled.diff", "fix.patch"]


# Spoken to ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("<@U0PATCHDESK> status", "status"),
        ("  <@U0PATCHDESK>: queue web ", "queue web"),
        ("<@U0PATCHDESK>", ""),
        ("<@U0PATCHDESK> show a&b", "show a&b"),
    ],
)
def test_words_after_a_mention_are_for_the_desk(typed: str, words: str) -> None:
    message = heard(event(written(typed)))
    assert message.addressed
    assert message.words == words


def test_a_mention_in_passing_addresses_the_desk_without_words() -> None:
    message = heard(event(written("thanks <@U0PATCHDESK>!")))
    assert message.addressed
    assert message.words is None


def test_a_mention_of_somebody_else_is_none() -> None:
    assert ignored(event(written("<@U0BEN> status")))


def test_everything_in_a_direct_message_is_for_the_desk() -> None:
    message = heard(event(written("queue"), channel="D0ADA", channel_type="im"))
    assert message.addressed
    assert message.words == "queue"


# Once --------------------------------------------------------------------------------------------
def test_a_mention_that_slack_reports_twice_has_one_key() -> None:
    said = written("<@U0PATCHDESK> status")
    twice = event(said | {"type": "app_mention"}) | {"event_id": "Ev2"}
    assert heard(event(said)).key == heard(twice).key


def test_an_edit_has_a_key_of_its_own_and_its_mention_the_same() -> None:
    before = written("<@U0PATCHDESK> staus")
    after = written("<@U0PATCHDESK> status", edited={"user": "U0ADA", "ts": "1700000009.000000"})
    edit, mention = heard(changed(before, after)), heard(event(after | {"type": "app_mention"}))
    assert edit.key == mention.key != heard(event(before)).key
    assert edit.edited


# Edits -------------------------------------------------------------------------------------------
def test_an_edited_message_is_read_anew_at_its_own_place() -> None:
    before, after = written("```\nbroken\n```"), written(f"```\n{DIFF}```", thread_ts="1600000000.000100")
    message = heard(changed(before, after))
    assert message.edited
    assert message.place == Place("C0PATCHES", "1700000000.000100", "1600000000.000100")
    assert [part.body.decode() for part in message.parts] == [DIFF]


def test_an_unfurled_link_is_no_edit() -> None:
    before = written(f"see https://example.com ```{DIFF}```")
    assert (
        ignored(changed(before, before | {"attachments": [{"title": "Example"}]})) == "the text is as it was"
    )


def test_a_message_that_was_deleted_under_its_edit_is_ignored() -> None:
    assert ignored(changed(written("a"), written("b", subtype="tombstone")))


def test_what_is_no_event_no_shortcut_and_no_form_is_ignored() -> None:
    assert ignored({"type": "block_actions"})
    assert ignored(event({"type": "reaction_added", "user": "U0ADA"}))
    assert ignored(event(written("```\nx\n```", user=None)))


# The shortcut and the dialog ---------------------------------------------------------------------
def picked(message: Json, **fields: Any) -> Json:
    return {
        "type": "message_action",
        "callback_id": SHORTCUT,
        "trigger_id": "1.2.abc",
        "user": {"id": "U0BEN"},
        "channel": {"id": "C0PATCHES", "name": "patches"},
        "message": message,
    } | fields


def test_a_picked_message_is_submitted_by_who_picked_it_in_its_thread() -> None:
    message = heard(picked(written(f"```\n{DIFF}```")))
    assert message.sender == Sender(ActorKind.PERSON, "U0BEN")
    assert message.place == Place("C0PATCHES", "1700000000.000100", "1700000000.000100")
    assert message.addressed
    assert message.picked


def test_picking_a_message_again_is_news_and_a_repeated_envelope_is_not() -> None:
    message = written(f"```\n{DIFF}```")
    first, again = heard(picked(message)), heard(picked(message, trigger_id="3.4.def"))
    assert first.key == heard(picked(message)).key != again.key


def test_another_shortcut_is_ignored() -> None:
    assert ignored(picked(written("x"), callback_id="else"))


def filled(**view: Any) -> Json:
    values = {
        dialogs.DOMAIN: {dialogs.DOMAIN: {"type": "static_select", "selected_option": {"value": "web"}}},
        dialogs.TITLE: {dialogs.TITLE: {"type": "plain_text_input", "value": "  Fix it "}},
        dialogs.PATCH: {dialogs.PATCH: {"type": "plain_text_input", "value": DIFF}},
    }
    about = {"id": "V1", "hash": "1.a", "callback_id": dialogs.CALLBACK, "private_metadata": "C0PATCHES"}
    return {
        "type": "view_submission",
        "user": {"id": "U0ADA"},
        "view": about | {"state": {"values": values}} | view,
    }


def test_a_filled_form_says_what_was_entered_and_where_it_was_opened() -> None:
    assert read(filled(), US) == Filled(
        key=f"{dialogs.CALLBACK}/V1/1.a",
        sender=Sender(ActorKind.PERSON, "U0ADA"),
        place=Place("C0PATCHES"),
        domain="web",
        title="Fix it",
        body=DIFF,
    )


def test_a_form_without_its_optional_fields_says_nothing_of_them() -> None:
    result = read(filled(state={"values": {dialogs.TITLE: {dialogs.TITLE: {"value": None}}}}), US)
    assert isinstance(result, Filled)
    assert (result.domain, result.title, result.body) == (None, None, "")


def test_another_form_is_ignored() -> None:
    assert ignored(filled(callback_id="else"))


# Hostile -----------------------------------------------------------------------------------------
_names = ["type", "subtype", "user", "bot_id", "bot_profile", "text", "ts", "thread_ts", "channel", "files"]
_names += ["name", "blocks", "elements", "message", "previous_message", "edited", "view", "state", "values"]
_keys = st.sampled_from([*_names, "domain", "id", "event", "language", "private_metadata", "url_private"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=12,
)
_types = st.sampled_from(
    ["event_callback", "message_action", "view_submission", "message", "app_mention", "rich_text"]
)


@given(
    st.dictionaries(_keys, anything | _types, max_size=10),
    _types,
    st.dictionaries(_keys, anything | _types, max_size=10),
)
def test_no_payload_is_an_error(payload: Json, kind: str, inner: Json) -> None:
    outer = payload | {
        "type": kind,
        "event": inner | {"type": "message", "channel": "C1"},
        "callback_id": SHORTCUT,
    }
    assert isinstance(read(outer, US), Message | Filled | Ignore)
