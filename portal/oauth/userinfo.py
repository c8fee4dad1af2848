"""What a program may know of the person whose token it holds (OpenID Connect userinfo)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.identity.openid import OPENID, claims_of
from domain.identity.tables import Person
from portal.callers import INVALID_TOKEN, CallerRefusedError, Callers
from portal.headers import header_map
from portal.oauth.bridge import ANSWER_HEADERS
from portal.oauth.issuer import Issuer

PATH = "/oauth/userinfo"
INSUFFICIENT = 'Bearer error="insufficient_scope", scope="openid"'


async def userinfo(issuer: Issuer, callers: Callers, request: Request) -> Response:
    """Answer GET and POST with a token in the `Authorization` header."""
    authorization = request.headers.get("authorization")
    if authorization is None:
        return refused(401, "invalid_token", "Bearer")
    try:
        await callers.caller(request.scope, header_map(request.scope))
    except CallerRefusedError as error:
        return refused(error.status, "invalid_token", error.headers.get("WWW-Authenticate", "Bearer"))
    facts = await issuer.tokens.facts(authorization.partition(" ")[2].strip())
    if OPENID not in facts.scopes or facts.person_id is None:
        return refused(403, "insufficient_scope", INSUFFICIENT)
    async with issuer.transaction() as session:
        person = await session.get(Person, facts.person_id)
    if person is None or not person.active:
        return refused(401, "invalid_token", INVALID_TOKEN)
    return JSONResponse(claims_of(person, facts.scopes), headers=dict(ANSWER_HEADERS))


def refused(status: int, error: str, challenge: str) -> Response:
    """What a program without a fitting token is told (RFC 6750)."""
    return JSONResponse({"error": error}, status, headers={**ANSWER_HEADERS, "WWW-Authenticate": challenge})
