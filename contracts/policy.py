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


def _is_submitter(rules: DomainSettings, actor: Actor) -> bool:
    named = rules.submitters
    if not named.users and not named.groups:
        return True
    return actor.id in named.users or bool(actor.groups & named.groups)
