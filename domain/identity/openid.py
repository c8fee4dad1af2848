"""What OpenID Connect adds to an authorization: scopes that ask for facts about the person, and the ID token."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from domain.identity.client_tables import AuthorizationGrant, LogoutNotice
from domain.identity.keys import ALGORITHM
from domain.identity.tables import Person
from segments.audiences import EVERYONE
from segments.factors import acr_of
from segments.scopes import SCOPES, Scope

OPENID, PROFILE, EMAIL, OFFLINE = "openid", "profile", "email", "offline_access"
# No rights in the schema, so they stand apart from the list of those: every person may give them.
OPENID_SCOPES = (
    Scope(OPENID, "确认您的身份", "Know who you are", EVERYONE),
    Scope(PROFILE, "查看您的姓名", "See your name", EVERYONE),
    Scope(EMAIL, "查看您的邮箱地址", "See your e-mail address", EVERYONE),
    Scope(OFFLINE, "在您离开后继续使用上述权限", "Keep these rights while you are away", EVERYONE),
)
OPENID_NAMES = frozenset(scope.name for scope in OPENID_SCOPES)
EVERY_SCOPE = {scope.name: scope for scope in (*OPENID_SCOPES, *SCOPES)}

ID_TOKEN_TYPE = "JWT"  # noqa: S105 - a media type.
LOGOUT_TYPE = "logout+jwt"
LIFETIME = dt.timedelta(minutes=10)
LOGOUT_LIFETIME = dt.timedelta(minutes=2)


def described(scopes: Iterable[str]) -> list[Scope]:
    """The scopes as the consent page lists them: who the person is first, then rights by name."""
    wanted = frozenset(scopes)
    return [scope for name, scope in EVERY_SCOPE.items() if name in wanted]


def claims_of(person: Person, scopes: frozenset[str]) -> dict[str, Any]:
    """What `userinfo` tells of a person under these scopes."""
    claims: dict[str, Any] = {"sub": str(person.id)}
    if PROFILE in scopes:
        claims["name"] = person.name
    if EMAIL in scopes:
        # Addresses are entered by who administers people, never by the person.
        claims |= {"email": person.email, "email_verified": True}
    return claims


def id_token(
    grant: AuthorizationGrant,
    client_id: str,
    access_token: str,
    *,
    issuer: str,
    key: ECKey,
    now: dt.datetime,
    nonce: str | None,
) -> str:
    """A signed ID token: who signed in, when and by what. After a refresh it says the same, without the nonce."""
    issued_at = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": str(grant.person_id),
        "aud": client_id,
        "iat": issued_at,
        "exp": issued_at + int(LIFETIME.total_seconds()),
        "auth_time": int(grant.authenticated_at.timestamp()),
        "amr": list(grant.amr),
        "acr": acr_of(grant.amr),
        "at_hash": half_hash(access_token),
    }
    if grant.login_session_id is not None:
        claims["sid"] = str(grant.login_session_id)
    if nonce is not None:
        claims["nonce"] = nonce
    return jwt.encode({"alg": ALGORITHM, "typ": ID_TOKEN_TYPE, "kid": key.kid}, claims, key, algorithms=[ALGORITHM])


def logout_token(notice: LogoutNotice, *, issuer: str, key: ECKey, now: dt.datetime, token_id: str) -> str:
    """What a program is sent when a session of its has ended (OpenID Connect Back-Channel Logout)."""
    issued_at = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": str(notice.person_id),
        "aud": notice.client.client_id,
        "iat": issued_at,
        "exp": issued_at + int(LOGOUT_LIFETIME.total_seconds()),
        "jti": token_id,
        "sid": str(notice.login_session_id),
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    return jwt.encode({"alg": ALGORITHM, "typ": LOGOUT_TYPE, "kid": key.kid}, claims, key, algorithms=[ALGORITHM])


def id_token_claims(token: str, keys: Mapping[str, ECKey], issuer: str) -> dict[str, Any] | None:
    """The claims of an ID token that we signed, expired or not; None for anything else."""
    try:
        decoded = jwt.decode(token, lambda each: keys[each.headers()["kid"]], algorithms=[ALGORITHM])
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is none of ours.
        return None
    ours = decoded.header.get("typ") == ID_TOKEN_TYPE and decoded.claims.get("iss") == issuer
    return dict(decoded.claims) if ours else None


def half_hash(text: str) -> str:
    """`at_hash`: the left half of the SHA-256, as ES256 asks."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()
