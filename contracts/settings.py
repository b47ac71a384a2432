"""The one model of `patchdesk.yml`. Reads nothing; `bot.settings` brings the bytes."""

import enum
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.gates import Credentials, GateSpec, Reach, RepairSpec
from contracts.intervals import IntervalSettings
from contracts.patch import Limits
from contracts.protection import DEFAULT_PATHS, CommandRule, Rule
from contracts.resolving import Mending, Resolving, Way
from contracts.sections import Section
from contracts.states import Backoff

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
ChannelId = Annotated[str, StringConstraints(pattern=r"^[CGD][A-Z0-9]{2,}$")]
UserId = Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,}$")]
GroupId = Annotated[str, StringConstraints(pattern=r"^S[A-Z0-9]{2,}$")]
BotId = Annotated[str, StringConstraints(pattern=r"^B[A-Z0-9]{2,}$")]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[^\x00]*[^/\x00]$")]
Seconds = Annotated[timedelta, Field(gt=timedelta(0))]


class GateSettings(Section):
    """A gate: `run` is an argv, `timeout` seconds, `when` globs of changed paths (none: always).

    `idle` is how long it may print nothing; `network` lets it have the machine's network.
    """

    name: Name
    run: Annotated[tuple[str, ...], Field(min_length=1)]
    timeout: Seconds = timedelta(minutes=10)
    required: bool = True
    when: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    idle: Seconds | None = None
    network: bool = False

    def spec(self) -> GateSpec:
        return GateSpec(
            self.name,
            self.run,
            self.timeout,
            self.required,
            self.when,
            tuple(self.env.items()),
            self.idle,
            self.network,
        )


class RepairSettings(Section):
    """A command that may make a candidate pass, a formatter say: `run`, `timeout`, `when`, `env`, `idle` and
    `network` as of a gate. `files` are those that it may change: what the patch touches, or any."""

    name: Name
    run: Annotated[tuple[str, ...], Field(min_length=1)]
    timeout: Seconds = timedelta(minutes=10)
    when: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    idle: Seconds | None = None
    network: bool = False
    files: Reach = Reach.TOUCHED

    def spec(self) -> RepairSpec:
        command = GateSpec(
            self.name,
            self.run,
            self.timeout,
            when=self.when,
            env=tuple(self.env.items()),
            idle=self.idle,
            network=self.network,
        )
        return RepairSpec(command, self.files)


class Submitters(Section):
    """Who may submit; both empty: everybody in the domain's channels."""

    users: frozenset[UserId] = frozenset()
    groups: frozenset[GroupId] = frozenset()


class ApproverSettings(Submitters):
    """Who may approve what others ask for; both empty: every submitter."""


class ProtectedSettings(Section):
    """Paths (globs, as .gitignore reads them) that no patch changes on its own."""

    paths: Annotated[tuple[Annotated[str, StringConstraints(min_length=1)], ...], Field(min_length=1)]
    rule: Rule = Rule.APPROVE


class FreezeSettings(IntervalSettings):
    """A window, once or recurring, in which only approved hotfixes begin; `why` is told to those who wait."""

    why: Annotated[str, StringConstraints(min_length=1, max_length=300)]


class ResolveSettings(Section):
    """What the desk makes of a patch that does not fit, or does not pass, as it was posted: `Way` says how.

    `recount` is off: lines that were lost on the way look the same as lines that were miscounted.
    """

    moved_tip: Mending = Resolving().moved_tip
    line_endings: Mending = Resolving().line_endings
    recount: Mending = Resolving().recount
    place: Mending = Resolving().place
    whitespace: Mending = Resolving().whitespace
    repair: Mending = Resolving().repair
    flaky: Mending = Resolving().flaky

    def resolving(self) -> Resolving:
        return Resolving(**{way.value: getattr(self, way) for way in Way})


class DomainSettings(Section):
    """One repository, one branch, its gates and its people.

    `repository` is a path or URL to fetch from and push to; None: the desk's own bare repository is
    the only one. `strip_prefixes` are checkouts on people's machines that absolute paths start with.
    `credentials`: what becomes of a patch that adds something that looks like one. `hold_when_critical`:
    nothing lands while the domain's risk rate is critical. `freeze` are the windows in which nothing begins.
    `protected` are paths that need an approval, beside the gates' own files; `commands`: what becomes of
    shell lines that come inside a patch; `capture`: what they change of the files lands, too. `repair` are
    commands that may make a candidate pass. `repository_gates`: gates that `.patchdesk.yml` adds run, too.
    """

    repository: str | None = None
    branch: str = "main"
    aliases: tuple[Name, ...] = ()
    strip_prefixes: tuple[str, ...] = ()
    channels: tuple[ChannelId, ...] = ()
    submitters: Submitters = Submitters()
    gates: tuple[GateSettings, ...] = ()
    credentials: Credentials = Credentials.REFUSE
    hold_when_critical: bool = False
    freeze: tuple[FreezeSettings, ...] = ()
    protected: tuple[ProtectedSettings, ...] = (ProtectedSettings(paths=DEFAULT_PATHS),)
    approvers: ApproverSettings = ApproverSettings()
    commands: CommandRule = CommandRule.APPROVE
    capture: bool = False
    repository_gates: bool = False
    repair: tuple[RepairSettings, ...] = ()
    resolve: ResolveSettings = ResolveSettings()

    def repairs(self) -> tuple[RepairSpec, ...]:
        """What may repair a candidate, in its order; nothing where that is not wanted."""
        if self.resolve.repair is Mending.NEVER:
            return ()
        return tuple(each.spec() for each in self.repair)


