"""Numbers of orders that people read to each other, and that do not tell how many orders there are."""

from __future__ import annotations

import hashlib
from uuid import UUID

# Crockford's alphabet: no I, L, O or U, which are taken for others.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS, GROUP_CHARACTERS, BITS = 3, 4, 5


def order_number(order_id: UUID) -> str:
    """Sixty bits of a hash of an order's key, such as `7K3M-9XTM-2P4D`: neither its instant nor its neighbours can be read."""
    count = GROUPS * GROUP_CHARACTERS
    bits = int.from_bytes(hashlib.blake2b(order_id.bytes, digest_size=8).digest())
    digits = "".join(ALPHABET[bits >> (BITS * at) & 31] for at in range(count))
    return "-".join(digits[at : at + GROUP_CHARACTERS] for at in range(0, count, GROUP_CHARACTERS))
