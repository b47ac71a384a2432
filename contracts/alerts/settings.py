"""The section `alerts` of `operations.yml`: routes, chains, people on call, times of silence."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from contracts.alerts.escalation import Address, Importance, Rung, StepSettings, rungs
from contracts.alerts.matching import parse_matchers
from contracts.alerts.model import DOMAIN, Matcher
from contracts.alerts.oncall import ScheduleSettings
from contracts.faults import Fault
from contracts.intervals import IntervalSettings, WithKeywords
from contracts.sections import Section
from contracts.settings import ChannelId, Name, Seconds, UserId

_Value = TypeVar("_Value")

LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]

WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+", max_length=2000)]

#: As the only entry of `group_by`: every alert is a group of its own.
EVERY_LABEL: Final = "..."
#: The path of the outermost route.
ROOT_PATH: Final = "{}"


def _parsed(text: str) -> tuple[Matcher, ...]:
    parsed = parse_matchers(text)
    if isinstance(parsed, Fault):
        facts = "".join(f", {name} {value!r}" for name, value in parsed.args.items())
        raise ValueError(f"{text!r} cannot be matched with: {parsed.reason}{facts}")  # noqa: TRY004 - pydantic's
    return parsed


def _matchers(text: str) -> str:
    _parsed(text)
    return text


#: One or several matchers, separated by commas.
Match = Annotated[str, AfterValidator(_matchers)]


class MaintenanceSettings(Section):
    """While `interval` covers the time, what `match` matches is not spoken of."""

    interval: Name
    match: Annotated[tuple[Match, ...], Field(min_length=1)]

    @cached_property
    def matchers(self) -> tuple[Matcher, ...]:
        return read_matchers(self.match)


# Routes ------------------------------------------------------------------------------------------
class InhibitionSettings(Section):
    """While an alert that `source` matches fires, those of `target` with equal `equal` labels are hidden."""

    source: Annotated[tuple[Match, ...], Field(min_length=1)]
    target: Annotated[tuple[Match, ...], Field(min_length=1)]
    equal: tuple[LabelName, ...] = ()

    @cached_property
    def sources(self) -> tuple[Matcher, ...]:
        return read_matchers(self.source)

    @cached_property
    def targets(self) -> tuple[Matcher, ...]:
        return read_matchers(self.target)


class RouteSettings(WithKeywords):
    """Where what `match` matches goes. What is None is as in the route above.

    `group_wait` is how long a new group waits for more of its kind; `group_interval` the least time between
    two words about its growth; `repeat_interval` how often it is said again that it is still so. `channel` is
    a channel, `domain` (the first channel of the domain that its label names) or `operators`. `chain`
    escalates while nobody acknowledges; `none`: no chain. `mute` and `active` name intervals.
    """

    match: tuple[Match, ...] = ()
    group_by: tuple[LabelName | Literal["..."], ...] | None = None
    group_wait: Annotated[timedelta, Field(ge=timedelta(0))] | None = None
    group_interval: Seconds | None = None
    repeat_interval: Seconds | None = None
    channel: ChannelId | Literal["domain", "operators"] | None = None
    chain: Name | None = None
    continue_: bool = Field(default=False, alias="continue")
    mute: tuple[Name, ...] | None = None
    active: tuple[Name, ...] | None = None
    routes: "tuple[RouteSettings, ...]" = ()

    @cached_property
    def matchers(self) -> tuple[Matcher, ...]:
        return read_matchers(self.match)


@dataclass(frozen=True, slots=True)
class Route:
    """A route with everything it inherits. *path* names it; *chain* None: nothing escalates."""

    path: str
    matchers: tuple[Matcher, ...]
    group_by: tuple[str, ...]
    group_wait: timedelta
    group_interval: timedelta
    repeat_interval: timedelta
    channel: str
    chain: str | None
    goes_on: bool
    mute: tuple[str, ...]
    active: tuple[str, ...]
    routes: "tuple[Route, ...]" = ()


# People and ways out -----------------------------------------------------------------------------
class PersonSettings(Section):
    """Somebody who can be told. At least one of the two."""

    slack: UserId | None = None
    email: Address | None = None

    @model_validator(mode="after")
    def _can_be_told(self) -> Self:
        if self.slack is None and self.email is None:
            raise ValueError("give a Slack id or an e-mail address")
        return self


class WebhookSettings(Section):
    """An address that is told by HTTP POST, with `headers`, within `timeout` seconds.

    An address that is a secret stands in the environment: `url_variable` names it.
    """

    url: WebAddress | None = None
    url_variable: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,99}$")] | None = None
    headers: dict[str, str] = Field(default={})
    timeout: Seconds = timedelta(seconds=10)

    @model_validator(mode="after")
    def _lies_somewhere(self) -> Self:
        if (self.url is None) is (self.url_variable is None):
            raise ValueError("give either `url` or `url_variable`")
        return self


# All of it ---------------------------------------------------------------------------------------
class AlertSettings(Section):
    """Where alerts go and who is told when nobody takes them.

    `remind_after` is how often who acknowledged is reminded, `let_go_after` when it is taken from them again;
    `resolve_after` how long nothing may fire until a group is over. `fall_back_after` is how long Slack may
    be out of reach until a group's webhooks and e-mails are used; `announce_silence_end` how long before its
    end a silence is spoken of. `keep` is how long a group that is over is kept, with its alerts and its log.
    """

    route: RouteSettings = RouteSettings()
    inhibitions: tuple[InhibitionSettings, ...] = ()
    intervals: dict[Name, IntervalSettings] = Field(default={})
    maintenance: tuple[MaintenanceSettings, ...] = ()
    chains: dict[Name, tuple[StepSettings, ...]] = Field(default={})
    people: dict[Name, PersonSettings] = Field(default={})
    schedules: dict[Name, ScheduleSettings] = Field(default={})
    webhooks: dict[Name, WebhookSettings] = Field(default={})
    remind_after: Seconds = timedelta(hours=1)
    let_go_after: Seconds = timedelta(hours=4)
    snooze_choices: Annotated[tuple[Seconds, ...], Field(min_length=1, max_length=10)] = (
        timedelta(minutes=30),
        timedelta(hours=1),
        timedelta(hours=4),
        timedelta(days=1),
    )
    fall_back_after: Seconds = timedelta(minutes=5)
    announce_silence_end: Seconds = timedelta(minutes=15)
    resolve_after: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(minutes=5)
    keep: Seconds = timedelta(days=90)

    @model_validator(mode="after")
    def _every_name_means_something(self) -> Self:
        for kind, known, uses in self._names():
            for where, name in uses:
                if name not in known:
                    there = ", ".join(known) or "none"
                    raise ValueError(
                        f"{where} names the {kind} {name!r}, and there is no such {kind} ({there})"
                    )
        return self

    def _names(self) -> Iterator[tuple[str, Iterable[str], Iterable[tuple[str, str]]]]:
        """Each kind of name, those that there are, and where each is used."""
        routes = tuple(self.routes.values())
        steps = [(f"chain {name}", step) for name, chain in self.chains.items() for step in chain]
        yield (
            "interval",
            self.intervals,
            [(f"route {r.path}", n) for r in routes for n in (*r.mute, *r.active)],
        )
        yield "interval", self.intervals, [("maintenance", each.interval) for each in self.maintenance]
        yield "chain", self.chains, [(f"route {r.path}", r.chain) for r in routes if r.chain]
        yield "person", self.people, [(where, step.person) for where, step in steps if step.person]
        written = [(where, step.email) for where, step in steps if step.email and "@" not in step.email]
        yield "person", self.people, written
        yield "person", self.people, [(f"schedule {s}", n) for s, n in self._on_schedules()]
        yield "schedule", self.schedules, [(where, step.on_call) for where, step in steps if step.on_call]
        yield "webhook", self.webhooks, [(where, step.webhook) for where, step in steps if step.webhook]

    def _on_schedules(self) -> Iterator[tuple[str, str]]:
        for name, schedule in self.schedules.items():
            yield from ((name, person) for layer in schedule.layers for person in layer.people)
            yield from ((name, override.person) for override in schedule.overrides)

    @model_validator(mode="after")
    def _chains_can_be_climbed(self) -> Self:
        for name, chain in self.chains.items():
            if any(step.repeat for step in chain[:-1]):
                raise ValueError(f"chain {name}: `repeat` can only be the last step")
            important = any(step.importance is Importance.IMPORTANT for step in chain)
            if chain and chain[-1].repeat and not important:
                raise ValueError(f"chain {name}: only important steps are repeated, and it has none")
            for step in chain:
                self._can_be_mailed(name, step)
        return self

    def _can_be_mailed(self, chain: str, step: StepSettings) -> None:
        if step.email and "@" not in step.email and self.people[step.email].email is None:
            raise ValueError(f"chain {chain} sends e-mail to {step.email!r}, who has no address")

    @model_validator(mode="after")
    def _a_domain_has_groups_of_its_own(self) -> Self:
        for route in self.routes.values():
            if route.channel == "domain" and not {DOMAIN, EVERY_LABEL} & set(route.group_by):
                raise ValueError(
                    f"route {route.path}: to go to the domain's channel it must group by {DOMAIN}"
                )
        return self

    @model_validator(mode="after")
    def _the_root_takes_everything(self) -> Self:
        if self.route.match:
            raise ValueError("the outermost route takes everything: give it no `match`")
        return self

    @cached_property
    def routes(self) -> Mapping[str, Route]:
        """Every route by its path, the outermost first, each with what it inherits."""
        return {route.path: route for route in _flat(_resolved(self.route, _ROOT, ()))}

    @cached_property
    def ladders(self) -> Mapping[str, tuple[Rung, ...]]:
        """The tellings of each chain, by its name."""
        return {name: rungs(chain) for name, chain in self.chains.items()}


#: What the outermost route is where the file says nothing.
_ROOT: Final = Route(
    path="",
    matchers=(),
    group_by=("alertname", DOMAIN),
    group_wait=timedelta(seconds=30),
    group_interval=timedelta(minutes=5),
    repeat_interval=timedelta(hours=4),
    channel="operators",
    chain=None,
    goes_on=False,
    mute=(),
    active=(),
)


def read_matchers(texts: Iterable[str]) -> tuple[Matcher, ...]:
    """The matchers of *texts*, which were validated before."""
    return tuple(matcher for text in texts for matcher in _parsed(text))


def _resolved(settings: RouteSettings, above: Route, taken: Iterable[str]) -> Route:
    """*settings* below *above*. *taken*: paths of its elder siblings; equal ones are numbered."""
    path = f"{above.path}/{{{','.join(settings.match)}}}" if above.path else ROOT_PATH
    again = sum(1 for other in taken if other == path or other.startswith(f"{path}#"))
    path = f"{path}#{again + 1}" if again else path
    here = Route(
        path=path,
        matchers=settings.matchers,
        group_by=_or(settings.group_by, above.group_by),
        group_wait=_or(settings.group_wait, above.group_wait),
        group_interval=_or(settings.group_interval, above.group_interval),
        repeat_interval=_or(settings.repeat_interval, above.repeat_interval),
        channel=_or(settings.channel, above.channel),
        chain=above.chain
        if settings.chain is None
        else (None if settings.chain == "none" else settings.chain),
        goes_on=settings.continue_,
        mute=_or(settings.mute, above.mute),
        active=_or(settings.active, above.active),
    )
    below: list[Route] = []
    for child in settings.routes:
        below.append(_resolved(child, here, [route.path for route in below]))
    return replace(here, routes=tuple(below))


def _or(said: _Value | None, inherited: _Value) -> _Value:
    return inherited if said is None else said


def _flat(route: Route) -> Iterator[Route]:
    yield route
    for child in route.routes:
        yield from _flat(child)
