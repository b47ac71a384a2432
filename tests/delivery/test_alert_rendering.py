"""Alerts as people see them: what a card says and offers, and that nothing hostile gets through."""

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.delivery.alerting import document
from bot.delivery.render import alerts as render
from bot.delivery.render.blocks import Message
from bot.delivery.render.limits import OverLimitError, check_message, check_view
from bot.delivery.wording import alerts as wording
from bot.delivery.wording.ink import MRKDWN, PLAIN
from contracts.alerts.escalation import Way
from contracts.alerts.model import Entry, EntryKind, Group, GroupState, Matcher, Operator, Silence
from contracts.alerts.oncall import Shift
from contracts.commands import Place
from contracts.notices import Confirm, Done
from tests.contracts.test_secrets import TOKENS
from tests.delivery.alert_rows import (
    ACKNOWLEDGED,
    ALERT,
    ENTRIES,
    FIRING,
    GROUPS,
    HIDDEN,
    NAMES,
    RESOLVED,
    SHOWN,
    SNOOZED,
    entry,
    shown,
)
from tests.delivery.rows import HOSTILE, NOON, at
from tests.peer.blocks import problems_in_message, problems_in_view

thorough = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def said(message: Message) -> str:
    """All that is read of it, without its buttons."""
    parts = [message.text]
    for block in message.blocks:
        if block["type"] != "actions":
            parts += [each["text"] for each in ([block["text"]] if "text" in block else block["elements"])]
    return "\n".join(parts)


def check(message: Message, *, mentions: bool = False) -> None:
    check_message(message.text, message.blocks)
    assert problems_in_message(list(message.blocks)) == []
    ours = r"<(!date\^|#[CGD]|https?://)[^<>]*>" + (
        r"|<(@[UW]|!subteam\^S)[A-Z0-9]+>|<!here>" if mentions else ""
    )
    assert not re.search(r"[<>]", re.sub(ours, "", said(message)))
    said(message).encode()


def offered(message: Message) -> list[str]:
    return [
        element["action_id"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_no_credential_is_said_whatever_label_it_stands_in(token: str) -> None:
    canary = token.removesuffix("@git.example.com/x")[-12:]
    labels = {**ALERT.labels, "what": token, token: "x"}
    alert = replace(ALERT, labels=labels, link=f"https://ci.example.com/?t={token}")
    group = replace(FIRING, labels={**FIRING.labels, "what": token})
    written = Entry(1, NOON, EntryKind.ESCALATED, None, {"way": "person", "to": token})
    told = shown(group, alert)
    matchers = (Matcher("what", Operator.EQUAL, token),)
    everything = [
        repr(render.card(told)),
        repr(render.page(written, told)),
        repr(render.entry(written, told, apart=True)),
        *render.mail(told, written),
        repr(document(told, written)),
        repr(render.silence_view(render.Asking("g7", Place()), matchers)),
        repr(render.silences([Silence("s4", matchers, token, token, NOON, at(9))], names={})),
    ]
    assert [text for text in everything if canary in text] == []


# Hostile ---------------------------------------------------------------------------------------
@thorough
@given(it=SHOWN)
def test_slack_takes_every_card_and_it_mentions_nobody(it: render.Shown) -> None:
    check(render.card(it))


@thorough
@given(it=SHOWN, written=ENTRIES, apart=st.booleans())
def test_slack_takes_every_entry_page_and_call(it: render.Shown, written: Entry, apart: bool) -> None:
    check(render.entry(written, it, apart=apart), mentions=True)
    check(render.page(written, it))
    check(render.call(written, it), mentions=True)


@thorough
@given(it=SHOWN, written=ENTRIES)
def test_a_mail_is_text_without_anything_that_hides_or_moves(it: render.Shown, written: Entry) -> None:
    subject, text = render.mail(it, written)
    assert "\n" not in subject
    assert len(subject) < 300
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f\x7f]", subject + text)
    (subject + text).encode()


@thorough
@given(groups=st.lists(GROUPS, max_size=3) | GROUPS.map(lambda one: [one] * 20), who=HOSTILE)
def test_slack_takes_every_list_of_groups(groups: list[Group], who: str) -> None:
    check(render.open_groups([(group, None) for group in groups], names={who: who}, left=3))


@thorough
@given(label=HOSTILE, value=HOSTILE, comment=HOSTILE)
def test_slack_takes_every_list_of_silences_and_every_dialog(label: str, value: str, comment: str) -> None:
    matchers = (Matcher(label, Operator.EQUAL, value),) * 20
    check(render.silences([Silence("s4", matchers, comment, comment, NOON, at(9))] * 30, names={}))
    asking = render.Asking("g7", Place("C1", None, None))
    for view in (render.snooze_view(asking), render.silence_view(asking, matchers)):
        check_view(view)
        assert problems_in_view(view) == []
        assert render.Asking.read(view["private_metadata"]) == asking


def test_a_form_with_more_labels_than_fit_begins_empty() -> None:
    matchers = (Matcher("label", Operator.EQUAL, "x" * 400),) * 10
    view = render.silence_view(render.Asking("g7", Place()), matchers)
    assert "initial_value" not in view["blocks"][0]["element"]


@pytest.mark.parametrize("metadata", ["", "{}", "[1]", '["g", 2, null, null]', "null", "[" * 9])
def test_what_comes_back_with_a_dialog_may_be_anything(metadata: str) -> None:
    assert render.Asking.read(metadata) is None


def element(**changes: object) -> dict[str, object]:
    button = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}, "value": "g"}
    return {**button, **changes}


