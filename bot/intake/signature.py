"""Whether a request comes from Slack: the v0 signature, over the raw bytes.

Slack signs `v0:<timestamp>:<body>` with the app's signing secret (HMAC-SHA256, hex). Checked here and not
by the SDK's verifier, which decodes the body first and fails on what is not UTF-8 or not a number.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

#: How old a request may be, and how far ahead its clock.
WINDOW: Final = timedelta(minutes=5)


def genuine(secret: str, body: bytes, *, timestamp: str, signature: str, now: datetime) -> bool:
    """True if *signature* is Slack's for *body* at *timestamp*, and that is near *now*."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        return False
    return hmac.compare_digest(sign(secret, body, timestamp).encode(), signature.encode("utf-8", "replace"))


def sign(secret: str, body: bytes, timestamp: str) -> str:
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return f"v0={digest.hexdigest()}"
