"""What the desk may mend by itself where a patch does not fit as it was posted; all of it is told."""

import enum
from dataclasses import dataclass


class Mending(enum.StrEnum):
    AUTO = "auto"
    NEVER = "never"


class Rerun(enum.StrEnum):
    """What becomes of a required gate that said no: whether it runs once more on the same files."""

    AUTO = "auto"  #: it does, and the second verdict counts
    OFFER = "offer"  #: it does, and the first verdict counts; that they differ is told
    NEVER = "never"  #: it does not


@dataclass(frozen=True, slots=True)
class Resolving:
    """*line_endings*: a diff takes those of the file. *flaky*: gates."""

    line_endings: Mending = Mending.AUTO
    flaky: Rerun = Rerun.OFFER
