"""Signed messages between provider and installation: HMAC-SHA256 over `timestamp.body`, in one header.

`Payment-Signature: t=1764374400,v1=<hex>`. The timestamp is in seconds; a message that is older or newer than the tolerance
is no longer taken, so that one that was overheard cannot be sent again later. Within it, its event id counts once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re

from domain.payments.provider import WebhookRefusedError

HEADER = "payment-signature"
FORM = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})", re.ASCII)
TOLERANCE = dt.timedelta(minutes=5)


def derived(key: bytes, purpose: str) -> bytes:
    """A key of its own for a purpose, made of the installation's."""
    return hmac.digest(key, f"quadrant {purpose}".encode(), hashlib.sha256)


def signature(key: bytes, body: bytes, at: dt.datetime) -> str:
    """The header's value for a message."""
    seconds = int(at.timestamp())
    return f"t={seconds},v1={_digest(key, seconds, body)}"


def verify(key: bytes, header: str, body: bytes, now: dt.datetime) -> None:
    """Raise `WebhookRefusedError` unless the message is signed and of now."""
    given = FORM.fullmatch(header)
    if given is None:
        raise WebhookRefusedError("no signature")
    seconds = int(given[1])
    if not hmac.compare_digest(given[2], _digest(key, seconds, body)):
        raise WebhookRefusedError("another signature")
    if abs(now.timestamp() - seconds) > TOLERANCE.total_seconds():
        raise WebhookRefusedError("another time")


def _digest(key: bytes, seconds: int, body: bytes) -> str:
    return hmac.new(key, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
