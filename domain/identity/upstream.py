"""What an upstream OpenID provider says of somebody in an ID token, once it is verified (OpenID Connect Core, §3.1.3.7)."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from segments.factors import HARDWARE_KEY, ONE_TIME_CODE, PASSWORD, SEVERAL, SOFTWARE_KEY, USER

# No symmetric ones: the client's secret would be a signing key.
ALGORITHMS = ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"]
KEY_TYPES = frozenset({"EC", "RSA"})
LEEWAY = dt.timedelta(minutes=1)
# Words of RFC 8176 that we know; a provider's own words prove nothing here.
KNOWN = frozenset(
    {PASSWORD, ONE_TIME_CODE, HARDWARE_KEY, SOFTWARE_KEY, USER, SEVERAL, "fpt", "face", "kba", "pin", "sc", "wia"}
)


class UpstreamError(Exception):
    """The provider could not be believed or reached. The text is for logs: it holds nothing of a token."""


@dataclass(frozen=True, slots=True)
class UpstreamPerson:
    """Whom the provider vouches for. `email` is None unless the provider has verified it."""

    subject: str
    email: str | None
    amr: tuple[str, ...]


def verified_person(
    token: str, keys: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: dt.datetime
) -> UpstreamPerson:
    """The person of an ID token that this provider signed for us, just now, in answer to our nonce."""
    try:
        usable = [
            key
            for key in cast("list[dict[str, Any]]", keys.get("keys") or [])
            if key.get("kty") in KEY_TYPES and key.get("use", "sig") == "sig"
        ]
        claims = jwt.decode(token, KeySet.import_key_set({"keys": usable}), algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UpstreamError("the ID token's signature is not valid") from error
    try:
        check_claims(claims, issuer, client_id, nonce, now)
        return person_of(claims)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UpstreamError("a claim of the ID token is missing or malformed") from error


def check_claims(claims: Mapping[str, Any], issuer: str, client_id: str, nonce: str, now: dt.datetime) -> None:
    """Who issued it, for whom, when, and in answer to what."""
    aud = claims["aud"]
    audiences = cast("list[object]", aud) if isinstance(aud, list) else [aud]
    if claims["iss"] != issuer:
        raise UpstreamError("the ID token has another issuer")
    if client_id not in audiences or (len(audiences) > 1 and claims.get("azp") != client_id):
        raise UpstreamError("the ID token is for another client")
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise UpstreamError("the ID token answers another request")
    issued_at, expires_at = (dt.datetime.fromtimestamp(claims[name], dt.UTC) for name in ("iat", "exp"))
    if expires_at + LEEWAY <= now or issued_at > now + LEEWAY:
        raise UpstreamError("the ID token is not valid now")


def person_of(claims: Mapping[str, Any]) -> UpstreamPerson:
    """Whom claims describe, be they of an ID token or of userinfo."""
    amr: object = claims.get("amr") or []
    words = cast("list[object]", amr) if isinstance(amr, list) else []
    email = claims.get("email")
    return UpstreamPerson(
        subject=str(claims["sub"]),
        email=email if isinstance(email, str) and claims.get("email_verified") is True else None,
        amr=tuple(word for word in words if isinstance(word, str) and word in KNOWN),
    )
