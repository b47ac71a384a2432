"""The sections `reports` and `log` of `operations.yml`: what is reported when, and to which channel."""

import enum
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from contracts.sections import Section
from contracts.settings import ChannelId, Name, Seconds


class Kind(enum.StrEnum):
    """What can be reported."""

    DAILY = "daily"  #: two or three sentences and the numbers of a day
    WEEKLY = "weekly"  #: everything of a week
    DEMO = "demo"  #: what can be shown after two weeks
    RETROSPECTIVE = "retrospective"  #: what went well in a month and what did not
    EXECUTIVE = "executive"  #: a month on one screen


class ScheduleSettings(Section):
    """One report to one channel. Left out: `cron` and `zone` as in the section, all domains together.

    `cron` has five fields and says when the report of the last full period is due.
    """

    kind: Kind
    channel: ChannelId
    cron: str | None = None
    zone: str | None = None
    domain: Name | None = None


class ReportSettings(Section):
    """`late`: a report that is made later than this after its time says so."""

    zone: str = "UTC"
    crons: Mapping[Kind, str] = {
        Kind.DAILY: "0 9 * * *",
        Kind.WEEKLY: "0 9 * * 1",
        Kind.DEMO: "0 9 * * 1",
        Kind.RETROSPECTIVE: "0 9 1 * *",
        Kind.EXECUTIVE: "0 9 1 * *",
    }
    late: Seconds = timedelta(minutes=15)
    schedules: tuple[ScheduleSettings, ...] = ()


class LogSettings(Section):
    """`keep_days`: files of the execution log that are older go; what they say stays in the store."""

    keep_days: Annotated[int, Field(ge=1, le=3650)] = 90
