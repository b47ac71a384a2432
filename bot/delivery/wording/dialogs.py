"""What the submit form and the App Home say. All of it is plain text unless it says mrkdwn."""

from typing import Final

TITLE: Final = "Submit a patch"
SUBMIT: Final = "Submit"
CLOSE: Final = "Close"
LOADING: Final = "One moment …"
DOMAIN_LABEL: Final = "Domain"
DOMAIN_PLACEHOLDER: Final = "Where it is to land"
TITLE_LABEL: Final = "Title"
TITLE_HINT: Final = "Leave it empty to keep the patch's own."
PATCH_LABEL: Final = "Patch"
PATCH_PLACEHOLDER: Final = "A diff, or a JSON or YAML block with role: command_patch"


def patch_hint(most: int) -> str:
    return f"At most {most:,} characters fit here. Post a longer one in the channel, or as a file."


def domain_hint(left: int) -> str:
    """*left* domains do not fit into the menu."""
    return f"{left:,} more do not fit here; name one with /patch submit DOMAIN."


HOME_LANES: Final = "Lanes"
HOME_QUEUE: Final = "Waiting and running"
HOME_RECENT: Final = "Finished lately"


def as_of(moment: str) -> str:
    """*moment* is inked."""
    return f"As of {moment}"
