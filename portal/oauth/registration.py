"""Programs that register themselves (RFC 7591) with an invitation, and change or remove their registration (RFC 7592)."""

from __future__ import annotations

import datetime as dt
import hmac
import json
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.identity.client_tables import Client, ClientAuthentication, RegistrationToken
from domain.identity.clients import CODE_GRANT, Registration, add_client, add_secret, change_client, find_client
from domain.identity.grants import revoke_grants_of_client
from domain.identity.invitations import invited, registration_token
from domain.identity.secrets import hash_of
from domain.identity.tables import Person
from foundation.language import translate
from foundation.refusals import Refusal
from portal.oauth.bridge import ANSWER_HEADERS
from portal.oauth.issuer import Issuer

PATH = "/oauth/register"
BODY_BYTES_MAX = 64 * 1024
TEXTS = ("client_name", "token_endpoint_auth_method", "scope")
LISTS = ("redirect_uris", "post_logout_redirect_uris", "grant_types", "response_types")
SECRETS = (ClientAuthentication.SECRET_BASIC, ClientAuthentication.SECRET_POST)


class RefusedError(Exception):
    """The registration is refused, with a code of RFC 7591 §3.2.2 or RFC 6750."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error

    def answer(self) -> Response:
        """What the program is told."""
        headers = dict(ANSWER_HEADERS)
        if self.status == 401:
            headers["WWW-Authenticate"] = f'Bearer error="{self.error}"'
        return JSONResponse({"error": self.error, "error_description": str(self)}, self.status, headers=headers)


async def register(issuer: Issuer, request: Request) -> Response:
    """Answer POST: a program registers itself with an invitation."""
    try:
        said = await metadata_of(request)
        async with issuer.transaction() as session:
            now = issuer.clock()
            invitation, owner = await invitation_of(session, request, now)
            row_id = issuer.ids()
            row = await add_client(session, registration_of(said, owner), owner, now, row_id, row_id.hex)
            invitation.uses_left -= 1
            secret = await add_secret(session, row, now, issuer.ids()) if row.authentication in SECRETS else None
            told = described(issuer, row) | {"registration_access_token": registration_token(row)}
            if secret is not None:
                told |= {"client_secret": secret, "client_secret_expires_at": 0}
        return JSONResponse(told, 201, headers=dict(ANSWER_HEADERS))
    except RefusedError as error:
        return error.answer()
    except Refusal as refusal:
        return refused(refusal).answer()


async def manage(issuer: Issuer, request: Request) -> Response:
    """Answer GET, PUT and DELETE: a program reads, changes or removes its own registration."""
    try:
        async with issuer.transaction() as session:
            row = await own_registration(session, request)
            if request.method == "DELETE":
                row.active, row.registration_token_hash = False, None
                # What it was granted ends with it (RFC 7592 §2.3).
                await revoke_grants_of_client(session, row.id, issuer.clock(), issuer.ids)
            elif request.method == "PUT":
                await changed(session, row, await metadata_of(request))
            told = described(issuer, row)
        if request.method != "GET":
            # The table ended the tokens of a program that may do less now.
            issuer.tokens.look_again()
        if request.method == "DELETE":
            return Response(status_code=204, headers=dict(ANSWER_HEADERS))
        return JSONResponse(told, headers=dict(ANSWER_HEADERS))
    except RefusedError as error:
        return error.answer()
    except Refusal as refusal:
        return refused(refusal).answer()


async def invitation_of(session: AsyncSession, request: Request, now: dt.datetime) -> tuple[RegistrationToken, Person]:
    """The invitation that a request brings, and whose it is."""
    found = await invited(session, bearer_of(request), now)
    if found is None:
        raise RefusedError(401, "invalid_token", "The initial access token is not valid.")
    return found


async def own_registration(session: AsyncSession, request: Request) -> Client:
    """The program of the address, if the token is that of its registration; one answer for everything else."""
    row = await find_client(session, request.path_params["client_id"])
    expected = row.registration_token_hash if row is not None else None
    fits = hmac.compare_digest(hash_of(bearer_of(request)), expected or b"")
    if row is None or not fits:
        raise RefusedError(401, "invalid_token", "The registration access token is not valid.")
    return row


async def changed(session: AsyncSession, row: Client, said: Mapping[str, Any]) -> None:
    """Replace a registration as a whole (RFC 7592 §2.2)."""
    if said.get("client_id") != row.client_id or row.owner is None:
        raise RefusedError(400, "invalid_client_metadata", "client_id must be the program's own.")
    registration = registration_of(said, row.owner)
    if registration.authentication is not row.authentication:
        raise RefusedError(400, "invalid_client_metadata", "token_endpoint_auth_method cannot be changed.")
    await change_client(session, row, registration, row.owner)


def bearer_of(request: Request) -> str:
    """The token of a request."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise RefusedError(401, "invalid_token", "A token is needed in the Authorization header.")
    return token.strip()


