"""Access tokens: JWTs by RFC 9068 (`at+jwt`, ES256) whose private claims carry all that a viewer is made of.

Verification believes nothing that a token says of itself: one algorithm, one type, keys from our own table, and no
other header at all, so that `jwk`, `jku`, `x5u` and `crit` are refused before anything looks at them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import extract_compact

from domain.identity.keys import ALGORITHM, TOKEN_LIFETIME_MAX
from domain.identity.tables import Person
from foundation.refusals import Refusal
from foundation.settings import Settings
from segments.audiences import Audience
from segments.classification import Classification
from segments.factors import acr_of
from segments.scopes import SCOPE_NAMES, scopes_of

TYPE = "at+jwt"
TYPES = frozenset({TYPE, "application/at+jwt"})
HEADERS = frozenset({"alg", "kid", "typ"})
TOKEN_BYTES_MAX = 8_192
# What the shop front is: somebody who is not signed in, whatever its program asks for.
NOBODYS: Mapping[str, Any] = {
    "audience": Audience.CONSUMER.value,
    "clearance": Classification.PUBLIC.value,
    "compartments": [],
    "roles": [],
}
LEEWAY = dt.timedelta(seconds=10)
LOCAL_PORT = re.compile(r"^http://localhost:\d{1,5}(?=/|$)", re.ASCII)


class InvalidTokenError(Exception):
    """The token is not one of ours, or not valid now. The text is for logs and clients: it holds nothing of the token."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues tokens and for which resource.

    An installation without a public address is reached at localhost, and `quadrant token` cannot know on which port a
    server of it listens; so there the port is left out when names are compared. The key is this installation's anyway.
    """

    issuer: str
    resource: str
    any_port: bool

    @classmethod
    def of(cls, settings: Settings) -> Authority:
        """The authority that this installation is."""
        base = settings.base_url
        return cls(base, f"{base}/graphql", settings.public_url is None)

    def same(self, ours: str, theirs: object) -> bool:
        """True when a claim names what we are."""
        if not isinstance(theirs, str):
            return False
        if self.any_port:
            ours, theirs = (LOCAL_PORT.sub("http://localhost", name) for name in (ours, theirs))
        return ours == theirs


@dataclass(frozen=True, slots=True)
class AccessToken:
    """The verified facts of a token. `amr` and `auth_time`: by what and when its person signed in, if one did.

    The shop front's own token has no person. `jkt`: the thumbprint of the key whose holder alone may use the token.
    `standings`: those of its person, of its program and of who made that; the token ends with any of them.
    """

    token_id: str
    client_id: str
    expires_at: dt.datetime
    person_id: UUID | None
    audience: Audience
    customer_id: UUID | None
    employee_id: UUID | None
    clearance: Classification
    compartments: frozenset[str]
    roles: frozenset[str]
    scopes: frozenset[str]
    amr: frozenset[str] = frozenset()
    auth_time: dt.datetime | None = None
    grant_id: UUID | None = None
    jkt: str | None = None
    standings: frozenset[UUID] = frozenset()


def granted_scopes(person: Person, asked: Iterable[str]) -> frozenset[str]:
    """The scopes asked for; refused when one does not exist or is none of this person's."""
    scopes = frozenset(asked)
    for scope in sorted(scopes):
        if scope not in SCOPE_NAMES:
            raise Refusal("SCOPE_UNKNOWN", scope=scope)
    for scope in sorted(scopes - scopes_of(person.audience, person.roles)):
        raise Refusal("SCOPE_NOT_HELD", scope=scope)
    return scopes


def lifetime(settings: Settings, audience: Audience) -> dt.timedelta:
    """How long a token of a person of this audience is valid."""
    division = audience is Audience.DIVISION
    return dt.timedelta(seconds=settings.division_token_seconds if division else settings.token_seconds)


