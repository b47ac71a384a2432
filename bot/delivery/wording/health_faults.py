"""How the desk says how it is itself: what does not hold, what could not be measured, what it did."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.said import Said
from contracts.faults import Reason

_LEVELS: Mapping[Reason, Said] = {
    Reason.QUEUE_DEEP: Said(
        "{measured:n|patch waits|patches wait} for {domain}; {limit:number} is the most.",
        "Look at what the head of the lane is doing: `patchdesk queue`.",
    ),
    Reason.HEAD_STALE: Said(
        "The next patch of {domain} has waited {measured:took} to be taken up; {limit:took} is the most.",
        "{did:deed}More `executor.workers`, or quicker gates, if this comes again.",
    ),
    Reason.SUMMARY_LATE: Said(
        "A patch of {domain} ended {measured:took} ago and its summary is still to be said;"
        " {limit:took} is the most.",
        "Delivery is slow or held up; the outbox keeps what is to be said.",
    ),
    Reason.QUARANTINE_FULL: Said(
        "{measured:n|patch|patches} of {domain} went into quarantine lately; {limit:number} is the most.",
        "The desk itself could not carry them out: its log says why.",
    ),
    Reason.FAILURES_MANY: Said(
        "{measured:words} % of the last patches of {domain} failed; {limit:words} % is the most.",
        "`patchdesk status` shows the latest.",
    ),
    Reason.COMPONENT_SILENT: Said(
        "{component} has given no sign of life for {measured:took}; {limit:took} is the most.",
        "{did:deed}Its log says what it did last.",
    ),
    Reason.COMPONENT_FAILED: Said(
        "{component} ended by an error: {detail:words}.", "It is started again after a wait."
    ),
    Reason.RESTARTS_MANY: Said(
        "{component} was started again {measured:n|time|times} within minutes; {limit:number} is the most.",
        "{did:deed}The desk's log has the error of each.",
    ),
    Reason.NOTHING_CONSUMED: Said(
        "{component} has taken nothing up for {measured:took} though something waits;"
        " {limit:took} is the most.",
        "All its workers may be busy; if none is, its log says what holds it up.",
    ),
    Reason.OUTBOX_OLD: Said(
        "Something has waited {measured:took} to be said; {limit:took} is the most.",
        "Slack may refuse or delay it; the desk keeps trying.",
    ),
    Reason.DISK_LOW: Said(
        "{measured:words} % of the disk of the data folder is free; {limit:words} % is the least.",
        "{did:deed}Make room there: without it the desk can record nothing.",
    ),
    Reason.STORE_DAMAGED: Said(
        "The last check of the store found {measured:n|thing|things} wrong.",
        "`patchdesk db check` lists them; restore a backup if pages are damaged.",
    ),
    Reason.SOCKET_SILENT: Said(
        "Nothing was heard from Slack's connections for {measured:took}; {limit:took} is the most.",
        "{did:deed}What was sent meanwhile Slack sends again.",
    ),
    Reason.CLOCK_SKEWED: Said(
        "The clock of this machine is {measured:took} away from Slack's; {limit:took} is the most.",
        "Let the machine follow a time server: signatures and schedules depend on it.",
    ),
    Reason.WATCHDOG_STOPPED: Said(
        "The desk has not looked at itself for {measured:took}; {limit:took} is the most.",
        "Its watchdog is started again; until it ticks, no level is checked.",
    ),
}

_UNMEASURED: Mapping[Reason, Said] = {
    Reason.NOT_MEASURED_YET: Said("It has not been measured yet.", ""),
    Reason.NOTHING_MEASURES: Said("Nothing in this desk measures it.", ""),
    Reason.TOO_FEW_FINISHED: Said(
        "Only {found:n|patch has|patches have} come to an end; {least:number} are needed for a rate.", ""
    ),
    Reason.NO_SOCKET: Said("The desk is called over HTTP and holds no connection to Slack.", ""),
    Reason.MEASURING_FAILED: Said("It could not be measured: {detail:words}.", "The desk's log has more."),
}

_DEEDS: Mapping[Reason, Said] = {
    Reason.DID_RESTART: Said("The desk started {component} again.", ""),
    Reason.DID_RECONNECT: Said("The desk began {count:n|connection|connections} to Slack anew.", ""),
    Reason.DID_REQUEUE: Said("The desk offered {count:n|patch|patches} again.", ""),
    Reason.DID_TIDY: Said("The desk removed {count:n|thing|things} that were left behind.", ""),
}

HEALTH_FAULTS: Final[Mapping[Reason, Said]] = {**_LEVELS, **_UNMEASURED, **_DEEDS}
