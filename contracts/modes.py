"""What a patch may say of a file beside its content."""

import enum


class FileMode(enum.StrEnum):
    """The two modes a patch may give a file (git's spelling)."""

    REGULAR = "100644"
    EXECUTABLE = "100755"


class Presence(enum.StrEnum):
    """What a Write expects to find at its path."""

    ANY = "any"
    ABSENT = "absent"  #: create: refused if the file exists
    PRESENT = "present"  #: update: refused if it does not
