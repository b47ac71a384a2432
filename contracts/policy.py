"""Who may do what: `decide(settings, actor, command, place)` gives a decision with its reason."""

from dataclasses import dataclass

from contracts.commands import Actor, ActorKind, Place
from contracts.faults import Fault, Reason, fault
from contracts.settings import DomainSettings, Settings


@dataclass(frozen=True, slots=True)
class Allowed:
    pass


@dataclass(frozen=True, slots=True)
class Denied:
    fault: Fault


Decision = Allowed | Denied


def hears(settings: Settings, actor: Actor, place: Place) -> bool:
    """False for other bots, unless the channel allow-lists them: they get no answer at all."""
    if actor.kind is not ActorKind.BOT:
        return True
    return actor.id in settings.slack.allow_bots.get(place.channel or "", frozenset())


def may_submit(settings: Settings, actor: Actor, domain: str, place: Place) -> Decision:
    """Whether *actor* may give *domain* a patch from *place*.

    An operator (the desk's own machine) may always; a Slack channel must be one the domain listens
    to, and the person one of its submitters, where it names any.
    """
    if actor.kind is ActorKind.OPERATOR:
        return Allowed()
    rules = settings.domains[domain]
    if place.channel not in rules.channels:
        return Denied(fault(Reason.DOMAIN_NOT_HERE, domain=domain, channels=" ".join(rules.channels)))
    if actor.kind is ActorKind.PERSON and not _is_submitter(rules, actor):
        return Denied(fault(Reason.NOT_A_SUBMITTER, domain=domain))
    return Allowed()


def may_edit_plan(settings: Settings, actor: Actor, place: Place) -> Decision:
    """Whether *actor* may change the plan from *place*.

    An operator may, and whoever is in the operators' channel; elsewhere the submitters of any domain that
    listens there. Other bots may not.
    """
    if actor.kind is ActorKind.OPERATOR:
        return Allowed()
    if actor.kind is ActorKind.PERSON and place.channel is not None:
        if place.channel == settings.slack.operators:
            return Allowed()
        if any(_is_submitter(settings.domains[name], actor) for name in settings.domains_of(place.channel)):
            return Allowed()
    return Denied(fault(Reason.NOT_A_PLANNER))


def _is_submitter(rules: DomainSettings, actor: Actor) -> bool:
    named = rules.submitters
    if not named.users and not named.groups:
        return True
    return actor.id in named.users or bool(actor.groups & named.groups)


# Alerts ----------------------------------------------------------------------------------------
def sees_alert(settings: Settings, domain: str | None, channel: str | None, home: str | None) -> bool:
    """Whether an alert of *domain* (None: of the desk itself) is spoken of in *channel*; *home*: of its card.

    Who may see an alert may also act on it: those are the people of its domain's channels and of its card's,
    and of the operators' channel. Without one, the desk's own alerts are everybody's whom it serves. None as
    the channel is the desk's own machine.
    """
    if channel is None or channel in {home, settings.slack.operators}:
        return True
    if domain is None:
        return settings.slack.operators is None and bool(settings.domains_of(channel))
    rules = settings.domains.get(domain)
    return rules is not None and channel in rules.channels


def sees_silence(settings: Settings, domain: str | None, channel: str | None) -> bool:
    """Whether a silence of *domain* (None: of any) is spoken of in *channel*: what it hides could be."""
    if domain is None and channel is not None and settings.domains_of(channel):
        return True
    return sees_alert(settings, domain, channel, None)


def may_silence(settings: Settings, actor: Actor, domain: str | None, place: Place) -> Decision:
    """Whether *actor* may silence alerts of *domain* (None: of any) from *place*."""
    if actor.kind is ActorKind.OPERATOR or (
        place.channel is not None and sees_alert(settings, domain, place.channel, None)
    ):
        return Allowed()
    return Denied(fault(Reason.SILENCE_ELSEWHERE))
