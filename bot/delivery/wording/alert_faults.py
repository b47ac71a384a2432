"""What can go wrong when people act on alerts, and when the desk has to reach somebody."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.said import Said
from contracts.faults import Reason

_ASKING: Mapping[Reason, Said] = {
    Reason.BAD_SPAN: Said(
        "{text} is no length of time and no time to come.",
        "Write `30m`, `2h`, `1d`; in a form also `tomorrow 9:00` or `mon 14:30`.",
    ),
    Reason.UNKNOWN_ALERT: Said("There is no alert {id}.", "`alerts` lists those that are open."),
    Reason.UNKNOWN_SILENCE: Said(
        "There is no silence {id} that has not ended.", "`silences` lists them with their ids."
    ),
    Reason.SILENCE_ELSEWHERE: Said(
        "From here, only alerts of a domain that listens here can be silenced.",
        "Add `domain=NAME`, use the alert's own card, or ask in the operators' channel.",
    ),
    Reason.ROWS_MOVE_ON: Said(
        "Nothing was done: what was meant changed faster than that could be written.",
        "Ask for less at once, or again when it is calmer.",
    ),
    Reason.NOT_IN_PEOPLE: Said(
        "Only people whom `operations.yml` names are on call, and you are not among them.",
        "The desk's operators add you, with your Slack id, to `alerts.people`.",
    ),
    Reason.DUTY_HELD: Said("{person:words} is on call for {schedule} already.", ""),
    Reason.DUTY_ENDLESS: Said(
        "The present shift of {schedule} has no end.", "Say until when: `oncall take {schedule} until 18:00`."
    ),
    Reason.DUTY_NOT_TAKEN: Said(
        "{person:words} has not taken the duty of {schedule}.",
        "Who has the shift anyway hands it over by `oncall take`.",
    ),
    Reason.UNKNOWN_SCHEDULE: Said(
        "There is no schedule {name}.{suggestion:maybe}", "`oncall` lists them all."
    ),
}

_REACHING: Mapping[Reason, Said] = {
    Reason.PERSON_UNREACHED: Said(
        "Nobody was paged: Slack opens no conversation with {user} ({error}).",
        "Correct the id in the chain or the schedule in `operations.yml`.",
    ),
    Reason.MAIL_NOT_SET_UP: Said(
        "No e-mail was sent to {address}: no mail server is set up.",
        "Name it in PATCHDESK_SMTP_URL; docs/alerts-in-slack.md shows how.",
    ),
    Reason.MAIL_REFUSED: Said(
        "The mail server refused an alert for {address}: {detail:words}.",
        "Check the address, and the server and login in PATCHDESK_SMTP_URL.",
    ),
    Reason.WEBHOOK_NOT_SET_UP: Said(
        "The webhook {name} was not called: nobody says where it is.",
        "Its address belongs under `alerts.webhooks` in `operations.yml`.",
    ),
    Reason.WEBHOOK_REFUSED: Said(
        "The webhook {name} refused an alert: {detail:words}.", "Check its address and what it takes."
    ),
}

_MATCHING: Mapping[Reason, Said] = {
    Reason.NO_MATCHERS: Said(
        "It does not say which alerts are meant.",
        'Write at least one matcher, as in `alertname="disk-full"`.',
    ),
    Reason.MATCHER_TOO_LONG: Said(
        "That is too long to match with: {size:number} characters, {most:number} at most.",
        'Use a pattern, as in `domain=~"web|shop"`.',
    ),
    Reason.TOO_MANY_MATCHERS: Said(
        "More than {most:number} matchers are too many.", "Use fewer, or a pattern."
    ),
    Reason.MATCHER_UNREAD: Said(
        "{text} is no matcher.",
        "Write `label=value`, `!=`, `=~` or `!~`; separate several by commas; quote what holds commas.",
    ),
    Reason.PATTERN_TOO_LONG: Said(
        "The pattern has {size:number} characters; {most:number} are the most.", "Use several matchers."
    ),
    Reason.PATTERN_NOT_TAKEN: Said(
        "The pattern {pattern} has {found} where it cannot be.",
        "Letters, `.`, classes, alternatives in parentheses and repeats of one character are understood; "
        "a backslash before a mark takes it as it is.",
    ),
    Reason.PATTERN_REPEATS_GROUP: Said(
        "The pattern {pattern} repeats what is in parentheses.",
        "Only one character or class can be repeated; such patterns can take for ever.",
    ),
    Reason.PATTERN_TOO_COSTLY: Said(
        "The pattern {pattern} could match in too many ways.",
        "Repeat something without a limit twice at most.",
    ),
}

_ACTING: Mapping[Reason, Said] = {
    Reason.SILENCE_HIDES_ALL: Said(
        "This silence would hide every alert there is.", "Name at least one label that must be there."
    ),
    Reason.SILENCE_OVER: Said(
        "This silence would be over already: it ends at {ends:words}.", "Give a later end."
    ),
    Reason.SILENCE_TOO_LONG: Said(
        "A silence lasts {most:n|day|days} at most.", "For what recurs, use `alerts.maintenance`."
    ),
    Reason.ALERT_OVER: Said(
        "{group} is over already; nothing was changed.", "What fires again later is a new alert."
    ),
    Reason.ALERT_UNTOLD: Said(
        "Nobody was told of {group} yet; nothing was changed.", "Wait until its card is there."
    ),
    Reason.ALERT_TAKEN: Said("{by:words} sees to {group} already.", "Take it over if you do from now on."),
    Reason.ALERT_NOT_TAKEN: Said("Nobody sees to {group}, so there is nothing to give back.", ""),
    Reason.SNOOZE_LENGTH: Said(
        "An alert can be put off for {most:n|day|days} at most.",
        "Silence it if it is to be quiet for longer.",
    ),
}

_CHECKING: Mapping[Reason, Said] = {
    Reason.SILENCE_ENDS: Said(
        "The silence {silence} of {matchers} ends at {ends:words}, and it hides what nobody was told of.",
        "What still fires then is posted at once. Silence it again if that is too early.",
    ),
    Reason.ALERTS_UNHEARD: Said(
        "The route {route} may have no channel to speak in.",
        "Name the operators' channel in `slack.operators` of `patchdesk.yml`.",
    ),
    Reason.NOBODY_ON_CALL: Said(
        "In {schedule} nobody is on call from {since:words} to {until:words}.",
        "Add people, a layer or an override to the schedule in `operations.yml`.",
    ),
}

ALERT_FAULTS: Final[Mapping[Reason, Said]] = {**_ASKING, **_REACHING, **_MATCHING, **_ACTING, **_CHECKING}
