"""Tokens of carts: a secret of the browser or program that holds it, of which the cart's key is made."""

from __future__ import annotations

import hashlib
import re
from uuid import UUID

# 32 random bytes in base64url.
TOKEN_BYTES = 32
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def cart_key(token: str) -> UUID | None:
    """The key of the cart that a token opens: a hash, so that no row tells a token. None for what is no token."""
    if not TOKEN.fullmatch(token):
        return None
    digest = int.from_bytes(hashlib.sha256(b"cart " + token.encode()).digest()[:16])
    # RFC 9562 §5.8: version 8, for whatever is no other kind.
    return UUID(int=digest & ~(0xF << 76) & ~(0x3 << 62) | 8 << 76 | 2 << 62)