def menu(options: int, **changes: object) -> dict[str, object]:
    listed = [{"text": {"type": "plain_text", "text": str(n)}, "value": str(n)} for n in range(options)]
    said = {"placeholder": {"type": "plain_text", "text": "Choose"}, **changes}
    return {"type": "static_select", "action_id": "a", "options": listed, **said}


@pytest.mark.parametrize(
    "elements",
    [
        [],
        [element(action_id=str(number)) for number in range(26)],
        [element(), element()],
        [element(action_id="a" * 256)],
        [element(text={"type": "plain_text", "text": "x" * 76})],
        [element(value="x" * 2001)],
        [menu(0)],
        [menu(101)],
        [menu(1, placeholder={"type": "plain_text", "text": "x" * 151})],
    ],
)
def test_buttons_and_menus_that_slack_would_refuse_are_found(elements: list[dict[str, object]]) -> None:
    block = {"type": "actions", "elements": elements}
    with pytest.raises(OverLimitError):
        check_message("x", (block,))
    assert problems_in_message([block])


# The card --------------------------------------------------------------------------------------
def test_a_card_says_what_fires_since_when_and_what_will_happen() -> None:
    step = render.NextStep(Way.ON_CALL, "web-team", at(300))
    text = said(render.card(shown(step=step)))
    assert "Critical: PatchFailed · domain=web" in text
    assert "1 alert fires, seen 3 times, since" in text
    assert "The gate `tests` said no (exit code 1) · gate=tests · 3 times · since" in text
    assert "<https://ci.example.com/runs/7?x=1&y=2|source>" in text
    assert "Nobody has taken it." in text
    assert "whoever is on call in `web-team`" in text
    assert "g7k3v9x2" in text


def test_a_thousand_alerts_are_ten_lines_and_a_count() -> None:
    group = replace(FIRING, firing=1000, alerts=1000, times=1000)
    text = said(render.card(shown(group, *[ALERT] * 10)))
    assert text.count("The gate `tests` said no") == 10
    assert "990 more alerts" in text
    assert "1,000 alerts fire" in text


def test_a_card_says_who_has_it_by_name_and_without_a_mention() -> None:
    text = said(render.card(shown(ACKNOWLEDGED)))
    assert "*Acknowledged* by Ada Okafor since" in text
    assert "<@" not in text


def test_a_card_says_why_nobody_is_told() -> None:
    assert "Silenced by `s4` until" in said(render.card(shown(HIDDEN)))


def test_a_resolved_card_says_how_it_ended() -> None:
    text = said(render.card(shown(RESOLVED)))
    assert "what caused it has ended" in text
    assert "No longer firing: 1 alert, seen 3 times" in text
    assert "Mend the patch" not in text
    assert "by Ben Lindqvist" in said(render.card(shown(replace(RESOLVED, resolved_by="U0BEN"))))


@pytest.mark.parametrize(
    ("group", "actions"),
    [
        (FIRING, [render.ACKNOWLEDGE, render.SNOOZE, render.RESOLVE, render.SILENCE]),
        (
            ACKNOWLEDGED,
            [render.TAKE_OVER, render.LET_GO, render.SNOOZE, render.RESOLVE, render.SILENCE],
        ),
        (SNOOZED, [render.ACKNOWLEDGE, render.LET_GO, render.SNOOZE, render.RESOLVE, render.SILENCE]),
        (RESOLVED, []),
    ],
)
def test_the_buttons_fit_the_state(group: Group, actions: list[str]) -> None:
    assert offered(render.card(shown(group))) == actions
    assert set(actions) <= set(render.ACTIONS)


def test_a_page_says_why_and_can_be_answered() -> None:
    page = render.page(entry(EntryKind.ESCALATED), shown())
    assert "You are asked to see to this." in said(page)
    assert "step 2" in said(page)
    assert render.ACKNOWLEDGE in offered(page)


def test_a_mail_says_the_same_in_plain_words() -> None:
    subject, text = render.mail(shown(), entry(EntryKind.FELL_BACK))
    assert subject == "Critical: PatchFailed · domain=web"
    assert "People hear nothing by Slack since 2026-01-01 12:00:05 UTC" in text
    assert "- The gate `tests` said no (exit code 1) · gate=tests" in text
    assert "https://x.slack.com/archives/C0PATCHES/p11" in text


