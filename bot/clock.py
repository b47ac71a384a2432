"""The one home of time, ids and chance; everybody else gets them as arguments."""

import random
import secrets
from datetime import UTC, datetime

#: Crockford's base 32 in lower case: no i, l, o, u, so that an id can be read aloud.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def now() -> datetime:
    return datetime.now(UTC)


def new_patch_id() -> str:
    """Eight characters, 40 random bits; the store refuses the rare repeat."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


def new_group_id() -> str:
    """Of a group of alerts; the dash tells it from a patch's."""
    return f"a-{new_patch_id()}"


def new_key() -> str:
    """An unguessable idempotency key for something that brought none."""
    return secrets.token_hex(16)


def new_secret() -> str:
    """256 random bits, in characters that need no quoting in a URL, a header or YAML."""
    return secrets.token_urlsafe(32)


def jitter() -> float:
    """A number in [0, 1) that spreads retries."""
    return random.random()  # noqa: S311 - spreads load, guards nothing
