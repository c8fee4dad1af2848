"""Whether an authorization request is right: the same rules whether a browser brings it or its client pushed it."""

# Authlib's stubs know half of its types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownLambdaType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.client_tables import Client
from portal.oauth.bridge import OAuthRequest, check_parameters
from portal.oauth.server import S256, KnownClient, Server
from portal.oauth.token_grants import CodeGrant

THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
SECONDS = re.compile(r"\d{1,9}", re.ASCII)
PROMPTS = frozenset({"none", "login", "consent", "select_account"})


class RequestObjectError(OAuth2Error):
    """Request objects are not taken; PAR does what they are for."""

    error = "request_not_supported"


@dataclass(frozen=True)
class Asking:
    """A request that was found to be right, as it is looked at."""

    request: OAuthRequest
    client: Client
    redirect_uri: str

    @property
    def state(self) -> str | None:
        """What the program wants back unchanged."""
        return self.request.parameters.state

    @property
    def prompts(self) -> frozenset[str]:
        """Which pages the program wants shown, or `none`."""
        return frozenset(self.request.parameters.data.get("prompt", "").split())

    @property
    def scopes(self) -> frozenset[str]:
        """What the program asks for."""
        return frozenset((self.request.parameters.scope or "").split())

    def sent(self, name: str) -> str | None:
        """A parameter."""
        return self.request.parameters.data.get(name)

    def refused(self, error: OAuth2Error) -> OAuth2Error:
        """An error that the program is told."""
        error.redirect_uri = self.redirect_uri
        return error


async def checked(server: Server, session: AsyncSession, request: OAuthRequest) -> Asking:
    """The request, if it is right; an error with an address is for the program, one without for the person."""
    check_parameters(request)
    server.register_grant(CodeGrant, [S256()])
    grant = await session.run_sync(lambda _: server.get_consent_grant(request, end_user=None))
    asking = Asking(request, cast("KnownClient", request.client).row, grant.redirect_uri)
    try:
        server.check_resources(request)
        check_openid(asking)
    except OAuth2Error as error:
        raise asking.refused(error) from error
    return asking


def check_openid(asking: Asking) -> None:
    """Refuse what OpenID Connect and DPoP add to a request, where it is not as it must."""
    if asking.sent("request") is not None:
        raise RequestObjectError("Request objects are not supported.")
    if asking.sent("response_mode") not in {None, "query"}:
        raise InvalidRequestError("response_mode must be query.")
    if not asking.prompts <= PROMPTS or ("none" in asking.prompts and len(asking.prompts) > 1):
        raise InvalidRequestError("Invalid prompt.")
    if not SECONDS.fullmatch(asking.sent("max_age") or "0"):
        raise InvalidRequestError("Invalid max_age.")
    if not THUMBPRINT.fullmatch(asking.sent("dpop_jkt") or "a" * 43):
        raise InvalidRequestError("Invalid dpop_jkt.")
