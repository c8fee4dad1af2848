"""Clients that prove who they are by a signature (`private_key_jwt`, RFC 7523) instead of a secret that both sides hold."""

# Authlib's stubs know neither what its hooks may return nor half of its types.
# pyright: reportIncompatibleMethodOverride=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportGeneralTypeIssues=false, reportCallIssue=false
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain.identity.clients import public_keys
from domain.identity.once import first_use
from foundation.refusals import Refusal
from portal.oauth.bridge import wait
from portal.oauth.server import KnownClient, Server

METHOD = "private_key_jwt"
ALGORITHMS = ("ES256", "Ed25519")
LIFETIME_MAX = dt.timedelta(minutes=10)
IDENTIFIER_CHARACTERS_MAX = 256
INSTANTS = frozenset({"exp", "iat", "nbf"})


class Assertions(JWTBearerClientAssertion):
    """The assertions that one request may carry."""

    CLIENT_AUTH_METHOD = METHOD

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server

    def __call__(self, query_client: Any, request: Any) -> Any:
        """The client that an assertion names; None without one."""
        try:
            return super().__call__(query_client, request)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidClientError(description="Malformed assertion.") from error

    def get_audiences(self) -> list[str]:
        """For whom an assertion must be: for us by name. The token endpoint's address is what older clients write."""
        issuer = self._server.issuer.authority.issuer
        return [issuer, f"{issuer}/oauth/token"]

    def resolve_client_public_key(self, client: KnownClient) -> KeySet:
        """The keys that the client registered."""
        if client.row.jwks is None:
            raise InvalidClientError(description="The client has no keys.")
        try:
            return public_keys(client.row.jwks)
        except Refusal as refusal:
            raise InvalidClientError(description="The client's keys are not usable.") from refusal

    def process_assertion_claims(self, assertion: str, resolve_key: Any) -> Any:
        """The claims of an assertion; Authlib would take every algorithm that fits a key."""
        try:
            claims = jwt.decode(assertion, resolve_key, algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise InvalidClientError(description="The assertion's signature is not valid.") from error
        for name in INSTANTS.intersection(claims):
            # JSON knows neither NaN nor Infinity; Python reads both, and no comparison with NaN holds.
            if isinstance(claims[name], float) and not math.isfinite(claims[name]):
                raise InvalidClientError(description=f"The assertion's {name} is no instant.")
        self.verify_claims(claims)
        return claims

    def validate_jti(self, claims: dict[str, Any], jti: object) -> bool:
        """Whether the assertion is seen for the first time, and lives no longer than we remember it."""
        if not isinstance(jti, str) or len(jti) > IDENTIFIER_CHARACTERS_MAX:
            return False
        now = self._server.now
        if not isinstance(claims["exp"], int | float) or claims["exp"] > (now + LIFETIME_MAX).timestamp():
            raise InvalidClientError(description="The assertion lives too long.")
        until = now + LIFETIME_MAX + dt.timedelta(seconds=self.leeway)
        name = f"assertion {claims['sub']} {jti}"
        return wait(first_use(self._server.session, name, until, now, self._server.issuer.ids()))


def authenticating(server: Server) -> Server:
    """A server that takes assertions too."""
    server.register_client_auth_method(METHOD, Assertions(server))
    return server
