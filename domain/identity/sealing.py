"""Secrets at rest: what the database keeps of a private key is useless without a key that stands outside of it.

A sealed text is a JWE (`dir`, A256GCM, RFC 7516) whose authenticated header names what it belongs to, so that whoever can
write rows cannot put one secret in another's place.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from foundation.settings import Settings

ALGORITHM = "dir"
ENCRYPTION = "A256GCM"
KEY_BYTES = 32
FILE = "sealing.key"


class SealError(RuntimeError):
    """The sealing key is malformed or another than the one that sealed. The text holds nothing of a secret."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The key of this installation's secrets."""

    key: OctKey

    @classmethod
    def of(cls, settings: Settings) -> Seal:
        """The seal of the settings; without one, of a file in the data directory that the first use makes."""
        if settings.sealing_key is not None:
            return cls.from_text(settings.sealing_key.get_secret_value(), "QUADRANT_SEALING_KEY")
        path = settings.data_directory / FILE
        if not path.exists():
            _make(path)
        return cls.from_text(path.read_text("ascii", errors="replace"), str(path))

    @classmethod
    def from_text(cls, text: str, place: str) -> Seal:
        """The seal of a key in base64; `place` is where it stands, for who has to correct it."""
        try:
            octets = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError) as error:
            raise SealError(f"{place} is not base64") from error
        if len(octets) != KEY_BYTES:
            raise SealError(f"{place} has {len(octets)} bytes, {KEY_BYTES} are needed")
        return cls(OctKey.import_key(octets))

    def closed(self, text: str, owner: str) -> str:
        """The text, sealed for its owner (the name of the row it belongs to)."""
        header = {"alg": ALGORITHM, "enc": ENCRYPTION, "kid": owner}
        return jwe.encrypt_compact(header, text.encode(), self.key, algorithms=[ALGORITHM, ENCRYPTION])

    def opened(self, sealed: str, owner: str) -> str:
        """What `closed` was given; raises `SealError` for another key, another owner or a changed text."""
        try:
            found = jwe.decrypt_compact(sealed, self.key, algorithms=[ALGORITHM, ENCRYPTION])
        except (JoseError, ValueError) as error:
            raise SealError(
                "a secret was sealed with another key: give back the old QUADRANT_SEALING_KEY, or run `quadrant keys revoke`"
            ) from error
        if found.protected.get("kid") != owner or found.plaintext is None:
            raise SealError("a sealed secret stands in another's place")
        return found.plaintext.decode()


def _make(path: Path) -> None:
    """Write a new key that only this user reads. Of processes that start at once, the first one's key is everyone's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