def mint(
    person: Person | None,
    scopes: frozenset[str],
    *,
    client_id: str,
    authority: Authority,
    key: ECKey,
    token_id: UUID,
    now: dt.datetime,
    valid_for: dt.timedelta,
    amr: Collection[str] = (),
    auth_time: dt.datetime | None = None,
    grant_id: UUID | None = None,
    jkt: str | None = None,
    standings: Collection[UUID] = (),
    ceiling: Classification = Classification.TOP_SECRET,
) -> str:
    """A signed access token of a person, with exactly these scopes (see `granted_scopes`).

    `amr` and `auth_time` are those of the person's session, so that the token proves no more than the session did.
    It ends with each of the `standings`.
    It shows nothing above the `ceiling`, whatever the person's clearance. Without a person it is the shop front's: the
    consumer view, no rows of anybody, no scopes.
    """
    issued_at = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": authority.issuer,
        "aud": authority.resource,
        "iat": issued_at,
        "exp": issued_at + int(min(valid_for, TOKEN_LIFETIME_MAX).total_seconds()),
        "jti": str(token_id),
        "client_id": client_id,
        "scope": " ".join(sorted(scopes)),
        "amr": sorted(amr),
        "acr": acr_of(amr),
        **({"sub": client_id, **NOBODYS} if person is None else _persons(person, ceiling)),
    }
    if auth_time is not None:
        claims["auth_time"] = int(auth_time.timestamp())
    if grant_id is not None:
        claims["grant"] = str(grant_id)
    if jkt is not None:
        claims["cnf"] = {"jkt": jkt}
    if standings:
        claims["standing"] = sorted(map(str, standings))
    return jwt.encode({"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}, claims, key, algorithms=[ALGORITHM])


def _persons(person: Person, ceiling: Classification) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "sub": str(person.id),
        "audience": person.audience.value,
        "clearance": min(person.clearance, ceiling, key=lambda degree: degree.rank).value,
        "compartments": sorted(person.compartments),
        "roles": sorted(person.roles),
    }
    if person.customer_id is not None:
        claims["customer"] = str(person.customer_id)
    if person.employee_id is not None:
        claims["employee"] = str(person.employee_id)
    return claims


def key_id(token: str) -> str:
    """The `kid` in a token's header, after the header as a whole was found to be one that we write."""
    if len(token) > TOKEN_BYTES_MAX or not token.isascii():
        raise InvalidTokenError("not a token")
    try:
        header = cast("object", extract_compact(token.encode()).protected)
    except (JoseError, ValueError, RecursionError) as error:
        raise InvalidTokenError("not a token") from error
    members = cast("dict[str, object]", header) if isinstance(header, dict) else {}
    if members.keys() != HEADERS or members["alg"] != ALGORITHM:
        raise InvalidTokenError("not a token of this server")
    kind, kid = members["typ"], members["kid"]
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise InvalidTokenError("not an access token")
    if not isinstance(kid, str):
        raise InvalidTokenError("not a token of this server")
    return kid


def verify(token: str, keys: Mapping[str, ECKey], authority: Authority, now: dt.datetime) -> AccessToken:
    """The facts of a token that we signed, for us, valid now."""
    key = keys.get(key_id(token))
    if key is None:
        raise InvalidTokenError("the signing key is unknown")
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError, RecursionError) as error:
        raise InvalidTokenError("the signature is not valid") from error
    aud = claims.get("aud")
    resources = cast("list[object]", aud) if isinstance(aud, list) else [aud]
    if not authority.same(authority.issuer, claims.get("iss")):
        raise InvalidTokenError("the token has another issuer")
    if not any(authority.same(authority.resource, resource) for resource in resources):
        raise InvalidTokenError("the token is for another resource")
    try:
        facts = _facts(claims)
        issued_at = dt.datetime.fromtimestamp(claims["iat"], dt.UTC)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InvalidTokenError("a claim is missing or malformed") from error
    if issued_at > now + LEEWAY:
        raise InvalidTokenError("the token is not valid yet")
    if facts.expires_at + LEEWAY <= now:
        raise InvalidTokenError("the token has expired")
    return facts


def _facts(claims: Mapping[str, Any]) -> AccessToken:
    scope: str = claims["scope"]
    return AccessToken(
        token_id=_text(claims["jti"]),
        client_id=_text(claims["client_id"]),
        expires_at=dt.datetime.fromtimestamp(claims["exp"], dt.UTC),
        person_id=None if claims["sub"] == claims["client_id"] else UUID(claims["sub"]),
        audience=Audience(claims["audience"]),
        customer_id=_optional_id(claims.get("customer")),
        employee_id=_optional_id(claims.get("employee")),
        clearance=Classification(claims["clearance"]),
        compartments=_names(claims["compartments"]),
        roles=_names(claims["roles"]),
        scopes=frozenset(scope.split(" ")) - {""},
        amr=_names(claims.get("amr", [])),
        auth_time=_optional_time(claims.get("auth_time")),
        grant_id=_optional_id(claims.get("grant")),
        jkt=_text(claims["cnf"]["jkt"]) if "cnf" in claims else None,
        standings=frozenset(UUID(standing) for standing in _names(claims.get("standing", []))),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("text is expected")
    return value


def _names(value: object) -> frozenset[str]:
    if not isinstance(value, list):
        raise TypeError("a list is expected")
    return frozenset(_text(item) for item in cast("list[object]", value))


def _optional_id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


def _optional_time(value: float | None) -> dt.datetime | None:
    return None if value is None else dt.datetime.fromtimestamp(value, dt.UTC)
