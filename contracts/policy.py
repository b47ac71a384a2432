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


# The course of things ---------------------------------------------------------------------------
def may_steer(settings: Settings, actor: Actor, owner: Actor, domain: str, place: Place) -> Decision:
    """Whether *actor* may stop, hold or move a patch of *domain* that *owner* asked for, or ask for it again.

    Whoever asked for it may, from wherever, be it a person or a bot; so may an operator, and those who may
    steer the domain.
    """
    if (actor.kind, actor.id) == (owner.kind, owner.id):
        return Allowed()
    if isinstance(may_close(settings, actor, domain, place), Allowed):
        return Allowed()
    return Denied(fault(Reason.NOT_YOURS, domain=domain))


def may_replay(settings: Settings, actor: Actor, domain: str, place: Place) -> Decision:
    """Whether *actor* may ask again for what somebody else, or they themselves once, brought to *domain*.

    Whoever may submit it may, and those who may steer the domain; having asked for it before is no right.
    """
    if isinstance(may_close(settings, actor, domain, place), Allowed):
        return Allowed()
    return may_submit(settings, actor, domain, place)


def may_close(settings: Settings, actor: Actor, domain: str, place: Place) -> Decision:
    """Whether *actor* may pause, drain or freeze *domain*, and open it again, from *place*.

    An operator may, and so may the domain's submitters in its channels and whoever is in the operators'
    channel. Other bots may not.
    """
    if isinstance(may_halt(settings, actor, place), Allowed):
        return Allowed()
    rules = settings.domains.get(domain)
    if rules is not None and actor.kind is ActorKind.PERSON and place.channel in rules.channels:
        return (
            Allowed() if _is_submitter(rules, actor) else Denied(fault(Reason.NOT_A_SUBMITTER, domain=domain))
        )
    return Denied(fault(Reason.NOT_STEERED_HERE, domain=domain))


def may_halt(settings: Settings, actor: Actor, place: Place) -> Decision:
    """Whether *actor* may halt the whole desk from *place*: operators, and whoever is in their channel."""
    in_their_channel = place.channel is not None and place.channel == settings.slack.operators
    if actor.kind is ActorKind.OPERATOR or (actor.kind is ActorKind.PERSON and in_their_channel):
        return Allowed()
    return Denied(fault(Reason.NOT_AN_OPERATOR))


# Approvals --------------------------------------------------------------------------------------
def may_approve(settings: Settings, actor: Actor, owner: Actor, domain: str, place: Place) -> Decision:
    """Whether *actor* may approve or reject a patch of *domain* that *owner* asked for.

    Never whoever asked for it, and no bot. Else an operator; the people that the domain names, from wherever;
    where it names none, its submitters in its channels.
    """
    if (actor.kind, actor.id) == (owner.kind, owner.id):
        return Denied(fault(Reason.OWN_PATCH))
    if actor.kind is ActorKind.OPERATOR:
        return Allowed()
    rules = settings.domains.get(domain)
    if rules is not None and actor.kind is ActorKind.PERSON and _is_approver(rules, actor, place):
        return Allowed()
    return Denied(fault(Reason.NOT_AN_APPROVER, domain=domain))


def _is_approver(rules: DomainSettings, actor: Actor, place: Place) -> bool:
    named = rules.approvers
    if named.users or named.groups:
        return actor.id in named.users or bool(actor.groups & named.groups)
    return place.channel in rules.channels and _is_submitter(rules, actor)


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