# The thread ------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", EntryKind)
@pytest.mark.parametrize("actor", [None, "U0ADA"])
def test_every_entry_is_a_sentence_without_a_mention(kind: EntryKind, actor: str | None) -> None:
    for ink in (MRKDWN, PLAIN):
        text = wording.entry(entry(kind, actor), ink, names=NAMES)
        assert text[0].isupper()
        assert text.endswith(".")
        assert "?" not in text
        assert not re.search("<[@!](?!date)", text)


SENTENCES = [
    (EntryKind.GREW, None, "There is more of it: 3 firing, seen 1,200 times in all."),
    (EntryKind.ACKNOWLEDGED, "U0ADA", "Ada Okafor acknowledged it."),
    (EntryKind.TAKEN_OVER, "U0ADA", "Ada Okafor took it over from Ben Lindqvist."),
    (
        EntryKind.ESCALATED,
        None,
        "Nobody has taken it. Step 2 of its chain: `ben`, on call in `web-team`, is told.",
    ),
    (EntryKind.LET_GO, "U0ADA", "Ada Okafor gave it back: it is nobody's again."),
    (
        EntryKind.LET_GO,
        None,
        "It was acknowledged for long by Ben Lindqvist and fires: it is nobody's again.",
    ),
    (EntryKind.RESOLVED, None, "What caused it has ended: resolved."),
    (
        EntryKind.FELL_BACK,
        None,
        f"People hear nothing by Slack since {PLAIN.moment(at(5))}: an e-mail goes to `ops@example.com` now.",
    ),
]


@pytest.mark.parametrize(("kind", "actor", "text"), SENTENCES)
def test_entries_read_well(kind: EntryKind, actor: str | None, text: str) -> None:
    assert wording.entry(entry(kind, actor), PLAIN, names=NAMES) == text


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("lap", ["1", "2"])
def test_every_way_of_a_step_has_its_words(way: Way, lap: str) -> None:
    facts = {"step": "1", "lap": lap, "way": way.value, "to": "C0OPS"}
    text = wording.entry(Entry(1, NOON, EntryKind.ESCALATED, None, facts), PLAIN, names={})
    assert "C0OPS" in text
    assert ("round 2" in text) is (lap == "2")
    step = render.NextStep(way, "C0OPS", at(9))
    assert "C0OPS" in said(render.card(shown(step=step)))


@pytest.mark.parametrize(
    ("mention", "written"),
    [("U0BEN", "<@U0BEN> "), ("S0OPS", "<!subteam^S0OPS> "), ("here", "<!here> "), ("<!channel>", "`")],
)
def test_only_whom_an_entry_is_to_reach_is_mentioned(mention: str, written: str) -> None:
    facts = {"step": "1", "lap": "1", "way": "person", "to": "ben", "mention": mention}
    told = render.entry(Entry(1, NOON, EntryKind.ESCALATED, None, facts), shown())
    assert told.text.startswith(written)
    assert "<!channel" not in told.text


def test_who_pressed_is_not_mentioned_for_it() -> None:
    assert "<@" not in said(render.entry(entry(EntryKind.ACKNOWLEDGED, "U0ADA"), shown(ACKNOWLEDGED)))


# Lists -----------------------------------------------------------------------------------------
def test_lists_say_so_when_there_is_nothing() -> None:
    assert said(render.open_groups([], names={})).startswith(wording.NOTHING_FIRES)
    assert said(render.silences([], names={})).startswith(wording.NO_SILENCES)
    assert said(render.on_call([])).startswith(wording.NO_SCHEDULES)


def test_who_is_on_call_and_who_is_next() -> None:
    shifts = (Shift("ada", NOON, at(3600)), Shift(None, at(3600), None))
    line = wording.duty_line("web-team", shifts, PLAIN)
    assert line == "web-team: ada until 2026-01-01 13:00:00 UTC, then nobody."
    assert wording.duty_line("web-team", (Shift(None, NOON, None),), PLAIN) == "web-team: nobody."


def test_what_was_done_is_told() -> None:
    told = Confirm("U0ADA", Done.ACKNOWLEDGED, {"count": "2"})
    assert wording.done(told, PLAIN) == "You acknowledged 2 alerts."
    told = Confirm("U0ADA", Done.ACKNOWLEDGED, {"count": "0"})
    assert "Nothing that is open" in wording.done(told, PLAIN)
    told = Confirm("U0ADA", Done.SILENCED, {"silence": "s4", "until": at(60).isoformat()})
    assert wording.done(told, PLAIN) == "Silence `s4` is in force until 2026-01-01 12:01:00 UTC."


@pytest.mark.parametrize("state", GroupState)
def test_every_state_has_its_words(state: GroupState) -> None:
    assert wording.standing(replace(SNOOZED, state=state), PLAIN, names=NAMES).endswith(".")
