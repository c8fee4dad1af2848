"""The token endpoint, and the two that take a token: revocation (RFC 7009) and introspection (RFC 7662)."""

# Authlib's stubs know neither what its hooks may return nor half of its types.
# pyright: reportIncompatibleMethodOverride=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownLambdaType=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from starlette.requests import Request
from starlette.responses import Response

from domain.identity.client_tables import Client
from domain.identity.grants import HeldRefresh, grant_of_refresh, revoke_grant
from domain.identity.keys import verification_keys
from domain.identity.revocations import is_revoked, revoke_subject
from domain.identity.tables import Person
from domain.identity.tokens import LEEWAY, AccessToken, InvalidTokenError, verify
from portal.oauth.assertions import authenticating
from portal.oauth.bridge import OAuthRequest, read_parameters, wait
from portal.oauth.devices import DeviceGrant
from portal.oauth.issuer import Issuer
from portal.oauth.server import CONFIDENTIAL_METHODS, METHODS, S256, Server
from portal.oauth.token_grants import CodeGrant, MachineGrant, RefreshGrant

TOKEN, REVOKE, INTROSPECT = "/oauth/token", "/oauth/revoke", "/oauth/introspect"


@dataclass(frozen=True)
class Presented:
    """A token that somebody asks about: an access token or a refresh token, and what became of it."""

    server: Server
    access: AccessToken | None = None
    refresh: HeldRefresh | None = None

    def check_client(self, client: Any) -> bool:
        """Whether it is this client's."""
        if self.access is not None:
            return self.access.client_id == client.row.client_id
        return self.refresh is not None and self.refresh.grant.client_id == client.row.id

    def is_expired(self) -> bool:
        """Whether its time is over; an access token that is over did not even verify."""
        return self.refresh is not None and self.refresh.row.expires_at <= self.server.now

    def is_revoked(self) -> bool:
        """Whether it counts no more, because it was revoked, was used, or its person has left."""
        if self.refresh is not None:
            return self.refresh.row.used_at is not None or self.refresh.grant.revoked_at is not None
        return self.access is None or wait(self._ended(self.access))

    async def _ended(self, access: AccessToken) -> bool:
        session = self.server.session
        if await is_revoked(session, UUID(access.token_id), access.grant_id, *access.standings):
            return True
        if access.person_id is None:
            return False
        person = await session.get(Person, access.person_id)
        return person is None or not person.active or person.audience is not access.audience


def presented(server: Server, token: str) -> Presented | None:
    """What a token is; None when it is none of ours."""
    held = wait(grant_of_refresh(server.session, token))
    if held is not None:
        return Presented(server, refresh=held)
    keys = wait(verification_keys(server.session, server.now))
    try:
        return Presented(server, access=verify(token, keys, server.issuer.authority, server.now))
    except InvalidTokenError:
        return None


class Hinted:
    """What both endpoints make of a hint: one look finds all kinds of tokens, so whatever a client takes it for is left alone.

    Authlib refuses hints that it does not know, where RFC 7009 §2.1 and RFC 7662 §2.1 ask to look everywhere.
    """

    def check_params(self, request: Any, client: Any) -> None:  # noqa: ARG002 - Authlib's signature.
        """Refuse a request that names no token."""
        if "token" not in request.form:
            raise InvalidRequestError("Missing 'token'.")


class Revocation(Hinted, RevocationEndpoint):
    """A client gives a token back: a refresh token ends its whole family, an access token itself alone."""

    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Presented | None:  # noqa: ARG002 - one look finds both kinds.
        """The token."""
        return presented(cast("Server", self.server), token_string)

    def revoke_token(self, token: Presented, request: Any) -> None:  # noqa: ARG002 - Authlib's signature.
        """End it."""
        server = token.server
        if token.refresh is not None:
            wait(revoke_grant(server.session, token.refresh.grant.id, server.now, server.issuer.ids))
        elif token.access is not None:
            until = token.access.expires_at + LEEWAY
            wait(
                revoke_subject(server.session, UUID(token.access.token_id), server.now, server.issuer.ids, until=until)
            )


class Introspection(Hinted, IntrospectionEndpoint):
    """A server behind which our tokens are used asks what they say, as it is now."""

    CLIENT_AUTH_METHODS = CONFIDENTIAL_METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Presented | None:  # noqa: ARG002 - likewise.
        """The token."""
        return presented(cast("Server", self.server), token_string)

    def check_permission(self, token: Presented, client: Any, request: Any) -> bool:  # noqa: ARG002 - Authlib's signature.
        """Clients may ask about their own tokens; those that were registered for it about all."""
        row: Client = client.row
        return row.introspects or token.check_client(client)

    def introspect_token(self, token: Presented) -> dict[str, Any]:
        """What it says."""
        if token.access is not None:
            return access_facts(token.access, token.server.issuer)
        if token.refresh is None:
            raise AssertionError("a token is one of the two")
        grant = token.refresh.grant
        return {
            "client_id": grant.client.client_id,
            "scope": " ".join(grant.scopes),
            "sub": str(grant.person_id),
            "iss": token.server.issuer.authority.issuer,
            "exp": int(token.refresh.row.expires_at.timestamp()),
            "iat": int(token.refresh.row.created_at.timestamp()),
        }


def access_facts(access: AccessToken, issuer: Issuer) -> dict[str, Any]:
    """An access token by the names of RFC 7662."""
    said: dict[str, Any] = {
        "client_id": access.client_id,
        "scope": " ".join(sorted(access.scopes)),
        "sub": access.client_id if access.person_id is None else str(access.person_id),
        "aud": issuer.authority.resource,
        "iss": issuer.authority.issuer,
        "exp": int(access.expires_at.timestamp()),
        "jti": access.token_id,
        "audience": access.audience.value,
        "token_type": "Bearer" if access.jkt is None else "DPoP",
    }
    if access.jkt is not None:
        said["cnf"] = {"jkt": access.jkt}
    return said


async def token(issuer: Issuer, request: Request) -> Response:
    """Answer the token endpoint. What a refused request revoked is committed with the refusal."""
    asked = OAuthRequest(request, await read_parameters(request))
    async with issuer.transaction() as session:
        server = server_of(issuer, session)
        response = cast("Response", await session.run_sync(lambda _: server.create_token_response(asked)))
    if response.status_code >= 400:
        # A replay ends a family: this process learns it at once, others within half a minute.
        issuer.tokens.look_again()
    return response


async def revoke(issuer: Issuer, request: Request) -> Response:
    """Answer the revocation endpoint."""
    response = await _endpoint(issuer, request, Revocation.ENDPOINT_NAME)
    issuer.tokens.look_again()
    return response


async def introspect(issuer: Issuer, request: Request) -> Response:
    """Answer the introspection endpoint."""
    return await _endpoint(issuer, request, Introspection.ENDPOINT_NAME)


async def _endpoint(issuer: Issuer, request: Request, name: str) -> Response:
    asked = OAuthRequest(request, await read_parameters(request))
    async with issuer.transaction() as session:
        server = server_of(issuer, session)
        return await session.run_sync(lambda _: server.create_endpoint_response(name, asked))


def server_of(issuer: Issuer, session: Any) -> Server:
    """The server of one request with everything that programs use without a person at a browser."""
    server = authenticating(Server(issuer, session, issuer.clock()))
    server.register_grant(CodeGrant, [S256()])
    server.register_grant(RefreshGrant)
    server.register_grant(MachineGrant)
    server.register_grant(DeviceGrant)
    server.register_endpoint(Revocation)
    server.register_endpoint(Introspection)
    return server
