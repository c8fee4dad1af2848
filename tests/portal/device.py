"""A device with a passkey, in software: what an authenticator and a browser do together (WebAuthn, ES256, no attestation)."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

PRESENT, VERIFIED, SYNCABLE, ATTESTED = 0x01, 0x04, 0x08, 0x40


@dataclass
class Device:
    """One key pair of one site. Tests change what it says to see it refused."""

    host: str
    origin: str
    flags: int = PRESENT | VERIFIED
    signatures: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    owner: bytes = b""

    def create(self, options: dict[str, Any]) -> str:
        """The answer to registration options."""
        self.owner = base64url_to_bytes(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = encode_cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = b"\x00" * 16 + struct.pack(">H", len(self.credential)) + self.credential + cose
        statement = encode_cbor({"fmt": "none", "attStmt": {}, "authData": self.data(ATTESTED) + attested})
        client_data = self.client_data("webauthn.create", options["challenge"])
        return self.answer(clientDataJSON=client_data, attestationObject=statement)

    def get(self, options: dict[str, Any]) -> str:
        """The answer to sign-in options."""
        self.signatures += 1
        client_data, data = self.client_data("webauthn.get", options["challenge"]), self.data()
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return self.answer(
            clientDataJSON=client_data, authenticatorData=data, signature=signature, userHandle=self.owner
        )

    def data(self, more: int = 0) -> bytes:
        """Authenticator data: the site, what was verified, how often it signed."""
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", self.flags | more, self.signatures)

    def client_data(self, kind: str, challenge: str) -> bytes:
        """What the browser vouches for."""
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def answer(self, **response: bytes) -> str:
        """The answer as our module sends it."""
        key = bytes_to_base64url(self.credential)
        said = {name: bytes_to_base64url(value) for name, value in response.items()}
        return json.dumps({"id": key, "rawId": key, "type": "public-key", "response": said})
