"""What somebody agreed to, and taking it back: a page of everybody's, whichever portal is theirs."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from domain.identity.consents import consents_of, in_words, withdraw
from portal.oauth.authorize import submitted
from portal.oauth.desk import Desk, present
from portal.pages.error_pages import STALE_FORM, refuse
from portal.pages.form_guard import TOKEN_FIELD
from portal.pages.language_choice import switch
from portal.pages.visit import render

PATH = "/oauth/consents"
TEMPLATE = "identity/consents.html"
CONSENT = "consent"


async def consents(desk: Desk, request: Request) -> Response:
    """Show what was agreed to; POST takes one of it back."""
    if switched := switch(request, secure=desk.site.secure):
        return switched
    visit = await present(desk, request)
    person = visit.visitor.viewer.person_id
    if person is None:
        return visit.redirect(visit.sign_in_address())
    if request.method == "POST":
        fields = await submitted(request)
        if not visit.guard.accepts(fields.last(TOKEN_FIELD) or ""):
            return refuse(visit, 403, words=STALE_FORM)
        try:
            chosen = UUID(fields.last(CONSENT) or "")
        except ValueError:
            return refuse(visit, 400)
        async with desk.issuer.transaction() as session:
            await withdraw(session, person, chosen, desk.issuer.clock(), desk.issuer.ids)
        desk.issuer.tokens.look_again()
        return visit.redirect(PATH)
    async with desk.issuer.transaction() as session:
        given = await consents_of(session, person)
    shown = [(each, in_words(each, visit.language), each.given_at.isoformat()) for each in given]
    return render(visit, TEMPLATE, None, form=visit.form("withdraw"), given=shown)
