"""Pushed authorization requests (RFC 9126): a client sends the request ahead, authenticated, and people carry its name only."""

from __future__ import annotations

import datetime as dt

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from domain.identity.pushing import LIFETIME, keep_request, kept_request
from portal.oauth.assertions import authenticating
from portal.oauth.bridge import OAuthRequest, Pairs, answer, read_parameters
from portal.oauth.checks import checked
from portal.oauth.issuer import Issuer
from portal.oauth.server import METHODS, KnownClient, ProofError, Server

PATH = "/oauth/par"
REQUEST_URI = "request_uri"
# How the client proved who it is belongs to this request and not to the person's.
CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


async def pushed_parameters(session: AsyncSession, pairs: Pairs, now: dt.datetime) -> Pairs:
    """The parameters of an authorization request: those that were pushed, where it only names them."""
    sent = list(pairs)
    named = [value for name, value in sent if name == REQUEST_URI]
    if not named:
        return sent
    client_id = next((value for name, value in sent if name == "client_id"), "")
    found = await kept_request(session, named[0], client_id, now) if len(named) == 1 else None
    if found is None:
        raise InvalidRequestError("The request_uri is unknown or has expired.")
    return found


async def push(issuer: Issuer, request: Request) -> Response:
    """Answer POST: the name under which the request is kept, or what is wrong with it."""
    pairs = await read_parameters(request)
    asked = OAuthRequest(request, pairs)
    async with issuer.transaction() as session:
        server = authenticating(Server(issuer, session, issuer.clock()))
        try:
            client: KnownClient = await session.run_sync(lambda _: server.authenticate_client(asked, METHODS, "par"))
            if REQUEST_URI in asked.form:
                raise InvalidRequestError("A pushed request names no other.")
            kept = [(name, value) for name, value in pairs if name not in CREDENTIALS and name != "client_id"]
            kept.append(("client_id", client.row.client_id))
            proof = await session.run_sync(lambda _: server.proof(asked))
            if proof is not None:
                # The proof says of which key the code shall be (RFC 9449 §10.1), and nothing beside it another one.
                if asked.form.get("dpop_jkt", proof.jkt) != proof.jkt:
                    raise ProofError("dpop_jkt names another key than the proof.")
                kept = [*((name, value) for name, value in kept if name != "dpop_jkt"), ("dpop_jkt", proof.jkt)]
            await checked(server, session, OAuthRequest(request, kept, method="GET"))
        except OAuth2Error as error:
            # There is nobody here to be sent anywhere.
            error.redirect_uri = ""
            return server.handle_error_response(asked, error)
        name = await keep_request(session, client.row, kept, server.now, issuer.ids())
        return answer(201, {"request_uri": name, "expires_in": int(LIFETIME.total_seconds())})
