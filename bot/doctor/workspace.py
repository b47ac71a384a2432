"""Slack: the tokens, what they were granted, the channels, and whose clock is right."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta

from bot.doctor.findings import Finding, Health, Symptom, found
from bot.intake import standing
from bot.intake.connection import CannotStartError, connect, usable
from bot.intake.standing import Channel, Granted
from bot.settings import Config
from contracts.settings import Settings

#: Slack's signed requests are good for five minutes; leases and reports want better.
_MOST_OFF = timedelta(seconds=60)


async def workspace(config: Config, *, now: datetime) -> AsyncIterator[Finding]:
    """Nothing is asked of Slack where no token is set."""
    access = config.slack
    if not (access.bot_token or access.app_token or access.signing_secret):
        yield found("slack", Health.NOTE, Symptom.SLACK_ABSENT)
        return
    if missing := usable(access):
        for fault in missing:
            yield Finding("slack", Health.WRONG, fault)
        return
    try:
        async with connect(access) as connection:
            way = "Socket Mode" if access.app_token else "HTTP"
            yield found("slack", Health.FINE, Symptom.SLACK, workspace=connection.workspace, way=way)
            granted = await standing.granted(connection.client)
            for finding in (*judge_scopes(granted), *judge_clock(granted, now)):
                yield finding
            for channel, area in _channels(config.settings):
                yield judge_channel(area, channel, await standing.channel(connection.client, channel))
    except CannotStartError as error:
        yield Finding("slack", Health.WRONG, error.fault)


def _channels(settings: Settings) -> Iterator[tuple[str, str]]:
    """Every channel of the configuration, with the area it belongs to."""
    for name, domain in settings.domains.items():
        yield from ((channel, f"domain {name}") for channel in domain.channels)
    if settings.slack.operators:
        yield settings.slack.operators, "operators"


def judge_scopes(granted: Granted) -> Iterator[Finding]:
    if granted.scopes is None:
        yield found("slack", Health.UNKNOWN, Symptom.SCOPES_UNKNOWN)
        return
    if missing := standing.NEEDED - granted.scopes:
        yield found("slack", Health.WRONG, Symptom.SCOPES_MISSING, scopes=" ".join(sorted(missing)))
    if missing := standing.WELCOME - granted.scopes:
        yield found("slack", Health.NOTE, Symptom.SCOPES_WELCOME, scopes=" ".join(sorted(missing)))
    if not (standing.NEEDED | standing.WELCOME) - granted.scopes:
        yield found("slack", Health.FINE, Symptom.SCOPES, count=len(granted.scopes))


def judge_clock(granted: Granted, now: datetime) -> Iterator[Finding]:
    """Slack's clock is the only other one that is at hand."""
    if granted.date is None:
        return
    off = abs(now - granted.date)
    health, symptom = (Health.FINE, Symptom.CLOCK) if off <= _MOST_OFF else (Health.WRONG, Symptom.CLOCK_OFF)
    yield found("clock", health, symptom, off=round(off.total_seconds()))


def judge_channel(area: str, channel: str, about: Channel) -> Finding:
    if about.error is not None:
        return found(area, Health.WRONG, Symptom.CHANNEL_UNKNOWN, channel=channel, error=about.error)
    if about.is_archived:
        return found(area, Health.WRONG, Symptom.CHANNEL_ARCHIVED, channel=channel, name=about.name)
    if not about.is_member:
        return found(area, Health.WRONG, Symptom.CHANNEL_STRANGE, channel=channel, name=about.name)
    return found(area, Health.FINE, Symptom.CHANNEL, channel=channel, name=about.name)
