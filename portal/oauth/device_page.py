"""The page on which somebody lets a device in: they enter the code it shows, see what it asks for, and decide.

Everybody is asked, for our own programs too: whoever is talked into entering a stranger's code must see what it does.
"""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from domain.identity.attempts import AttemptLimits, count_attempt, forgive_account
from domain.identity.client_tables import DeviceAuthorization
from domain.identity.clients import admits, granted
from domain.identity.devices import decide, shown, waiting_device
from domain.identity.grants import SignedInAt, open_grant
from domain.identity.openid import described
from domain.identity.sessions import LiveSession
from domain.identity.tables import Person
from foundation.language import translate
from foundation.refusals import Refusal
from portal.oauth.authorize import ALLOW, DECISION, submitted
from portal.oauth.desk import Desk, present
from portal.oauth.devices import PAGE
from portal.pages.error_pages import STALE_FORM, refuse
from portal.pages.form_guard import TOKEN_FIELD
from portal.pages.language_choice import switch
from portal.pages.visit import SIGN_IN, Visit, render
from portal.sessions import network_address

TEMPLATE = "identity/device.html"
USER_CODE = "user_code"
CODE_CHARACTERS_MAX = 20
UNKNOWN = "device.UNKNOWN"


async def device(desk: Desk, request: Request) -> Response:
    """Show the field for the code, or what the code's device asks for; POST decides."""
    if switched := switch(request, secure=desk.site.secure):
        return switched
    visit = await present(desk, request)
    live = await desk.sessions.live(request)
    if live is None:
        code = (visit.fields.last(USER_CODE) or "")[:CODE_CHARACTERS_MAX]
        here = f"{PAGE}?{urlencode({USER_CODE: code})}" if code else PAGE
        return visit.redirect(f"{SIGN_IN}?{urlencode({'next': here})}")
    fields = visit.fields
    if request.method == "POST":
        fields = await submitted(request)
        if not visit.guard.accepts(fields.last(TOKEN_FIELD) or ""):
            return refuse(visit, 403, words=STALE_FORM)
    code = (fields.last(USER_CODE) or "")[:CODE_CHARACTERS_MAX]
    if not code:
        return page(visit)
    if refusal := await counted(desk, request, live):
        message = translate(refusal.message_key, visit.language, **refusal.params)
        return page(visit, status=429, message=message)
    decision = fields.last(DECISION) if request.method == "POST" else None
    return await looked_up(desk, visit, live, code, decision)


async def counted(desk: Desk, request: Request, live: LiveSession) -> Refusal | None:
    """Count a guess, committed before it is looked at; a refusal when there were too many."""
    limits = AttemptLimits.of(desk.issuer.settings)
    async with desk.issuer.transaction() as session:
        return await count_attempt(
            session, guesser(live), network_address(request), desk.issuer.clock(), limits, desk.issuer.ids
        )


async def looked_up(desk: Desk, visit: Visit, live: LiveSession, code: str, decision: str | None) -> Response:
    """What somebody sees after a code, or what became of their decision."""
    issuer = desk.issuer
    async with issuer.transaction() as session:
        now = issuer.clock()
        waiting = await waiting_device(session, code, now)
        person = await session.get(Person, live.person_id)
        if waiting is None or person is None or not admits(waiting.client, person):
            return page(visit, status=404, message=translate(UNKNOWN, visit.language), code=code)
        await forgive_account(session, guesser(live))
        scopes = granted(waiting.client, person, frozenset(waiting.scopes), live.amr)
        if decision is None:
            return page(visit, waiting=waiting, scopes=scopes, code=code)
        if decision != ALLOW:
            decide(waiting, None, now)
            return page(visit, done="refused")
        signed_in = SignedInAt(live.session_id, live.authenticated_at, live.amr)
        grant = await open_grant(session, waiting.client, person, scopes, signed_in, now, issuer.ids())
        decide(waiting, grant, now)
    return page(visit, done="allowed")


def guesser(live: LiveSession) -> str:
    """Under which name somebody's guesses are counted."""
    return f"device {live.person_id}"


def page(
    visit: Visit,
    *,
    status: int = 200,
    message: str = "",
    code: str = "",
    waiting: DeviceAuthorization | None = None,
    scopes: frozenset[str] = frozenset(),
    done: str = "",
) -> Response:
    """The page in one of its states."""
    words = [scope.zh if visit.language == "zh" else scope.en for scope in described(scopes)]
    client = None if waiting is None else waiting.client
    shown_code = code if waiting is None else shown(waiting.user_code)
    return render(
        visit,
        TEMPLATE,
        None,
        status=status,
        form=visit.form("device"),
        message=message,
        code=shown_code,
        client=client,
        scopes=words,
        outcome=done,
    )