class SlackSettings(Section):
    """`operators` is the channel that hears of the desk's own troubles and inherits dead channels' posts.

    `allow_bots` lists, per channel, the other apps whose patches are taken.
    """

    operators: ChannelId | None = None
    allow_bots: dict[ChannelId, frozenset[BotId]] = Field(default_factory=dict)


class SandboxSettings(Section):
    """`min_level` refuses to run gates below it, and is lowered on purpose only; `uid` is root's second user.

    `readable` are paths that gates see from level 2 on, beside the system's programs.
    """

    min_level: Annotated[int, Field(ge=0, le=4)] = 3
    uid: Annotated[int, Field(ge=1000, le=2**31 - 1)] = 61184
    memory: Annotated[int, Field(gt=0)] = 4 * 1024**3
    file_size: Annotated[int, Field(gt=0)] = 1024**3
    disk: Annotated[int, Field(ge=1024**2)] = 1024**3
    processes: Annotated[int, Field(gt=0)] = 512
    output: Annotated[int, Field(gt=0)] = 16 * 1024**2
    readable: tuple[AbsolutePath, ...] = ()


class LimitSettings(Section):
    """Bounds on one patch; sizes in bytes, `regex_time` in seconds."""

    block: Annotated[int, Field(gt=0)] = Limits().block
    file: Annotated[int, Field(gt=0)] = Limits().file
    files: Annotated[int, Field(gt=0)] = Limits().files
    content: Annotated[int, Field(gt=0)] = Limits().content
    matches: Annotated[int, Field(gt=0)] = Limits().matches
    regex_time: Seconds = Limits().regex_time

    def limits(self) -> Limits:
        return Limits(self.block, self.file, self.files, self.content, self.matches, self.regex_time)


class WorkerSettings(Section):
    """`lease` is how long a worker may be silent before its patch is offered again."""

    workers: Annotated[int, Field(ge=1, le=64)] = 2
    lease: Seconds = timedelta(seconds=30)
    moves: Annotated[int, Field(ge=1, le=20)] = 5  #: times to start over when the branch moved
    attempts: Annotated[int, Field(ge=1, le=20)] = Backoff().attempts
    retry_first: Seconds = Backoff().first
    retry_most: Seconds = Backoff().most

    def backoff(self) -> Backoff:
        return Backoff(self.retry_first, self.retry_most, self.attempts)


class Scope(enum.StrEnum):
    """What a key opens."""

    READ = "read"  #: everything that shows how the desk stands: health, queue, patches, dashboard, metrics
    METRICS = "metrics"  #: only `/metrics`
    ALERTS = "alerts"  #: telling the desk of others' alerts


class KeySettings(Section):
    """One key over HTTP. `hash` is its SHA-256, `patchdesk keys create` prints both; nobody keeps the key."""

    name: Name
    hash: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]


class HttpSettings(Section):
    """`session` is how long a browser stays signed in to the dashboard."""

    keys: tuple[KeySettings, ...] = ()
    session: Seconds = timedelta(hours=12)

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        for kind in ("name", "hash"):
            values = [getattr(key, kind) for key in self.keys]
            if twice := next((value for value in values if values.count(value) > 1), None):
                raise ValueError(f"two keys have the {kind} {twice!r}")
        return self


class Settings(Section):
    domains: dict[Name, DomainSettings] = Field(default_factory=dict)
    slack: SlackSettings = SlackSettings()
    limits: LimitSettings = LimitSettings()
    sandbox: SandboxSettings = SandboxSettings()
    executor: WorkerSettings = WorkerSettings()
    http: HttpSettings = HttpSettings()

    @model_validator(mode="after")
    def _names_mean_one_domain(self) -> Self:
        owners: dict[str, str] = {}
        for name, domain in self.domains.items():
            for word in (name, *domain.aliases):
                other = owners.setdefault(word.casefold(), name)
                if other != name:
                    raise ValueError(f"{word!r} names both domain {other!r} and domain {name!r}")
        return self

    @model_validator(mode="after")
    def _gate_names_differ(self) -> Self:
        for name, domain in self.domains.items():
            for kind, names in (
                ("gates", [gate.name for gate in domain.gates]),
                ("repair commands", [command.name for command in domain.repair]),
            ):
                if twice := next((each for each in names if names.count(each) > 1), None):
                    raise ValueError(f"domain {name!r} has two {kind} named {twice!r}")
        return self

    def domain_names(self) -> dict[str, str]:
        """Every name and alias, case-folded, to the domain's name."""
        return {
            word.casefold(): name for name, domain in self.domains.items() for word in (name, *domain.aliases)
        }

    def domains_of(self, channel: str | None) -> tuple[str, ...]:
        """The domains that listen to *channel*; without a channel (the CLI): all."""
        return tuple(
            name for name, domain in self.domains.items() if channel is None or channel in domain.channels
        )
