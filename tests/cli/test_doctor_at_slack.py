"""What the doctor finds in a workspace: asked of the real local Slack, through the strict proxy."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import yaml

from bot import clock
from bot.demo.peer import ADA, PATCHDESK, PATCHES, Channel, Workspace
from bot.doctor import workspace
from bot.doctor.findings import Finding, Health, Symptom
from bot.intake import standing
from bot.intake.standing import Granted
from bot.settings import Config, SlackAccess
from contracts.faults import Fault, Reason
from contracts.settings import Settings
from tests.peer.harness import strict_slack
from tests.peer.strictness import BOT_SCOPES

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
STRANGE = Channel("C0STRANGE", "strange", members=(ADA.id,))
ACCESS = SlackAccess(PATCHDESK.bot_token, PATCHDESK.app_token, PATCHDESK.signing_secret)


def configured(access: SlackAccess, *channels: str) -> Config:
    settings = Settings.model_validate({"domains": {"shop": {"channels": channels}}})
    return Config(settings, access, Path("var"), "sqlite:///var/desk.db", "127.0.0.1", 0, None)


async def examined(config: Config) -> list[Finding]:
    return [finding async for finding in workspace.workspace(config, now=clock.now())]


def wrong(findings: list[Finding]) -> list[str]:
    about = [finding.about for finding in findings if finding.health is not Health.FINE]
    return [each.reason if isinstance(each, Fault) else each for each in about]


@asynccontextmanager
async def slack(folder: Path, *, scopes: frozenset[str] = BOT_SCOPES) -> AsyncIterator[str]:
    """The address of its API."""
    there = Workspace(channels=(PATCHES, STRANGE))
    async with strict_slack(folder, workspace=there, scopes=scopes) as strict:
        yield strict.proxy.api_url


def at(api_url: str, **tokens: str) -> SlackAccess:
    given = {"bot_token": ACCESS.bot_token, "app_token": ACCESS.app_token, **tokens}
    return SlackAccess(**given, api_url=api_url)


async def test_a_desk_that_is_well_connected_is_fine(tmp_path: Path) -> None:
    async with slack(tmp_path) as api:
        findings = await examined(configured(at(api), PATCHES.id))
    assert wrong(findings) == []
    assert {finding.about for finding in findings} >= {Symptom.SLACK, Symptom.SCOPES, Symptom.CHANNEL}


async def test_a_channel_without_the_desk_and_one_that_is_not_there_are_wrong(tmp_path: Path) -> None:
    async with slack(tmp_path) as api:
        findings = await examined(configured(at(api), STRANGE.id, "C0NOWHERE"))
    assert wrong(findings) == [Symptom.CHANNEL_STRANGE, Symptom.CHANNEL_UNKNOWN]


async def test_scopes_that_are_missing_are_named(tmp_path: Path) -> None:
    async with slack(tmp_path, scopes=BOT_SCOPES - {"reactions:write", "users:read.email"}) as api:
        findings = await examined(configured(at(api)))
    assert wrong(findings) == [Symptom.SCOPES_MISSING, Symptom.SCOPES_WELCOME]
    assert [finding.facts["scopes"] for finding in findings if "scopes" in finding.facts] == [
        "reactions:write",
        "users:read.email",
    ]


async def test_a_token_that_slack_refuses_is_named(tmp_path: Path) -> None:
    async with slack(tmp_path) as api:
        findings = await examined(configured(at(api, app_token="xapp-another")))
    [finding] = findings
    assert isinstance(finding.about, Fault)
    assert (finding.about.reason, finding.about.args["variable"]) == (
        Reason.TOKEN_REFUSED,
        "SLACK_APP_TOKEN",
    )


async def test_without_any_token_slack_is_not_asked() -> None:
    assert wrong(await examined(configured(SlackAccess()))) == [Symptom.SLACK_ABSENT]


async def test_a_token_alone_is_not_enough() -> None:
    assert wrong(await examined(configured(SlackAccess(bot_token="xoxb-1")))) == [Reason.NO_WAY_IN]


def test_scopes_that_slack_does_not_name_stay_unknown() -> None:
    [finding] = workspace.judge_scopes(Granted(None, None))
    assert finding.health is Health.UNKNOWN


def test_a_clock_that_is_off_is_wrong() -> None:
    now = clock.now()
    for off, health in ((timedelta(seconds=59), Health.FINE), (timedelta(seconds=-61), Health.WRONG)):
        [finding] = workspace.judge_clock(Granted(None, now + off), now)
        assert finding.health is health


def test_the_scopes_are_those_of_the_manifest() -> None:
    manifest = yaml.safe_load(MANIFEST.read_bytes())
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == standing.NEEDED | standing.WELCOME
