"""Random secrets: how they are made, and what is stored of them."""

from __future__ import annotations

import hashlib
import hmac
import secrets

# 32 random bytes as URL-safe base64: 43 characters.
SECRET_BYTES = 32


def new_secret() -> str:
    """A secret nobody guesses, in characters that need no escaping anywhere."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_of(secret: str) -> bytes:
    """What is stored of a secret. It has 256 random bits, so a plain hash is as good as a slow one."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def is_secret(secret: str, secret_hash: bytes) -> bool:
    """Whether a secret is the one that was stored; takes the same time whether or not it is."""
    return hmac.compare_digest(hash_of(secret), secret_hash)
