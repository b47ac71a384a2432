"""What the command line says of routes, chains and what would come of an alert."""

from collections.abc import Iterable
from typing import Final

from bot.delivery.wording import figures
from contracts.alerts.foretelling import Happening, Prospect
from contracts.alerts.matching import spelled
from contracts.alerts.model import Entry, EntryKind, Hidden, Hiding
from contracts.alerts.settings import AlertSettings
from contracts.notices import CallWebhook, MailAlert, NewDelivery, PageSomebody, PostAlert

LABELS_WANTED: Final = "Write labels as in --labels alertname=disk-low,severity=critical"
NOT_A_TIME: Final = "Write the time as in 2026-03-28T09:30, or with its offset, as in 2026-03-28T09:30+01:00"
NO_CHANNEL: Final = "no channel"
FINE: Final = "Nothing to object to."
NO_STORE: Final = "There is no store here, so no silence was looked at."
WHERE_PEOPLE_ARE: Final = "They are under `alerts.people` in `operations.yml`."
WITHOUT_ACT: Final = "If nobody does anything:"


def checked(settings: AlertSettings) -> str:
    parts = [
        figures.counted(len(settings.routes), "route", "routes"),
        figures.counted(len(settings.chains), "chain", "chains"),
        figures.counted(len(settings.people), "person", "people"),
        figures.counted(len(settings.schedules), "schedule", "schedules"),
        figures.counted(len(settings.inhibitions), "inhibition", "inhibitions"),
        figures.counted(len(settings.intervals), "interval", "intervals"),
    ]
    return f"Alerts: {figures.joined(parts)}."


def not_equal(text: str) -> str:
    return f"{text} is no set of labels"


def no_person(name: str, people: Iterable[str]) -> str:
    known = figures.joined(sorted(people)) or "nobody"
    return f"{name} is none of the people: {known}"


def heading(prospect: Prospect) -> tuple[str, ...]:
    """The route and the group, in lines."""
    route = prospect.route
    chain = f"chain {route.chain}" if route.chain else "no chain"
    labels = ", ".join(f'{name}="{value}"' for name, value in prospect.placement.labels.items())
    matched = spelled(route.matchers) or "everything"
    pace = (
        f"card after {figures.duration(route.group_wait)}",
        f"growth every {figures.duration(route.group_interval)}",
        f"again every {figures.duration(route.repeat_interval)}",
    )
    lines = (
        f"Route {route.path} takes {matched}: {prospect.channel or NO_CHANNEL}, {chain}",
        f"  Group {{{labels}}}: {', '.join(pace)}",
    )
    return (*lines, f"  {_hidden(prospect.hidden)}") if prospect.hidden else lines


def _hidden(hidden: Hidden) -> str:
    by = {
        Hiding.SILENCE: f"Silenced by {hidden.by}",
        Hiding.INHIBITION: f"Kept back while {hidden.by} fires",
        Hiding.INTERVAL: f"Kept back by the interval {hidden.by}",
    }[hidden.why]
    return by + (f" until {figures.utc(hidden.until)}" if hidden.until else "")


def happening(happens: Happening, prospect: Prospect) -> str:
    """One line of what would be said, and to whom."""
    entry = happens.entry
    told = [_told(each) for each in happens.told]
    mention = entry.facts.get("mention")
    told += [f"{mention} in its thread"] if mention else []
    whom = f": {', '.join(told)}" if told else ""
    return f"{_what(entry, prospect)}{whom}"


def _what(entry: Entry, prospect: Prospect) -> str:
    facts = entry.facts
    match entry.kind:
        case EntryKind.OPENED:
            return "its card" if prospect.channel else "nobody is told: there is no channel"
        case EntryKind.ESCALATED:
            lap = f", round {facts['lap']}" if facts["lap"] != "1" else ""
            person = f" ({facts['person']})" if facts.get("person", facts["to"]) != facts["to"] else ""
            return f"step {facts['step']}{lap}, {facts['way'].replace('_', ' ')} {facts['to']}{person}"
        case EntryKind.HIDDEN:
            return f"kept back by {facts['by']}"
        case EntryKind.SHOWN:
            return f"no longer kept back by {facts['by']}"
        case EntryKind.SILENCE_ENDS:
            return f"the coming end of {facts['silence']} is told"
        case _:
            return entry.kind.value


def _told(delivery: NewDelivery) -> str:
    match delivery.notice:
        case PostAlert():
            return f"posted in {delivery.channel}"
        case PageSomebody(user=user):
            return f"{user} directly"
        case MailAlert(address=address):
            return f"e-mail to {address}"
        case CallWebhook(name=name):
            return f"webhook {name}"
        case _:
            return ""
