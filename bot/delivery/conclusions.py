"""What follows from Slack's answer to one try of a delivery. Pure: decided here, written by the outbox."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from bot.delivery.slack_answers import Answer, Delivered, Refusal, Rejected, RetryAfter, Unknown
from contracts.faults import Reason, fault
from contracts.notices import (
    AskApproval,
    NewDelivery,
    Notice,
    PostAlert,
    PostCard,
    PostSet,
    PostSummary,
    Reject,
    SumUpSet,
    TellAlert,
    TellOperators,
    Twin,
    UploadDiff,
    UploadLog,
    UploadOffer,
)
from contracts.ports import AuditEntry, Buried, DeliveryOutcome, Doubtful, Postponed, Redirected, Sent
from contracts.records import Delivery
from contracts.states import Backoff

#: What may be said again until Slack takes it, however long that is.
LASTING: Final = Backoff(first=timedelta(seconds=2), most=timedelta(minutes=5), attempts=2**31)
#: What a later edit or mark makes up for.
PASSING: Final = Backoff(first=timedelta(seconds=2), most=timedelta(seconds=30), attempts=6)
#: An operator has to mend the token or the scopes first.
ACCESS_PAUSE: Final = timedelta(minutes=5)

_DESK = "patchdesk"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What to record. *dead*: a channel found dead just now. *trouble*: for the desk's own log."""

    outcome: DeliveryOutcome
    told: tuple[NewDelivery, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    dead: str | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides besides the answer.

    *lasting*: it must get through, however long that takes. *operators* is the channel that inherits;
    *known_dead* are channels whose death has been told. *jitter* is in [0, 1).
    """

    lasting: bool
    operators: str | None
    known_dead: AbstractSet[str]
    now: datetime
    jitter: float


def conclude(delivery: Delivery, answer: Answer, around: Circumstances) -> Conclusion:
    match answer:
        case Delivered(ref):
            return Conclusion(Sent(ref))
        case RetryAfter(wait, why, limited=True):
            return Conclusion(Postponed(around.now + wait, why))
        case RetryAfter(wait, why):
            return _again(delivery, why, around, wait)
        case Unknown(why, wait):
            return _in_doubt(delivery, why, around, wait)
        case Rejected():
            return _refused(delivery, answer, around)
        case _:
            assert_never(answer)


def _again(delivery: Delivery, why: str, around: Circumstances, wait: timedelta) -> Conclusion:
    again = _backoff(around).again_at(delivery.attempt, now=around.now, jitter=around.jitter)
    if again is None:
        return Conclusion(Buried(f"given up: {why}"), trouble=why)
    return Conclusion(Postponed(max(again, around.now + wait), why))


def _in_doubt(delivery: Delivery, why: str, around: Circumstances, wait: timedelta) -> Conclusion:
    """Whether it arrived is looked up until that is known: nothing else keeps it from being said twice."""
    again = LASTING.again_at(delivery.attempt, now=around.now, jitter=around.jitter)
    return Conclusion(Doubtful(max(again or around.now, around.now + wait), why))


def _backoff(around: Circumstances) -> Backoff:
    return LASTING if around.lasting else PASSING


def _refused(delivery: Delivery, refused: Rejected, around: Circumstances) -> Conclusion:
    match refused.refusal:
        case Refusal.CHANNEL:
            return _dead_channel(delivery, refused, around)
        case Refusal.GONE:
            return Conclusion(Buried(f"{refused.method}: {refused.error}"))
        case Refusal.ACCESS:
            why = f"{refused.method}: {refused.error}; the app's token or scopes need mending"
            if around.lasting:
                return Conclusion(Postponed(around.now + ACCESS_PAUSE, why), trouble=why)
            return Conclusion(Buried(why), trouble=why)
        case Refusal.CONTENT:
            return _refused_content(delivery, refused, around)


def _dead_channel(delivery: Delivery, refused: Rejected, around: Circumstances) -> Conclusion:
    """Finals go to the operators' channel, who are told; if that is the dead one, only the audit knows."""
    channel = delivery.channel or ""
    instead = around.operators if around.operators != channel else None
    fresh = channel not in around.known_dead
    why = f"channel {channel} is dead: {refused.error}"
    fact = fault(Reason.CHANNEL_DEAD, channel=channel, error=refused.error, instead=instead or "")
    told = (NewDelivery(TellOperators(fact), instead),) if instead and fresh else ()
    audit: tuple[AuditEntry, ...] = (AuditEntry(_DESK, "channel-dead", why),) if fresh else ()
    if instead and _may_move(delivery.notice):
        return Conclusion(Redirected(instead, why), told, audit, dead=channel, trouble=why if fresh else None)
    if around.lasting:
        audit += (_lost(delivery, why),)
    return Conclusion(Buried(why), told, audit, dead=channel, trouble=why)


def _refused_content(delivery: Delivery, refused: Rejected, around: Circumstances) -> Conclusion:
    why = f"{refused.method}: {refused.error}"
    is_note = isinstance(delivery.notice, TellOperators)
    fact = refused.fault or fault(Reason.SLACK_REFUSED, method=refused.method, error=refused.error)
    told = (NewDelivery(TellOperators(fact), around.operators),) if around.operators and not is_note else ()
    return Conclusion(Buried(why), told if around.lasting else (), (_lost(delivery, why),), trouble=why)


def _lost(delivery: Delivery, why: str) -> AuditEntry:
    return AuditEntry(_DESK, "delivery-lost", f"{delivery.notice.kind} {delivery.key}: {why}")


def _may_move(notice: Notice) -> bool:
    """What is worth reading in another channel than its own."""
    return isinstance(
        notice,
        PostCard
        | PostSummary
        | PostSet
        | SumUpSet
        | AskApproval
        | UploadDiff
        | UploadOffer
        | UploadLog
        | Reject
        | Twin
        | PostAlert
        | TellAlert,
    )
