"""Who somebody is, as the local Slack tells it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery.slack_answers import Reply, Success, Unknown
from bot.demo.peer import ADA, BEN, PATCHES, Channel, Workspace
from bot.intake import people as people_intake
from bot.intake import slack as slack_intake
from bot.intake.connection import CannotStartError, connect
from bot.intake.events import Sender
from bot.intake.people import NOWHERE, People
from bot.intake.plan_forms import PlanForms
from bot.intake.slack import Listeners, bolt_app
from bot.settings import SlackAccess
from bot.submit import Trouble
from contracts.commands import Actor, ActorKind
from contracts.faults import Reason
from contracts.settings import DomainSettings, Settings, Submitters
from tests.peer.faults import Fault
from tests.peer.harness import strict_slack
from tests.peer.proxy import SlackProxy
from tests.peer.strictness import BOT_SCOPES

PERSON = Sender(ActorKind.PERSON, ADA.id)
OPEN = Settings()
RESTRICTED = Settings(
    domains={
        "web": DomainSettings(
            channels=(PATCHES.id,), submitters=Submitters(groups=frozenset({"S0DEVS", "S0OPS"}))
        )
    }
)
GROUPS = {"S0DEVS": (ADA.id, BEN.id), "S0OPS": (BEN.id,)}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def access(proxy: SlackProxy) -> SlackAccess:
    return SlackAccess(proxy.app.bot_token, proxy.app.app_token, proxy.app.signing_secret, proxy.api_url)


@asynccontextmanager
async def asked(
    folder: Path,
    settings: Settings = OPEN,
    *,
    scopes: frozenset[str] = BOT_SCOPES,
    workspace: Workspace | None = None,
    groups: Mapping[str, tuple[str, ...]] = GROUPS,
) -> AsyncIterator[tuple[People, SlackProxy, Clock]]:
    clock = Clock()
    async with (
        strict_slack(folder, scopes=scopes, usergroups=groups, workspace=workspace) as slack,
        connect(access(slack.proxy)) as connection,
    ):
        yield People(connection.client, settings, clock), slack.proxy, clock


async def test_a_person_has_the_name_and_the_address_of_their_profile(tmp_path: Path) -> None:
    async with asked(tmp_path) as (people, _, _clock):
        assert await people.find(PERSON) == Actor(ActorKind.PERSON, ADA.id, ADA.real_name, ADA.email)


async def test_without_the_scope_for_it_an_address_reaches_nobody(tmp_path: Path) -> None:
    async with asked(tmp_path, scopes=BOT_SCOPES - {"users:read.email"}) as (people, _, _clock):
        assert await people.find(PERSON) == Actor(
            ActorKind.PERSON, ADA.id, ADA.real_name, f"{ADA.id}@{NOWHERE}"
        )


@pytest.mark.parametrize("scopes", [BOT_SCOPES, BOT_SCOPES - {"users:read"}])
async def test_who_slack_does_not_tell_of_is_called_by_their_id(
    tmp_path: Path, scopes: frozenset[str]
) -> None:
    async with asked(tmp_path, scopes=scopes) as (people, _, _clock):
        stranger = Sender(ActorKind.PERSON, "U0STRANGER")
        assert await people.find(stranger) == Actor(
            ActorKind.PERSON, "U0STRANGER", "U0STRANGER", f"U0STRANGER@{NOWHERE}"
        )


async def test_another_app_is_not_looked_up(tmp_path: Path) -> None:
    async with asked(tmp_path) as (people, proxy, _clock):
        agent = await people.find(Sender(ActorKind.BOT, "B0AGENT", "agent"))
        assert agent == Actor(ActorKind.BOT, "B0AGENT", "agent", f"B0AGENT@{NOWHERE}")
        assert proxy.calls("users.info") == []


async def test_the_groups_that_settings_name_and_somebody_is_in_are_known(tmp_path: Path) -> None:
    async with asked(tmp_path, RESTRICTED) as (people, _, _clock):
        ada = await people.find(PERSON)
        ben = await people.find(Sender(ActorKind.PERSON, BEN.id))
        assert isinstance(ada, Actor)
        assert isinstance(ben, Actor)
        assert (set(ada.groups), set(ben.groups)) == ({"S0DEVS"}, {"S0DEVS", "S0OPS"})


async def test_without_the_scope_for_it_nobody_is_in_a_group(tmp_path: Path) -> None:
    async with asked(tmp_path, RESTRICTED, scopes=BOT_SCOPES - {"usergroups:read"}) as (people, _, _clock):
        ada = await people.find(PERSON)
        assert isinstance(ada, Actor)
        assert ada.groups == frozenset()


async def test_slack_is_asked_once_until_the_answer_is_old(tmp_path: Path) -> None:
    async with asked(tmp_path, RESTRICTED) as (people, proxy, clock):
        for _ in range(3):
            await people.find(PERSON)
        assert (len(proxy.calls("users.info")), len(proxy.calls("usergroups.users.list"))) == (1, 2)
        clock.now += timedelta(minutes=2)
        await people.find(PERSON)
        assert (len(proxy.calls("users.info")), len(proxy.calls("usergroups.users.list"))) == (1, 4)
        clock.now += timedelta(hours=1)
        await people.find(PERSON)
        assert len(proxy.calls("users.info")) == 2


@pytest.mark.parametrize("method", ["users.info", "usergroups.users.list"])
@pytest.mark.parametrize(
    "wrong",
    [Fault.rate_limited, Fault.server_error, Fault.html, Fault.reset, Fault.lost_reply, Fault.truncated],
)
async def test_what_may_pass_is_trouble_and_is_not_remembered(
    tmp_path: Path, method: str, wrong: object
) -> None:
    async with asked(tmp_path, RESTRICTED) as (people, proxy, _clock):
        proxy.faults.add(wrong(method))  # type: ignore[operator]
        trouble = await people.find(PERSON)
        assert isinstance(trouble, Trouble)
        assert trouble.fault.reason is Reason.SENDER_UNREAD
        assert isinstance(await people.find(PERSON), Actor)


async def test_people_are_named_and_have_a_time_zone_as_far_as_slack_says(tmp_path: Path) -> None:
    async with asked(tmp_path) as (people, proxy, _clock):
        proxy.faults.add(Fault.server_error("users.info", times=None))
        assert await people.names([ADA.id]) == {}
        assert await people.zone_of(ADA.id) is UTC
        proxy.faults.clear()
        assert await people.names([ADA.id, "root", "S0DEVS", "<!here>"]) == {ADA.id: ADA.real_name}
        before = len(proxy.calls("users.info"))
        assert await people.zone_of(ADA.id) == ZoneInfo("America/Los_Angeles")
        assert len(proxy.calls("users.info")) == before


@pytest.mark.parametrize("zone", ["", "Nowhere/Land", "../../etc/passwd", None, 7])
def test_a_time_zone_that_nobody_knows_is_utc(zone: object) -> None:
    about = people_intake._About.read(ADA.id, {"tz": zone})
    assert people_intake._zone(about) is UTC


async def test_somebodys_channels_are_those_they_are_in(tmp_path: Path) -> None:
    private = Channel("C0SECRET", "secret", members=(BEN.id, "U0PATCHDESK"), is_private=True)
    workspace = Workspace(channels=(PATCHES, private))
    async with asked(tmp_path, workspace=workspace) as (people, _, _clock):
        assert await people.channels_of(ADA.id) == {PATCHES.id}
        assert await people.channels_of(BEN.id) == {PATCHES.id, private.id}


# Coming to Slack ---------------------------------------------------------------------------------
async def refused(access: SlackAccess) -> tuple[Reason, Mapping[str, str]]:
    with pytest.raises(CannotStartError) as raised:
        async with connect(access):
            pass
    return raised.value.fault.reason, raised.value.fault.args


async def test_the_desk_learns_its_own_names(tmp_path: Path) -> None:
    async with strict_slack(tmp_path) as slack, connect(access(slack.proxy)) as connection:
        assert connection.ourselves.user == slack.proxy.app.bot_user_id
        assert connection.ourselves.bot == slack.proxy.app.bot_id
        assert connection.workspace.startswith("http")


async def test_a_wrong_token_is_named(tmp_path: Path) -> None:
    async with strict_slack(tmp_path) as slack:
        url = slack.proxy.api_url
        bot, app = slack.proxy.app.bot_token, slack.proxy.app.app_token
        assert await refused(SlackAccess("xoxb-wrong", app, None, url)) == (
            Reason.TOKEN_REFUSED,
            {"variable": "SLACK_BOT_TOKEN", "error": "invalid_auth"},
        )
        assert await refused(SlackAccess(bot, "xapp-wrong", None, url)) == (
            Reason.TOKEN_REFUSED,
            {"variable": "SLACK_APP_TOKEN", "error": "invalid_auth"},
        )
        assert (await refused(SlackAccess(bot, bot, None, url)))[1]["error"] == "not_allowed_token_type"


async def test_what_is_not_set_is_named() -> None:
    assert await refused(SlackAccess(None, "xapp-1", None)) == (
        Reason.VARIABLE_UNSET,
        {"variable": "SLACK_BOT_TOKEN"},
    )
    assert (await refused(SlackAccess("xoxb-1", None, None)))[0] is Reason.NO_WAY_IN


async def test_a_slack_that_is_busy_at_the_start_is_asked_again(tmp_path: Path) -> None:
    async with strict_slack(tmp_path) as slack:
        slack.proxy.faults.add(
            Fault.rate_limited("auth.test", retry_after=timedelta(0)), Fault.lost_reply("auth.test")
        )
        async with connect(access(slack.proxy)) as connection:
            assert connection.ourselves.user == slack.proxy.app.bot_user_id
        assert slack.proxy.faults.waiting() == []


async def test_a_slack_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_delay: float) -> None:
        return None

    monkeypatch.setattr(asyncio, "sleep", at_once)
    reason, facts = await refused(SlackAccess("xoxb-1", None, "s", "http://127.0.0.1:1/api/"))
    assert reason is Reason.SLACK_SILENT
    assert facts["address"] == "http://127.0.0.1:1/api/"


async def test_bolt_knows_who_we_are_before_the_first_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the first event would be dropped, should Slack be busy at that moment."""
    monkeypatch.setattr(slack_intake, "_PAUSE", timedelta(0))
    async with strict_slack(tmp_path) as slack, connect(access(slack.proxy)) as connection:
        listeners = Listeners.__new__(Listeners)
        listeners._plan_forms = PlanForms.__new__(PlanForms)
        slack.proxy.faults.add(Fault.error("auth.test", "ratelimited"))
        app = await bolt_app(connection.client, listeners)
        asked = len(slack.proxy.calls("auth.test"))
        event = {"type": "event_callback", "event": {"type": "nothing_we_know"}}
        response = await app.async_dispatch(AsyncBoltRequest(body=event, mode="socket_mode"))
        assert (response.status, len(slack.proxy.calls("auth.test"))) == (200, asked)

        slack.proxy.faults.add(Fault.error("auth.test", "ratelimited", times=None))
        with pytest.raises(CannotStartError):
            await bolt_app(connection.client, listeners)


