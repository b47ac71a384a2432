"""Manifest and code name the same things: nothing in use is undeclared, nothing declared is unused."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.delivery.render import alerts, cards, dialogs, plan, sets, turning_down
from bot.intake import slack as intake
from bot.intake import standing
from bot.intake.plan_forms import PlanForms
from bot.intake.slack import Listeners
from contracts.commands import WORDS

ROOT = Path(__file__).parents[2]
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
SETTINGS, FEATURES = MANIFEST["settings"], MANIFEST["features"]
SCOPES = set(MANIFEST["oauth_config"]["scopes"]["bot"])
#: What speaks with Slack; the demo's peer is Slack itself.
SPEAKING = [
    file for file in sorted((ROOT / "bot").rglob("*.py")) if not {"demo", "wording"}.intersection(file.parts)
]

#: Web API method to the bot scopes it needs: https://docs.slack.dev/reference/methods
NEEDS: Mapping[str, set[str]] = {
    "apps.connections.open": set(),  # the app's token, not the bot's
    "auth.test": set(),
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {"channels:history", "groups:history", "im:history"},
    "conversations.info": {"channels:read", "groups:read"},
    "conversations.open": {"im:write"},
    "conversations.replies": {"channels:history", "groups:history", "im:history"},
    "files.completeUploadExternal": {"files:write"},
    "files.getUploadURLExternal": {"files:write"},
    "files.info": {"files:read"},
    "reactions.add": {"reactions:write"},
    "reactions.remove": {"reactions:write"},
    "usergroups.users.list": {"usergroups:read"},
    "users.conversations": {"channels:read", "groups:read"},
    "users.info": {"users:read", "users:read.email"},
    "views.open": set(),
    "views.publish": set(),
    "views.update": set(),
}
#: Event to the scope it needs: https://docs.slack.dev/reference/events
HEARS: Mapping[str, set[str]] = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
}
#: What else a scope is for.
BESIDES = {"commands", "files:read"}  # the slash command and the shortcut; downloading what was attached


class Registrations:
    """Stands where Bolt's app does, and notes what is listened to."""

    def __init__(self) -> None:
        self.noted: dict[str, list[str]] = {}

    def __getattr__(self, kind: str) -> Callable[..., Callable[[object], None]]:
        def note(what: object) -> Callable[[object], None]:
            self.noted.setdefault(kind, []).append(str(what))
            return lambda _listener: None

        return note


@pytest.fixture(scope="module")
def listened() -> dict[str, list[str]]:
    registrations = Registrations()
    listeners = Listeners.__new__(Listeners)
    listeners._plan_forms = PlanForms.__new__(PlanForms)
    listeners.attach(registrations)  # type: ignore[arg-type]
    return registrations.noted


def texts(file: Path) -> Iterator[str]:
    """Every string of the code that is no docstring."""
    tree = ast.parse(file.read_bytes())
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def called() -> set[str]:
    """Every Web API method that the code spells."""
    spelled = {text for file in SPEAKING for text in texts(file)}
    families = "|".join({method.partition(".")[0] for method in NEEDS})
    methods = re.compile(rf"({families})(\.[a-zA-Z]+)+(?<!\.invalid)")
    return {text for text in spelled if methods.fullmatch(text)}


def test_every_method_in_use_is_known_with_its_scopes() -> None:
    assert called() - set(NEEDS) == set()


def test_no_method_is_known_that_is_not_in_use() -> None:
    """Or its scopes would be asked for in vain."""
    assert set(NEEDS) - called() == set()


def test_exactly_the_scopes_are_asked_for_that_the_code_needs() -> None:
    for_methods = {scope for method in called() for scope in NEEDS[method]}
    for_events = {scope for event in SETTINGS["event_subscriptions"]["bot_events"] for scope in HEARS[event]}
    assert for_methods | for_events | BESIDES == SCOPES


def test_exactly_the_events_are_subscribed_that_somebody_listens_to(listened: dict[str, list[str]]) -> None:
    subscribed = {event.partition(".")[0] for event in SETTINGS["event_subscriptions"]["bot_events"]}
    assert subscribed == set(listened["event"])


def test_every_message_event_is_subscribed_that_a_scope_was_asked_for() -> None:
    history = {scope.partition(":")[0] for scope in SCOPES if scope.endswith(":history")}
    events = {
        event.partition(".")[2] for event in SETTINGS["event_subscriptions"]["bot_events"] if "." in event
    }
    assert events == history


def test_exactly_the_commands_are_declared_that_are_answered(listened: dict[str, list[str]]) -> None:
    assert [each["command"] for each in FEATURES["slash_commands"]] == listened["command"] == [intake.COMMAND]
    hint = FEATURES["slash_commands"][0]["usage_hint"]
    assert set(re.findall(r"[a-z]+", hint)) == set(WORDS)


def test_exactly_the_shortcuts_are_declared_that_are_answered(listened: dict[str, list[str]]) -> None:
    declared = [(each["type"], each["callback_id"]) for each in FEATURES["shortcuts"]]
    assert declared == [("message", each) for each in listened["message_shortcut"]]


def test_forms_and_shortcuts_come_back_because_interactivity_is_on(listened: dict[str, list[str]]) -> None:
    of_alerts = {alerts.SNOOZE_CALLBACK, alerts.SILENCE_CALLBACK}
    of_the_plan = {plan.CHOOSE, plan.CHANGE}
    of_patches = {dialogs.CALLBACK, turning_down.CALLBACK}
    assert set(listened["view_submission"]) == of_patches | of_alerts | of_the_plan
    assert listened["action"] == [*alerts.ACTIONS, *cards.ACTIONS.values(), *cards.RULINGS, sets.STOP_ALL]
    assert SETTINGS["interactivity"] == {"is_enabled": True}


def test_the_home_that_is_drawn_has_a_tab(listened: dict[str, list[str]]) -> None:
    assert FEATURES["app_home"]["home_tab_enabled"] is ("app_home_opened" in listened["event"])


def test_direct_messages_can_be_written_because_they_are_answered() -> None:
    assert FEATURES["app_home"]["messages_tab_enabled"]
    assert not FEATURES["app_home"]["messages_tab_read_only_enabled"]


def test_it_is_an_app_for_socket_mode() -> None:
    assert MANIFEST["_metadata"]["major_version"] == 2
    assert SETTINGS["socket_mode_enabled"] is True
    assert "request_url" not in SETTINGS["event_subscriptions"] | SETTINGS["interactivity"]


def test_what_slack_shows_of_the_app_is_short_enough() -> None:
    """The lengths are those of the manifest's reference."""
    about = MANIFEST["display_information"]
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert all(len(each["name"]) <= 24 and len(each["description"]) <= 150 for each in FEATURES["shortcuts"])
    assert len(FEATURES["bot_user"]["display_name"]) <= 80


def test_the_doctor_looks_for_the_scopes_that_are_asked_for() -> None:
    assert standing.NEEDED | standing.WELCOME == SCOPES
