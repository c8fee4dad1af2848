"""Proofs of possession (DPoP, RFC 9449): a client signs each request with a key of its own, to which its tokens are bound.

A proof carries its public key; what it proves is that who sends the request holds the other half. So a stolen token alone
is worth nothing.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey
from joserfc.jws import extract_compact
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.once import first_use
from domain.identity.tokens import Authority

TYPE = "dpop+jwt"
ALGORITHMS = ("ES256", "Ed25519")
PROOF_BYTES_MAX = 4_096
IDENTIFIER_CHARACTERS_MAX = 256
# Clocks of clients are off by this much at most, either way.
FRESH = dt.timedelta(seconds=60)


class InvalidProofError(Exception):
    """The proof is missing, malformed, stale, for something else or was used before. The text is for the client."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof proves: that its sender holds the key of this thumbprint (RFC 7638, SHA-256)."""

    jkt: str
    identifier: str


def verified_proof(
    proof: str, *, method: str, path: str, authority: Authority, now: dt.datetime, access_token: str | None = None
) -> Proof:
    """The proof of a request to us; with a token it must have been made for this very token."""
    if len(proof) > PROOF_BYTES_MAX or not proof.isascii():
        raise InvalidProofError("not a proof")
    try:
        header: dict[str, Any] = dict(extract_compact(proof.encode()).protected)
        key = _public_key(header)
        claims = jwt.decode(proof, key, algorithms=[header["alg"]]).claims
        age = now - dt.datetime.fromtimestamp(claims["iat"], dt.UTC)
        identifier, htm, htu = claims["jti"], claims["htm"], claims["htu"]
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InvalidProofError("the proof is malformed or its signature is not valid") from error
    if not isinstance(identifier, str) or not 0 < len(identifier) <= IDENTIFIER_CHARACTERS_MAX:
        raise InvalidProofError("jti is missing")
    # The address is compared without query and fragment (§4.3).
    plain = htu.partition("?")[0].partition("#")[0] if isinstance(htu, str) else None
    if htm != method or not authority.same(authority.issuer + path, plain):
        raise InvalidProofError("the proof is for another request")
    if abs(age) > FRESH:
        raise InvalidProofError("the proof is not fresh")
    if access_token is not None and claims.get("ath") != token_hash(access_token):
        raise InvalidProofError("the proof is for another token")
    return Proof(key.thumbprint(), identifier)


async def spend(session: AsyncSession, proof: Proof, now: dt.datetime, new_id: Callable[[], UUID]) -> None:
    """Use a proof up; refused when it was used before."""
    if not await first_use(session, f"dpop {proof.jkt} {proof.identifier}", now + 2 * FRESH, now, new_id()):
        raise InvalidProofError("the proof was used before")


def token_hash(token: str) -> str:
    """`ath`: the SHA-256 of an access token."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def _public_key(header: dict[str, Any]) -> ECKey | OKPKey:
    """The key in a proof's header, after everything else in the header was found to be as it must."""
    if header.get("typ") != TYPE or header.get("alg") not in ALGORITHMS or header.keys() - {"typ", "alg", "jwk"}:
        raise ValueError("not a proof")
    members = header["jwk"]
    key = ECKey.import_key(members) if members["kty"] == "EC" else OKPKey.import_key(members)
    if key.is_private:
        raise ValueError("a proof shows no private key")
    return key
