"""What is said of alerts: on a group's card, in its thread, in lists, in mails, on the buttons.

Names and labels come from anybody; nobody is mentioned but those whom an entry names to be told.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, assert_never

from bot.delivery.wording import figures
from bot.delivery.wording.faults import explain
from bot.delivery.wording.ink import Ink
from contracts.alerts.escalation import Way
from contracts.alerts.model import (
    NAME,
    SEVERITY,
    Alert,
    Entry,
    EntryKind,
    Group,
    GroupState,
    Hidden,
    Hiding,
    Labels,
    Matcher,
    Severity,
    Silence,
)
from contracts.alerts.oncall import Shift
from contracts.notices import Confirm, Done
from contracts.secrets import redact

#: An address that cannot end the link it is written into.
_LINK: Final = re.compile(r"https?://[\w.:-]{1,200}(/[\w./?&=%#~:@+,;!$-]{0,800})?", re.ASCII)
#: The names of people by their ids; who is not in it is called by the id.
Names = Mapping[str, str]

SEVERITY_NAMES: Final[Mapping[Severity, str]] = {
    Severity.CRITICAL: "Critical",
    Severity.WARNING: "Warning",
    Severity.INFO: "Info",
}

ACKNOWLEDGE: Final = "Acknowledge"
TAKE_OVER: Final = "Take over"
LET_GO: Final = "Un-acknowledge"
WAKE: Final = "End snooze"
RESOLVE: Final = "Resolve"
SILENCE: Final = "Silence …"
SNOOZE: Final = "Snooze"
OTHER_TIME: Final = "Other …"

SNOOZE_TITLE: Final = "Snooze an alert"
SNOOZE_LABEL: Final = "For how long, or until when"
SNOOZE_PLACEHOLDER: Final = "2h, tomorrow 9:00, mon 14:30"
SILENCE_TITLE: Final = "Silence alerts"
MATCHERS_LABEL: Final = "What to silence"
MATCHERS_HINT: Final = "Like label=value, label!=value, label=~pattern or label!~pattern; commas between."
LENGTH_LABEL: Final = "For how long, or until when"
COMMENT_LABEL: Final = "Why"
COMMENT_PLACEHOLDER: Final = "For whoever wonders why nobody was told"
SAVE: Final = "Save"
CANCEL: Final = "Cancel"

NOTHING_FIRES: Final = "Nothing fires that is spoken of here."
NO_SILENCES: Final = "Nothing is silenced that is spoken of here."
NO_SCHEDULES: Final = "No schedule is set up. They belong under `alerts.schedules` in `operations.yml`."
NOBODY: Final = "nobody"


# The card --------------------------------------------------------------------------------------
def title(group: Group, members: Sequence[Alert], ink: Ink) -> str:
    """`Critical: gate-flaky · domain=web`."""
    called = group.labels.get(NAME) or next((alert.labels.get(NAME) for alert in members), None)
    rest = labels({name: value for name, value in group.labels.items() if name not in (NAME, SEVERITY)}, ink)
    said = f"{SEVERITY_NAMES[group.severity]}: {ink.words(called or 'Alerts')}"
    return f"{said} · {rest}" if rest else said


def labels(given: Labels, ink: Ink) -> str:
    return ", ".join(ink.say("{it:words}", it=f"{name}={value}") for name, value in sorted(given.items()))


def counts(group: Group, ink: Ink) -> str:
    """How much of it there is, and since when."""
    fires = f"{group.firing:,} of {group.alerts:,} fire" if group.firing < group.alerts else _all_fire(group)
    if group.state is GroupState.RESOLVED or not group.firing:
        fires = f"No longer firing: {figures.counted(group.alerts, 'alert', 'alerts')}"
    often = f", seen {figures.times(group.times)}" if group.times > 1 else ""
    return ink.say(f"{fires}{often}, since {{since:when}}.", since=group.opened_at)


def _all_fire(group: Group) -> str:
    return "1 alert fires" if group.firing == 1 else f"{group.firing:,} alerts fire"


def member(alert: Alert, group: Group, ink: Ink) -> str:
    """One alert of a group: what it says, and what tells it from the others."""
    own = {name: value for name, value in alert.labels.items() if group.labels.get(name) != value}
    own = {name: value for name, value in own.items() if name not in (NAME, SEVERITY)}
    parts = [explain(alert.what, ink).what.removesuffix(".")]
    parts += [labels(own, ink)] if own else []
    parts += [figures.times(alert.times)] if alert.times > 1 else []
    ended = ink.say("ended {at:when}", at=alert.ended) if alert.ended else ""
    parts += [ended or ink.say("since {at:when}", at=alert.since)]
    if alert.link is not None and _LINK.fullmatch(alert.link) and redact(alert.link) == alert.link:
        parts.append(ink.link("source", alert.link))
    return " · ".join(parts)


def hint(members: Sequence[Alert], ink: Ink) -> str:
    """What to do about the first that fires and has a word about it."""
    said = (explain(alert.what, ink).hint for alert in members if alert.ended is None)
    return next((each for each in said if each), "")


def standing(group: Group, ink: Ink, *, names: Names) -> str:
    """The state, and who has it."""
    match group.state:
        case GroupState.WAITING:
            return "Waiting for more of its kind."
        case GroupState.FIRING:
            return f"{ink.strong('Firing.')} Nobody has taken it."
        case GroupState.ACKNOWLEDGED:
            who = f" by {_who(group.taken.by, ink, names)}" if group.taken else ""
            since = ink.say(" since {at:when}", at=group.taken.at) if group.taken else ""
            return f"{ink.strong('Acknowledged')}{who}{since}."
        case GroupState.SNOOZED:
            end = ink.say(" until {at:when}", at=group.snoozed_until) if group.snoozed_until else ""
            who = f" by {_who(group.taken.by, ink, names)}" if group.taken else ""
            return f"{ink.strong('Snoozed')}{who}{end}."
        case GroupState.RESOLVED:
            at = ink.say(" {at:when}", at=group.resolved_at) if group.resolved_at else ""
            if group.resolved_by is None:
                return f"{ink.strong('Resolved')}{at}: what caused it has ended."
            return f"{ink.strong('Resolved')} by {_who(group.resolved_by, ink, names)}{at}."
        case _:
            assert_never(group.state)


def hidden(why: Hidden, ink: Ink) -> str:
    """Why nobody is told, and until when."""
    end = ink.say(" until {at:when}", at=why.until) if why.until else ""
    match why.why:
        case Hiding.SILENCE:
            return ink.say("Silenced by {by}", by=why.by) + f"{end}: nobody is told."
        case Hiding.INHIBITION:
            return ink.say("Kept back while {by} fires", by=why.by) + f"{end}: nobody is told."
        case Hiding.INTERVAL:
            return ink.say("Kept back by the interval {by}", by=why.by) + f"{end}: nobody is told."
        case _:
            assert_never(why.why)


def next_step(way: Way, to: str, at: datetime, ink: Ink) -> str:
    """What the chain does next if nobody acknowledges; *to* as `operations.yml` names it."""
    whom = _PLACES.get(to, f"{WAY_NAMES[way]} {ink.channel(to) if way is Way.CHANNEL else ink.quote(to)}")
    return ink.say("Next, if nobody takes it: {whom:raw}, at {at:when}.", at=at, whom=whom)


def origin(group: Group, ink: Ink) -> str:
    return ink.say("alert {id} · route {route}", id=group.id, route=group.route)


#: Channels that have another name in a chain than their id.
_PLACES: Final = {"own": "this channel", "operators": "the operators' channel"}
WAY_NAMES: Final[Mapping[Way, str]] = {
    Way.CHANNEL: "the channel",
    Way.PERSON: "the person",
    Way.USER_GROUP: "the user group",
    Way.ON_CALL: "whoever is on call in",
    Way.WEBHOOK: "the webhook",
    Way.EMAIL: "an e-mail to",
}


def _who(who: str, ink: Ink, names: Names) -> str:
    """By name: a mention would ping them about what they did themselves."""
    return ink.words(names.get(who, who))


# The thread ------------------------------------------------------------------------------------
def entry(written: Entry, ink: Ink, *, names: Names) -> str:  # noqa: C901, PLR0912 - one row per kind
    """What was written into the log, as a sentence; whom it calls is `call`."""
    facts = _Facts(written.facts, ink, names)
    who = _who(written.actor, ink, names) if written.actor else "The desk"
    match written.kind:
        case EntryKind.OPENED:
            return f"It began: {facts.counts()}."
        case EntryKind.GREW:
            return f"There is more of it: {facts.counts()}."
        case EntryKind.REPEATED:
            return f"It is still so: {facts.counts()}."
        case EntryKind.ESCALATED:
            return f"Nobody has taken it. {_escalated(facts, ink)}"
        case EntryKind.FELL_BACK:
            return f"People hear nothing by Slack{facts.when('since', ' since {}')}: {_told(facts, ink)} now."
        case EntryKind.ACKNOWLEDGED:
            return f"{who} acknowledged it."
        case EntryKind.TAKEN_OVER:
            return f"{who} took it over{facts.name('from', ' from {}')}."
        case EntryKind.REMINDED:
            return f"It still fires{facts.name('by', '; {} has had it')}{facts.when('since', ' since {}')}."
        case EntryKind.LET_GO if written.actor is None:
            return (
                f"It was acknowledged for long{facts.name('from', ' by {}')} and fires: it is nobody's again."
            )
        case EntryKind.LET_GO:
            return f"{who} gave it back: it is nobody's again."
        case EntryKind.SNOOZED:
            return f"{who} snoozed it{facts.when('until', ' until {}')}."
        case EntryKind.WOKE:
            return "The snooze is over, and it still fires."
        case EntryKind.HIDDEN:
            return f"{facts.hiding('It is')}{facts.when('until', ' until {}')}."
        case EntryKind.SHOWN:
            return f"{facts.hiding('It was')}; that has ended, and it still fires."
        case EntryKind.SILENCE_ENDS:
            ends = facts.when("until", ", at {}")
            return ink.say("The silence {id} ends soon", id=facts.text("silence") or "?") + f"{ends}."
        case EntryKind.RESOLVED:
            return f"{who} resolved it." if written.actor else "What caused it has ended: resolved."
        case _:
            assert_never(written.kind)


def call(written: Entry, ink: Ink) -> str:
    """The mention of whom the entry is to reach, and of nobody else."""
    whom = written.facts.get("mention")
    return ink.person(whom) if whom else ""


def _escalated(facts: "_Facts", ink: Ink) -> str:
    lap = facts.text("lap")
    again = f", round {facts.number('lap')}" if lap not in ("", "1") else ""
    return f"Step {facts.number('step')} of its chain{again}: {_told(facts, ink)}."


def _told(facts: "_Facts", ink: Ink) -> str:
    """Who is told by what way; people and what else has a name as `operations.yml` names them."""
    way, to = facts.text("way"), facts.text("to")
    match way:
        case Way.CHANNEL:
            return f"the channel {ink.channel(to)} is told"
        case Way.ON_CALL if not facts.text("person"):
            return ink.say("nobody is on call in {to}", to=to)
        case Way.ON_CALL:
            return ink.say("{person}, on call in {to}, is told", person=facts.text("person"), to=to)
        case Way.USER_GROUP:
            return ink.say("the user group {to} is told", to=to)
        case Way.WEBHOOK:
            return ink.say("the webhook {to} is called", to=to)
        case Way.EMAIL:
            return ink.say("an e-mail goes to {to}", to=to)
        case _:
            return ink.say("{to} is told", to=to)


class _Facts:
    """The facts of an entry, which are text; what a row of another release lacks is left out."""

    def __init__(self, facts: Mapping[str, str], ink: Ink, names: Names) -> None:
        self._facts = facts
        self._ink = ink
        self._names = names

    def text(self, name: str) -> str:
        return self._facts.get(name, "")

    def number(self, name: str) -> str:
        return self._ink.say("{it:number}", it=self._facts.get(name, "?"))

    def counts(self) -> str:
        return f"{self.number('firing')} firing, seen {self.number('times')} times in all"

    def name(self, fact: str, template: str) -> str:
        """*template* around what somebody is called; empty if there is nobody."""
        who = self.text(fact)
        return template.format(_who(who, self._ink, self._names)) if who else ""

    def when(self, name: str, template: str) -> str:
        """*template* around the time; empty if there is none."""
        try:
            moment = datetime.fromisoformat(self.text(name))
        except ValueError:
            return ""
        return template.format(self._ink.moment(moment)) if moment.tzinfo else ""

    def hiding(self, verb: str) -> str:
        """What keeps people from being told, behind *verb*."""
        why = {
            Hiding.SILENCE: "silenced by {by}",
            Hiding.INHIBITION: "kept back while {by} fires",
            Hiding.INTERVAL: "kept back by the interval {by}",
        }
        told = self.text("why")
        template = why[Hiding(told)] if told in list(Hiding) else "kept back by {by}"
        return f"{verb} {self._ink.say(template, by=self.text('by') or '?')}"


def paged(written: Entry, ink: Ink) -> str:
    """Why somebody gets this directly."""
    step = written.facts.get("step")
    why = f" (step {ink.words(step)} of its chain)" if step else ""
    return f"{ink.strong('You are asked to see to this.')} Nobody has taken it{why}."


# Mails -----------------------------------------------------------------------------------------
def mail_end(link: str | None) -> str:
    there = f"Its card, where it can be acknowledged: {link}\n" if link else ""
    return f"{there}Patchdesk sends this because nobody has taken the alert, or Slack is out of reach."


# Lists -----------------------------------------------------------------------------------------
def group_line(group: Group, ink: Ink, *, names: Names, link: str | None) -> str:
    """One open group in a list."""
    called = title(group, (), ink)
    named = ink.link(called, link) if link else called
    parts = [ink.quote(group.id), named, standing(group, ink, names=names), counts(group, ink)]
    parts += [hidden(group.hidden, ink)] if group.hidden else []
    return " ".join(parts)


def matcher(one: Matcher, ink: Ink) -> str:
    return ink.quote(f"{one.label}{one.operator.value}{one.value}")


def silence_line(silence: Silence, ink: Ink, *, names: Names) -> str:
    what = figures.joined([matcher(each, ink) for each in silence.matchers]) or "everything"
    said = ink.say("{id} hides {what:raw} until {ends:when}", id=silence.id, what=what, ends=silence.ends)
    return f"{said}: {ink.words(silence.comment)} ({_who(silence.creator, ink, names)})"


def duty_line(schedule: str, shifts: Sequence[Shift], ink: Ink) -> str:
    """Who is on call, until when, and who is next; people as `operations.yml` names them."""
    people = [ink.words(shift.person) if shift.person else NOBODY for shift in shifts]
    end = ink.say(" until {at:when}", at=shifts[0].ends) if shifts and shifts[0].ends else ""
    after = f", then {people[1]}" if len(people) > 1 else ""
    return f"{ink.strong(ink.words(schedule))}: {people[0] if people else NOBODY}{end}{after}."


def done(told: Confirm, ink: Ink) -> str:
    facts = _Facts(told.facts, ink, {})
    match told.did:
        case Done.ACKNOWLEDGED:
            return _acknowledged(told.facts, ink)
        case Done.SILENCED:
            said = ink.say("Silence {id} is in force", id=facts.text("silence"))
            return f"{said}{facts.when('until', ' until {}')}."
        case Done.UNSILENCED:
            return ink.say(
                "Silence {id} has ended; what still fires is told at once.", id=facts.text("silence")
            )
        case Done.STEERED:
            return ink.say("Done; the thread of {id} says so.", id=facts.text("patch"))
        case _:
            assert_never(told.did)


def _acknowledged(facts: Mapping[str, str], ink: Ink) -> str:
    count = facts.get("count", "0")
    if count == "0":
        return "Nothing that is open and not yet taken matches that."
    return ink.say("You acknowledged {count:n|alert|alerts}.", count=count)


def snooze_choice(length: timedelta) -> str:
    return f"for {figures.duration(length)}"
