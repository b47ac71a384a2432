"""What the desk's own alerts say, and what is wrong with those that others send."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.said import Said
from contracts.faults import Reason

_SENSED: Mapping[Reason, Said] = {
    Reason.REPORTED: Said("Reported: {text:words}.", ""),
    Reason.GATE_REFUSES: Said("Gate {gate} refuses; {patch} was the last.", "Ask `show` for its summary."),
    Reason.GATE_DID_NOT_RUN: Said(
        "Gate {gate} could not answer ({why}); {patch} was the last.",
        "Whether the patch is right is not known: see to the gate or its machine, then post the patch again.",
    ),
    Reason.PATCH_DID_NOT_LAND: Said(
        "Patches do not land ({why}); {patch} was the last.", "Ask `show` for its summary."
    ),
    Reason.PATCH_GIVEN_UP: Said(
        "The desk gave up on {patch} after several tries ({why}).",
        "Ask `show` for the reason and `patchdesk doctor` for the cause, then post the patch again.",
    ),
    Reason.GATE_FLAKY: Said(
        "Gate {gate} gave different answers on equal content, {count:n|time|times} within {span:took}.",
        "Until it is mended, neither of its answers says much.",
    ),
    Reason.DELIVERY_LOST: Said(
        "Something was not said and never will be ({kind}): {why:words}.", "The audit has the rest of it."
    ),
    Reason.DELIVERY_FAILING: Said(
        "{count:n|message|messages} for {where} wait to be sent again: {why:words}.",
        "They are kept, and tried until they arrive.",
    ),
    Reason.EVENT_UNREADABLE: Said(
        "Something that came in could not be read ({why}).", "The audit names the row; its sender was told."
    ),
}

_INBOUND: Mapping[Reason, Said] = {
    Reason.WEBHOOK_VERSION: Said(
        "Version {version} of the webhook format is not understood.", 'Send `"version": "4"`.'
    ),
    Reason.TOO_MANY_ALERTS: Said(
        "{count:n|alert|alerts} in one message are too many.",
        "Send {most:number} at most; in Alertmanager that is `max_alerts`.",
    ),
    Reason.ALERT_STATUS: Said("The status of {where} is {status}.", "It must be `firing` or `resolved`."),
    Reason.TOO_MANY_LABELS: Said(
        "{where} has {count:n|label|labels}.", "Send {most:number} at most; drop those that identify nothing."
    ),
    Reason.LABEL_NAME: Said(
        "{where} has a label {name}, and no label can be called so.",
        "Letters, digits and underscores, 63 at most, and no digit first.",
    ),
    Reason.LABEL_TOO_LONG: Said(
        "The label {name} of {where} has {size:number} characters.",
        "Send {most:number} at most; what is long belongs into an annotation.",
    ),
    Reason.LABEL_CONTROL: Said(
        "The label {name} of {where} holds control characters.", "Send one line of text."
    ),
}

SENSED_FAULTS: Final[Mapping[Reason, Said]] = {**_SENSED, **_INBOUND}
