"""Devices at service stations (RFC 8628): where they ask for codes, the page on which somebody lets them in, their grant."""

# Authlib's stubs know neither what its hooks may return nor half of its types.
# pyright: reportIncompatibleMethodOverride=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidScopeError, OAuth2Error, UnauthorizedClientError
from authlib.oauth2.rfc8628 import DeviceCodeGrant
from starlette.requests import Request
from starlette.responses import Response

from domain.identity.clients import DEVICE_GRANT
from domain.identity.devices import INTERVAL_SECONDS, LIFETIME, HeldDevice, held_device, open_device, shown
from domain.identity.tables import Person
from portal.oauth.assertions import authenticating
from portal.oauth.bridge import OAuthRequest, answer, read_parameters, wait
from portal.oauth.issuer import Issuer
from portal.oauth.server import METHODS, KnownClient, Server
from portal.oauth.token_grants import Issuing

PATH = "/oauth/device_authorization"
PAGE = "/oauth/device"


@dataclass(frozen=True)
class DeviceView:
    """A device as Authlib asks about it."""

    held: HeldDevice
    server: Server
    client: KnownClient

    def get_client_id(self) -> str:
        """Whose it is."""
        return self.client.get_client_id()

    def get_scope(self) -> str:
        """What was granted."""
        return "" if self.held.grant is None else " ".join(self.held.grant.scopes)

    def get_user_code(self) -> str:
        """What its person enters."""
        return self.held.row.user_code

    def is_expired(self) -> bool:
        """Whether nobody came in time."""
        return self.held.row.expires_at <= self.server.now


class DeviceGrant(Issuing, DeviceCodeGrant):
    """A device asks whether it was let in."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def authenticate_token_endpoint_client(self) -> KnownClient:
        """The client, remembered: its assertion cannot be looked at twice."""
        self._client = cast("KnownClient", super().authenticate_token_endpoint_client())
        return self._client

    def query_device_credential(self, device_code: str) -> DeviceView:
        """The device; refused when it is unknown, another program's, or has got its tokens already."""
        house, client = self.house, self._client
        held = wait(held_device(house.session, device_code, client.row, house.now, house.issuer.ids))
        if held is None:
            raise InvalidGrantError("The device_code is not valid.")
        self._view = DeviceView(held, house, client)
        return self._view

    def query_user_grant(self, user_code: str) -> tuple[Person | None, bool] | None:  # noqa: ARG002 - the device was found by its own code.
        """What its person decided; None as long as nobody did."""
        row, grant = self._view.held.row, self._view.held.grant
        if row.decided_at is None:
            return None
        person = None if grant is None or grant.revoked_at is not None else self.admitted(grant)
        return person, person is not None

    def should_slow_down(self, credential: DeviceView) -> bool:
        """Whether it asks more often than it was told."""
        return credential.held.too_soon

    def generate_token(self, *_: object, **__: object) -> dict[str, Any]:
        """Tokens for a device that was let in."""
        held = self._view.held
        if held.grant is None:
            raise AssertionError("a device that was let in has a grant")
        self.house.check_resources(self.asked)
        proof = self.proof()
        held.row.used_at = self.house.now
        refresh_token = self.first_refresh(held.grant, proof)
        return self.issued(held.grant, self._view.get_scope(), proof, refresh_token, None)


async def device_authorization(issuer: Issuer, request: Request) -> Response:
    """Answer POST: a code for the device and one for its person."""
    asked = OAuthRequest(request, await read_parameters(request))
    async with issuer.transaction() as session:
        server = authenticating(Server(issuer, session, issuer.clock()))
        try:
            client: KnownClient = await session.run_sync(lambda _: server.authenticate_client(asked, METHODS, "device"))
            scopes = asked_scopes(client, asked)
            server.check_resources(asked)
        except OAuth2Error as error:
            return server.handle_error_response(asked, error)
        codes = await open_device(session, client.row, scopes, server.now, issuer.ids())
    page = issuer.authority.issuer + PAGE
    told = {
        "device_code": codes.device_code,
        "user_code": shown(codes.user_code),
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={shown(codes.user_code)}",
        "expires_in": int(LIFETIME.total_seconds()),
        "interval": INTERVAL_SECONDS,
    }
    return answer(200, told)


def asked_scopes(client: KnownClient, asked: OAuthRequest) -> frozenset[str]:
    """The scopes that a device asks for; refused when its program may not."""
    if DEVICE_GRANT not in client.row.grants:
        raise UnauthorizedClientError("The program is not registered for devices.")
    scope = client.get_allowed_scope(asked.parameters.scope)
    if scope is None:
        raise InvalidScopeError
    return frozenset(scope.split())
