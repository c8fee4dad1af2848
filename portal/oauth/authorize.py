"""The authorization endpoint: a program sends somebody here, who signs in, agrees, and goes back with a code."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import AccessDeniedError, OAuth2Error
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.identity.clients import admits, granted
from domain.identity.consents import agree, has_agreed
from domain.identity.grants import SignedInAt, issue_code, open_grant
from domain.identity.openid import described
from domain.identity.pushing import spend_request
from domain.identity.sessions import LiveSession
from domain.identity.tables import Person
from portal.oauth.bridge import OAuthRequest, Pairs
from portal.oauth.checks import Asking, checked
from portal.oauth.desk import Desk, lead_back, may_lead_to, present, refuse_error
from portal.oauth.pushed import REQUEST_URI, pushed_parameters
from portal.oauth.server import Server
from portal.pages.error_pages import STALE_FORM, refuse
from portal.pages.fields import Fields
from portal.pages.form_guard import TOKEN_FIELD
from portal.pages.language_choice import PARAMETER as LANGUAGE
from portal.pages.language_choice import switch
from portal.pages.submit import read_form
from portal.pages.visit import SIGN_IN, Visit, render

PATH = "/oauth/authorize"
CONSENT = "identity/consent.html"
DECISION, ALLOW = "decision", "allow"
# Set by us when somebody has to sign in once more: since when they must have done so.
SINCE = "signed_in_since"
OURS = frozenset({LANGUAGE, SINCE})
TIME_TO_SIGN_IN = dt.timedelta(minutes=15)
INSTANT = re.compile(r"\d{1,12}", re.ASCII)


class LoginRequiredError(OAuth2Error):
    """Nobody is signed in, or not recently enough, and the program asked to show no page."""

    error = "login_required"


class ConsentRequiredError(OAuth2Error):
    """The person has not agreed yet, and the program asked to show no page."""

    error = "consent_required"


async def authorize(desk: Desk, request: Request) -> Response:
    """Answer GET, and POST from the consent page."""
    if switched := switch(request, secure=desk.site.secure):
        return switched
    visit = await present(desk, request)
    decision: str | None = None
    if request.method == "POST":
        fields = await submitted(request)
        if fields.last("client_id"):
            # OpenID Connect lets programs send the request by POST; here it goes on as any other.
            return RedirectResponse(f"{PATH}?{urlencode(fields.pairs)}", 303, headers={"Cache-Control": "no-store"})
        if not visit.guard.accepts(fields.last(TOKEN_FIELD) or ""):
            return refuse(visit, 403, words=STALE_FORM)
        decision = fields.last(DECISION) or ""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name not in OURS]
    async with desk.issuer.transaction() as session:
        server = Server(desk.issuer, session, desk.issuer.clock())
        state = first(pairs, "state")
        try:
            pairs = await pushed_parameters(session, pairs, server.now)
            state = first(pairs, "state")
            asking = await checked(server, session, OAuthRequest(request, pairs, method="GET"))
            return await decided(desk, visit, server, asking, decision)
        except OAuth2Error as error:
            return refuse_error(desk, visit, error, state)


async def submitted(request: Request) -> Fields:
    """The fields of the body; none when it is no form of ours."""
    try:
        return await read_form(request)
    except ValueError:
        return Fields(())


def first(pairs: Pairs, name: str) -> str | None:
    """A parameter's first value."""
    return next((value for each, value in pairs if each == name), None)


async def decided(desk: Desk, visit: Visit, server: Server, asking: Asking, decision: str | None) -> Response:
    """Have the person sign in, ask them, or send them back."""
    live = await desk.sessions.live(visit.request)
    if live is None or not recent_enough(asking, live, visit, server.now):
        if "none" in asking.prompts:
            raise asking.refused(LoginRequiredError("Nobody is signed in."))
        return to_sign_in(visit, server.now)
    person = await server.session.get(Person, live.person_id)
    if person is None or not admits(asking.client, person):
        raise asking.refused(AccessDeniedError("The program is not for this account."))
    scopes = granted(asking.client, person, asking.scopes, live.amr)
    if decision is None:
        agreed = await has_agreed(server.session, person.id, asking.client, scopes, asking.redirect_uri)
        if not agreed or ("consent" in asking.prompts and not asking.client.first_party):
            if "none" in asking.prompts:
                raise asking.refused(ConsentRequiredError("The person has not agreed yet."))
            return ask(visit, asking, scopes)
    elif decision != ALLOW:
        await spend(server, visit)
        raise asking.refused(AccessDeniedError("The person declined."))
    elif not asking.client.first_party:
        await agree(server.session, person.id, asking.client, scopes, server.now, desk.issuer.ids())
    await spend(server, visit)
    code = await issued(server, asking, person, live, sorted(scopes))
    return lead_back(desk, visit, asking.redirect_uri, {"code": code, "state": asking.state})


async def spend(server: Server, visit: Visit) -> None:
    """The person has decided, so a pushed request cannot be brought again."""
    if pushed := visit.request.query_params.get(REQUEST_URI):
        await spend_request(server.session, pushed)


def recent_enough(asking: Asking, live: LiveSession, visit: Visit, now: dt.datetime) -> bool:
    """Whether the person signed in as recently as the program asks."""
    max_age = asking.sent("max_age")
    aged = max_age is not None and now - live.authenticated_at > dt.timedelta(seconds=int(max_age))
    if not aged and not asking.prompts & {"login", "select_account"}:
        return True
    # Who was sent to sign in has done what was asked, however short `max_age` is. The instant stands in the address, where
    # others can write it too: one of long ago counts for nothing.
    since = visit.request.query_params.get(SINCE, "")
    if INSTANT.fullmatch(since) is None:
        return False
    return max(float(since), (now - TIME_TO_SIGN_IN).timestamp()) <= live.authenticated_at.timestamp()


def to_sign_in(visit: Visit, now: dt.datetime) -> Response:
    """Have somebody sign in, once more if they are signed in already, and come back."""
    request = visit.request
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in OURS]
    here = f"{PATH}?{urlencode([*kept, (SINCE, str(int(now.timestamp())))])}"
    again = {"again": "yes"} if visit.visitor.signed_in else {}
    return visit.redirect(f"{SIGN_IN}?{urlencode({'next': here, **again})}")


def ask(visit: Visit, asking: Asking, scopes: frozenset[str]) -> Response:
    """The page that asks whether a program may."""
    words = [scope.zh if visit.language == "zh" else scope.en for scope in described(scopes)]
    form = visit.form("consent")
    response = render(visit, CONSENT, None, form=form, client=asking.client, scopes=words, target=asking.redirect_uri)
    may_lead_to(response, asking.redirect_uri)
    return response


async def issued(server: Server, asking: Asking, person: Person, live: LiveSession, scopes: Sequence[str]) -> str:
    """A code of a new grant."""
    signed_in = SignedInAt(live.session_id, live.authenticated_at, live.amr)
    ids = server.issuer.ids
    grant = await open_grant(server.session, asking.client, person, scopes, signed_in, server.now, ids())
    return await issue_code(
        server.session,
        grant,
        server.issuer.terms,
        redirect_uri=asking.redirect_uri,
        code_challenge=asking.sent("code_challenge") or "",
        nonce=asking.sent("nonce"),
        jkt=asking.sent("dpop_jkt"),
        now=server.now,
        row_id=ids(),
    )
