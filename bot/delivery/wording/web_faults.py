"""What can go wrong over HTTP: keys, paths, and a desk that is not there yet or no more."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.said import Said
from contracts.faults import Reason

_MAKE_ONE = "`patchdesk keys create NAME` makes one; it goes into the header `Authorization: Bearer …`."

WEB_FAULTS: Final[Mapping[Reason, Said]] = {
    Reason.KEY_MISSING: Said("This wants a key.", _MAKE_ONE),
    Reason.KEY_WRONG: Said("This is no key of this desk.", _MAKE_ONE),
    Reason.KEY_TOO_NARROW: Said(
        "This key does not open that; {scopes:list|or} would.",
        "Add it to the key's `scopes` in the settings.",
    ),
    Reason.SESSION_OVER: Said("You are not signed in any more.", "Sign in again at /dashboard."),
    Reason.NOT_SERVED: Said("There is nothing at {path}.", "docs/http.md has what there is."),
    Reason.METHOD_NOT_SERVED: Said("This does not take {method}.", "It takes {allowed:list|or}."),
    Reason.BODY_TOO_LARGE: Said("The body is larger than {most:size}.", "Send less at once."),
    Reason.HISTORY_SPAN: Said(
        "{name} is {given}.", "Give `minutes` or `hours`, one of them, as a number from 1 to {most:number}."
    ),
    Reason.TOO_MANY_WATCH: Said(
        "{most:n|browser|browsers} watch already.", "The page itself can still be loaded anew."
    ),
    Reason.DESK_STARTING: Said("The desk is starting.", "It is not ready until it hears Slack."),
    Reason.DESK_STOPPING: Said("The desk is stopping.", "What comes in now is for the next start."),
    Reason.NEVER_CONSUMED: Said("Nothing has been taken up yet.", ""),
    Reason.HEALTH_OLD: Said(
        "The latest measurement is {age:took} old; one is made at least every {most:took}.",
        "Whatever measures has stopped; the log says why.",
    ),
}
