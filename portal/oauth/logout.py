"""Signing out at a program's request (OpenID Connect RP-Initiated Logout).

With an ID token of the session that is here, the person is signed out at once; without one they are asked, because any
page could send them here.
"""

from __future__ import annotations

from typing import Any

from authlib.common.urls import add_params_to_uri
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.identity.client_tables import Client
from domain.identity.clients import find_client
from domain.identity.keys import verification_keys
from domain.identity.openid import id_token_claims
from portal.oauth.authorize import submitted
from portal.oauth.desk import Desk, may_lead_to, present, refuse_person
from portal.pages.form_guard import TOKEN_FIELD
from portal.pages.language_choice import switch
from portal.pages.visit import Visit, render

PATH = "/oauth/logout"
TEMPLATE = "identity/signed-out.html"
PARAMETER_CHARACTERS_MAX = 8_192
STAY = "stay"


class LogoutRefusedError(Exception):
    """The request is wrong; the text is for who wrote the program."""


async def logout(desk: Desk, request: Request) -> Response:
    """Answer GET and POST from a program, and POST from our own page that asks."""
    if switched := switch(request, secure=desk.site.secure):
        return switched
    visit = await present(desk, request)
    sent, confirmed = dict(request.query_params), False
    if request.method == "POST":
        fields = await submitted(request)
        confirmed = visit.guard.accepts(fields.last(TOKEN_FIELD) or "")
        sent |= {name: value for name, value in fields.pairs if name != TOKEN_FIELD}
        if confirmed and fields.last(STAY):
            return visit.redirect("/")
    live = await desk.sessions.live(request)
    async with desk.issuer.transaction() as session:
        try:
            hint, client, target = await understood(desk, session, sent)
        except LogoutRefusedError as error:
            return refuse_person(visit, str(error))
        known = hint is not None and (live is None or hint.get("sid") == str(live.session_id))
        if live is not None and not known and not confirmed:
            return ask(visit, client, target, sent)
    headers = {"Cache-Control": "no-store"}
    # Only who came with an ID token of ours, or agreed on our page, is led on to the program's address.
    led_on = target is not None and (known or confirmed)
    response = (
        RedirectResponse(target, 303, headers=headers)
        if led_on and target
        else render(visit, TEMPLATE, None, client=None)
    )
    await desk.sessions.sign_out(request, response)
    return response


async def understood(
    desk: Desk, session: AsyncSession, sent: dict[str, str]
) -> tuple[dict[str, Any] | None, Client | None, str | None]:
    """The claims of the ID token, the program, and the address it wants the person led to, if it is registered."""
    if any(len(value) > PARAMETER_CHARACTERS_MAX for value in sent.values()):
        raise LogoutRefusedError("A parameter is too long.")
    hint: dict[str, Any] | None = None
    client_id = sent.get("client_id")
    if token := sent.get("id_token_hint"):
        keys = await verification_keys(session, desk.issuer.clock())
        hint = id_token_claims(token, keys, desk.issuer.authority.issuer)
        if hint is None or (client_id is not None and hint.get("aud") != client_id):
            raise LogoutRefusedError("The id_token_hint is not one of this server for this program.")
        client_id = str(hint["aud"])
    client = None if client_id is None else await find_client(session, client_id)
    target = sent.get("post_logout_redirect_uri")
    if target is None:
        return hint, client, None
    if client is None or target not in client.post_logout_redirect_uris:
        raise LogoutRefusedError("The post_logout_redirect_uri is not registered for the program.")
    state = sent.get("state")
    return hint, client, target if state is None else add_params_to_uri(target, [("state", state)])


def ask(visit: Visit, client: Client | None, target: str | None, sent: dict[str, str]) -> Response:
    """The page that asks whether to sign out."""
    kept = [(name, value) for name, value in sent.items() if name in {"client_id", "post_logout_redirect_uri", "state"}]
    name = client.name if client is not None else ""
    response = render(visit, TEMPLATE, None, form=visit.form("logout"), client=client, name=name, kept=kept)
    if target is not None:
        may_lead_to(response, target)
    return response
