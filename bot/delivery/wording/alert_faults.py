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
    Reason.ALERT_ELSEWHERE: Said(
        "This alert is not spoken of here, so it cannot be changed from here.",
        "Use the buttons on its card, or ask in a channel of its domain.",
    ),
}

_REACHING: Mapping[Reason, Said] = {
    Reason.PERSON_UNREACHED: Said(
        "Nobody was paged: Slack opens no conversation with {user} ({error}).",
        "Correct the id in the chain or the schedule in `operations.yml`.",
    ),
    Reason.MAIL_NOT_SET_UP: Said(
        "No e-mail could be sent to {address}: {variable} is not set.",
        "docs/alerts-in-slack.md shows how to name the mail server.",
    ),
    Reason.MAIL_REFUSED: Said(
        "The mail server refused an alert for {address}: {detail:words}.",
        "Check the address, and the server and login in PATCHDESK_SMTP_URL.",
    ),
    Reason.WEBHOOK_NOT_SET_UP: Said(
        "The webhook {name} could not be called: {detail:words}.",
        "Its address belongs under `alerts.webhooks` in `operations.yml`.",
    ),
    Reason.WEBHOOK_REFUSED: Said(
        "The webhook {name} refused an alert: {detail:words}.", "Check its address and what it takes."
    ),
}

ALERT_FAULTS: Final[Mapping[Reason, Said]] = {**_ASKING, **_REACHING}