async def metadata_of(request: Request) -> Mapping[str, Any]:
    """The metadata in the body; refused when it is no JSON object or a member is of another type."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise RefusedError(413, "invalid_client_metadata", "The metadata is too large.")
    try:
        found: object = json.loads(body)
        # Lone surrogates and infinite numbers, which Python reads, can be told to nobody in an answer.
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "invalid_client_metadata", "The body is not JSON.") from error
    if not isinstance(found, dict):
        raise RefusedError(400, "invalid_client_metadata", "The metadata is a JSON object.")
    said = cast("dict[str, Any]", found)
    for name in TEXTS:
        if not isinstance(said.get(name, ""), str):
            raise RefusedError(400, "invalid_client_metadata", f"{name} is text.")
    for name in LISTS:
        listed = said.get(name, [])
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in cast("list[object]", listed)):
            raise RefusedError(400, "invalid_client_metadata", f"{name} is a list of texts.")
    if not isinstance(said.get("dpop_bound_access_tokens", False), bool):
        raise RefusedError(400, "invalid_client_metadata", "dpop_bound_access_tokens is true or false.")
    return said


def registration_of(said: Mapping[str, Any], owner: Person) -> Registration:
    """Metadata as our own registration, with the defaults of RFC 7591 §2."""
    try:
        authentication = ClientAuthentication(said.get("token_endpoint_auth_method", "client_secret_basic"))
    except ValueError as error:
        raise RefusedError(400, "invalid_client_metadata", "The token_endpoint_auth_method is not known.") from error
    grants: list[str] = said.get("grant_types", [CODE_GRANT])
    if said.get("response_types", ["code"] if CODE_GRANT in grants else []) not in (["code"], []):
        raise RefusedError(400, "invalid_client_metadata", "response_types can only be code.")
    keys = said.get("jwks")
    return Registration(
        name=said.get("client_name", ""),
        authentication=authentication,
        grants=grants,
        redirect_uris=said.get("redirect_uris", []),
        post_logout_redirect_uris=said.get("post_logout_redirect_uris", []),
        scopes=said.get("scope", "").split(),
        audiences=(owner.audience,),
        jwks=None if keys is None else json.dumps(keys),
        dpop_bound=said.get("dpop_bound_access_tokens", False),
    )


def described(issuer: Issuer, row: Client) -> dict[str, Any]:
    """A registration by the names of RFC 7591."""
    said: dict[str, Any] = {
        "client_id": row.client_id,
        "client_id_issued_at": int(row.created_at.timestamp()),
        "registration_client_uri": f"{issuer.authority.issuer}{PATH}/{row.client_id}",
        "client_name": row.name,
        "token_endpoint_auth_method": row.authentication.value,
        "grant_types": list(row.grants),
        "response_types": ["code"] if CODE_GRANT in row.grants else [],
        "redirect_uris": list(row.redirect_uris),
        "post_logout_redirect_uris": list(row.post_logout_redirect_uris),
        "scope": " ".join(row.scopes),
        "dpop_bound_access_tokens": row.dpop_bound,
    }
    if row.jwks is not None:
        said["jwks"] = json.loads(row.jwks)
    return said


def refused(refusal: Refusal) -> RefusedError:
    """A rule's refusal by the codes of RFC 7591."""
    about_address = refusal.code == "CLIENT_ADDRESS_INVALID" and refusal.path[:1] == ("redirectUris",)
    code = "invalid_redirect_uri" if about_address else "invalid_client_metadata"
    return RefusedError(400, code, translate(refusal.message_key, "en", **refusal.params))
