"""Keys that callers choose for what they want done once: which are taken, and whose they are."""

from __future__ import annotations

import hashlib

from segments.viewer import Viewer

KEY_CHARACTERS_MAX = 200


def is_key(key: str) -> bool:
    """Whether a text can be a key: 1 to 200 characters that the database can store."""
    if not 1 <= len(key) <= KEY_CHARACTERS_MAX or "\0" in key:
        return False
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def has_keys(viewer: Viewer) -> bool:
    """Whether a viewer can have keys of their own: somebody who is known, a person or a program."""
    return viewer.person_id is not None or viewer.client_id is not None


def digest(viewer: Viewer, key: str) -> bytes:
    """The SHA-256 of a key and of whose it is: the same key of two callers is two keys."""
    parts = (viewer.settings[0], str(viewer.customer_id), str(viewer.person_id), str(viewer.client_id), key)
    return hashlib.sha256("\0".join(parts).encode()).digest()


def lock_number(digest_of_key: bytes) -> int:
    """The number of the advisory lock of a key. Two keys with one number wait for each other, and nothing else."""
    return int.from_bytes(digest_of_key[:8], signed=True)
