"""What is said of a group's new entries, and where."""

import re
from collections.abc import Sequence

from contracts.alerts.model import Entry, Group
from contracts.notices import EditAlert, NewDelivery, PostAlert, TellAlert

_SLACK_USER = re.compile(r"[UW][A-Z0-9]{2,}")


def told(
    before: Group, after: Group, replies: Sequence[Entry], home: str | None, *, looks_new: bool
) -> tuple[NewDelivery, ...]:
    """What goes to the group's card and thread in the channel *home*; without a channel nothing does.

    Its card once, when it is first spoken of; then one edit whenever it *looks_new*; and *replies*. Nothing
    of what happened before there was a card.
    """
    if home is None or after.spoken is None:
        return ()
    said: list[NewDelivery] = []
    if before.spoken is None:
        said.append(NewDelivery(PostAlert(after.id), home))
    elif looks_new:
        said.append(NewDelivery(EditAlert(after.id), home))
    return (*said, *(NewDelivery(TellAlert(after.id, entry.number), home) for entry in replies))


def looks(group: Group) -> tuple[object, ...]:
    """All that a card shows and that can change, but for its counts."""
    return (
        group.state,
        group.hidden and (group.hidden.why, group.hidden.by, group.hidden.until),
        group.taken,
        group.snoozed_until,
        group.climb and (group.climb.step, group.climb.next_at),
    )


def mentioned(who: str | None, *, actor: str | None = None) -> dict[str, str]:
    """The fact that makes a reply mention *who*; none if they did it themselves or are not in Slack."""
    return {} if who is None or who == actor or not is_user(who) else {"mention": who}


def is_user(who: str) -> bool:
    """Whether *who* is the id of a Slack user, and no channel, user group or operator."""
    return _SLACK_USER.fullmatch(who) is not None
