"""What is said when a key is made."""

from typing import Final

from contracts.settings import KeySettings

_SHOWN_ONCE: Final = "This is the key; it is shown this once. These lines in patchdesk.yml let it in:"
GOOD_NAME: Final = "Letters, digits, dots, dashes and underscores; it begins with a letter or a digit."


def bad_name(name: str) -> str:
    return f"{name!r} is no name for a key"


def made(key: str) -> str:
    return f"{key}\n\n{_SHOWN_ONCE}\n"


def lines(key: KeySettings) -> str:
    """YAML, to be pasted; quoted, so that no name is read as anything else."""
    return (
        "http:\n"
        "  keys:\n"
        f'    - name: "{key.name}"\n'
        f"      hash: {key.hash}\n"
        f"      scopes: [{', '.join(sorted(key.scopes))}]"
    )
