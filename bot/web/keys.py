"""Keys and browser sessions, as text: how they are made, and how they are recognized. Pure.

A key is 256 random bits, so a plain hash is enough: there is nothing to guess, and nothing to slow down.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from contracts.settings import KeySettings

#: What every key begins with, so that it is recognized where it should not be.
PREFIX: Final = "pdk-"
#: No key is as long; what is longer need not be hashed.
_MOST: Final = 200


def key_of(secret: str) -> str:
    """The key that is made of *secret*, 256 random bits as text."""
    return PREFIX + secret


def hash_of(key: str) -> str:
    """What the settings keep of a key."""
    return "sha256:" + hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def holder_of(key: str, known: Sequence[KeySettings]) -> KeySettings | None:
    """Whose key it is. Takes as long for every key, right or wrong."""
    given = hash_of(key[:_MOST])
    matching = [each for each in known if hmac.compare_digest(given, each.hash)]
    return matching[0] if matching else None


def session_of(holder: KeySettings, secret: str, *, now: datetime, life: timedelta) -> str:
    """What a browser keeps instead of the key: who, until when, and a seal. Worth nothing after a restart."""
    until = int((now + life).timestamp())
    return f"{until}.{holder.name}.{_seal(secret, until, holder)}"


def session_holder(
    session: str, secret: str, known: Sequence[KeySettings], *, now: datetime
) -> tuple[KeySettings, datetime] | None:
    """Whose session it is and until when; None: it is over, not of this *secret*, or its key is gone."""
    until, _, rest = session.partition(".")
    # A name may hold dots, a seal does not.
    name, _, seal = rest.rpartition(".")
    if not (until.isascii() and until.isdecimal() and len(until) < 12 and seal.isascii()):
        return None
    holder = next((each for each in known if each.name == name), None)
    if holder is None or not hmac.compare_digest(seal, _seal(secret, int(until), holder)):
        return None
    ends = datetime.fromtimestamp(int(until), now.tzinfo)
    return (holder, ends) if now < ends else None


def _seal(secret: str, until: int, holder: KeySettings) -> str:
    said = f"{until} {holder.name} {holder.hash}".encode()
    return hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()
