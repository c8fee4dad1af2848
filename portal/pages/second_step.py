"""The second step of signing in: a code, or setting up the authenticator that will show codes from now on."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foundation.language import translate
from foundation.refusals import Refusal
from portal.pages.error_pages import fields_of
from portal.pages.fields import Fields
from portal.pages.forms import ACTION_FIELD, FieldError, Form
from portal.pages.language_choice import switch
from portal.pages.qr_code import qr_path
from portal.pages.routes import by_method
from portal.pages.sign_in import NEXT, SECOND_STEP, checked_form, destination, passkey_form
from portal.pages.site import Site
from portal.pages.submit import NOT_ACCEPTED
from portal.pages.visit import SIGN_IN, Visit, render, visit
from portal.second_steps import SecondSteps, Waiting
from portal.sessions import SignedIn

SECRETS = frozenset({"code", "credential"})
TEMPLATE, CODES = "identity/second-step.html", "identity/recovery-codes.html"
PROVE, ENROL, ENROL_PASSKEY, CODE = "second-step", "enrolment", "passkey-enrolment", "code"


def second_step_routes(site: Site, steps: SecondSteps) -> list[Route]:
    """For the application to put before the pages."""
    endpoint = by_method(partial(show_second_step, site, steps), partial(take_second_step, site, steps))
    return [Route(SECOND_STEP, endpoint, methods=["GET", "POST"])]


async def show_second_step(site: Site, steps: SecondSteps, request: Request) -> Response:
    """The page; who has nothing to do here signs in first, or goes on."""
    if switched := switch(request, secure=site.secure):
        return switched
    present = await visit(site, request, fields_of(request))
    waiting = await steps.waiting(request)
    if waiting is None:
        return present.redirect(SIGN_IN)
    return shown(present, waiting, present.form(ENROL if waiting.enrolment else PROVE))


async def take_second_step(site: Site, steps: SecondSteps, request: Request) -> Response:
    """Check the code, sign in, go on."""
    present = await visit(site, request, fields_of(request))
    fields = await checked_form(present)
    if isinstance(fields, Response):
        return fields
    try:
        opened, recovery = await taken(steps, request, fields)
    except Refusal as refusal:
        waiting = await steps.waiting(request)
        if waiting is None:
            return present.redirect(SIGN_IN)
        return shown(present, waiting, refused(present, fields, refusal, enrols=bool(waiting.enrolment)))
    onward = destination(site, opened.viewer, present.fields.last(NEXT) or "")
    response = render(present, CODES, None, codes=recovery, onward=onward) if recovery else present.redirect(onward)
    response.headers.update(present.headers(private=True))
    opened.set_cookie(response)
    return response


async def taken(steps: SecondSteps, request: Request, fields: Fields) -> tuple[SignedIn, list[str]]:
    """What the form did: the session it opened, and recovery codes when it set a factor up."""
    action, code = fields.last(ACTION_FIELD), fields.last(CODE) or ""
    if action == ENROL:
        return await steps.enrol(request, code)
    if action == ENROL_PASSKEY:
        return await steps.enrol_passkey(request, fields.last("credential") or "", fields.last("name") or "")
    return await steps.by_code(request, code), []


def refused(visit: Visit, fields: Fields, refusal: Refusal, *, enrols: bool) -> Form:
    """The form with what was wrong; codes are not sent back."""
    message = translate(refusal.message_key, visit.language, **refusal.params)
    error = FieldError(refusal.code, message, "" if refusal.code == "PASSKEY_REFUSED" else CODE)
    sent = Fields([(name, text) for name, text in fields.pairs if name not in SECRETS])
    return Form(ENROL if enrols else PROVE, visit.guard.token(), None, sent, (error,))


def shown(visit: Visit, waiting: Waiting, form: Form) -> Response:
    """The page with a form."""
    code = qr_path(waiting.enrolment.address) if waiting.enrolment else None
    status = NOT_ACCEPTED if form.errors else 200
    return render(
        visit,
        TEMPLATE,
        None,
        status=status,
        form=form,
        waiting=waiting,
        qr=code,
        passkey=passkey_form(visit),
        enrolment=visit.form(ENROL_PASSKEY),
    )
