"""The routes of the authorization server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from portal.callers import Callers
from portal.oauth import (
    authorize,
    consents,
    device_page,
    devices,
    keys,
    logout,
    metadata,
    pushed,
    registration,
    tokens,
    userinfo,
)
from portal.oauth.desk import Desk

Endpoint = Callable[[Request], Awaitable[Response]]

# What browser programs of any site may send; no cookie counts here.
CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
    "Access-Control-Max-Age": "7200",
}


def oauth_routes(desk: Desk, callers: Callers) -> list[BaseRoute]:
    """Everything that programs and verifiers of tokens ask, and the pages on which people let programs in."""
    issuer = desk.issuer
    return [
        Route(authorize.PATH, partial(authorize.authorize, desk), methods=["GET", "POST"]),
        Route(consents.PATH, partial(consents.consents, desk), methods=["GET", "POST"]),
        anybodys(tokens.TOKEN, partial(tokens.token, issuer), ["POST"]),
        anybodys(tokens.REVOKE, partial(tokens.revoke, issuer), ["POST"]),
        anybodys(tokens.INTROSPECT, partial(tokens.introspect, issuer), ["POST"]),
        anybodys(pushed.PATH, partial(pushed.push, issuer), ["POST"]),
        anybodys(devices.PATH, partial(devices.device_authorization, issuer), ["POST"]),
        Route(devices.PAGE, partial(device_page.device, desk), methods=["GET", "POST"]),
        Route(logout.PATH, partial(logout.logout, desk), methods=["GET", "POST"]),
        anybodys(registration.PATH, partial(registration.register, issuer), ["POST"]),
        anybodys(registration.PATH + "/{client_id}", partial(registration.manage, issuer), ["GET", "PUT", "DELETE"]),
        anybodys(userinfo.PATH, partial(userinfo.userinfo, issuer, callers), ["GET", "POST"]),
        *(anybodys(path, partial(metadata.metadata, issuer), ["GET"]) for path in metadata.PATHS),
        Route(keys.PATH, keys.KeySet(issuer.database, issuer.clock).answer, methods=["GET"]),
    ]


def anybodys(path: str, endpoint: Endpoint, methods: Sequence[str]) -> Route:
    """A route that programs in browsers reach from other sites too."""

    async def answered(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=CROSS_ORIGIN)
        return await endpoint(request)

    return Route(path, answered, methods=[*methods, "OPTIONS"])
