"""Addresses of Slack messages."""

from contracts.commands import Place


def permalink(workspace: str | None, place: Place | None) -> str | None:
    """The address of the message at *place*; *workspace* is Slack's own, as `auth.test` names it (`url`)."""
    if workspace is None or place is None or place.channel is None or place.ts is None:
        return None
    address = f"{workspace.rstrip('/')}/archives/{place.channel}/p{place.ts.replace('.', '')}"
    if place.thread is None or place.thread == place.ts:
        return address
    return f"{address}?thread_ts={place.thread}&cid={place.channel}"