async def test_channels_come_in_pages_until_slack_stops_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    pages: list[Reply] = [
        Success({"channels": [{"id": "C1"}], "response_metadata": {"next_cursor": "more"}}),
        Success({"channels": [{"id": "C2"}], "response_metadata": {"next_cursor": "more"}}),
        Unknown("lost"),
    ]
    cursors: list[object] = []

    async def ask(_client: object, _method: str, *, form: Mapping[str, str], repeatable: bool) -> Reply:
        cursors.append(form.get("cursor"))
        return pages.pop(0)

    monkeypatch.setattr(people_intake, "ask", ask)
    known = People(AsyncWebClient("xoxb-1"), OPEN, Clock())
    assert await known.channels_of("U0ADA") == {"C1", "C2"}
    assert cursors == [None, "more", "more"]
    assert pages == []


async def test_of_very_many_people_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def ask(_client: object, _method: str, *, form: Mapping[str, str], repeatable: bool) -> Reply:
        asked.append(form["user"])
        return Success({"user": {"name": form["user"]}})

    monkeypatch.setattr(people_intake, "ask", ask)
    monkeypatch.setattr(people_intake, "_MOST_REMEMBERED", 2)
    known = People(AsyncWebClient("xoxb-1"), OPEN, Clock())
    for user in ("U1", "U2", "U3", "U3", "U2", "U1"):
        await known.find(Sender(ActorKind.PERSON, user))
    assert asked == ["U1", "U2", "U3", "U1"]
