"""Signing in and out. Which portal is whose follows from the account, not from the address."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from foundation.language import translate
from foundation.refusals import Refusal
from portal.pages.error_pages import STALE_FORM, audience_of, fields_of, refuse
from portal.pages.fields import Fields
from portal.pages.form_guard import TOKEN_FIELD
from portal.pages.forms import FieldError, Form
from portal.pages.language_choice import switch
from portal.pages.page import portal_root
from portal.pages.site import Site
from portal.pages.submit import NOT_ACCEPTED, FormTooLargeError, read_form
from portal.pages.visit import SIGN_IN, Visit, render, visit
from segments.audiences import CONSUMER
from segments.viewer import Viewer

TEMPLATE = "identity/sign-in.html"
SECOND_STEP, PASSKEY, UPSTREAM = "/sign-in/second-step", "/sign-in/passkey", "/sign-in/upstream"
REFUSED = "refused"
NEXT, ACCOUNT, PASSWORD = "next", "account", "password"
# Set by programs that want a person who is signed in to prove once more who they are.
AGAIN = "again"
# Addresses of authorization requests are long.
ADDRESS_LENGTH_MAX = 4000
# Where people are sent back to whoever they are: programs that asked them to sign in, their own account's security.
EVERYBODYS = ("/oauth/", "/security")


async def show_sign_in(site: Site, request: Request) -> Response:
    """The sign-in page; somebody signed in goes on to where they were going."""
    if switched := switch(request, secure=site.secure):
        return switched
    present = await visit(site, request, fields_of(request))
    if present.visitor.signed_in and not present.fields.last(AGAIN):
        return present.redirect(destination(site, present.visitor.viewer, present.fields.last(NEXT) or ""))
    if present.fields.last(REFUSED) == "upstream":
        error = FieldError("UPSTREAM_REFUSED", translate("refusal.UPSTREAM_REFUSED", present.language), "")
        return shown(present, Form("sign-in", present.guard.token(), errors=(error,)))
    return shown(present, present.form("sign-in"))


async def sign_in(site: Site, request: Request) -> Response:
    """Check account and password, open a session, go on."""
    present = await visit(site, request, fields_of(request))
    fields = await checked_form(present)
    if isinstance(fields, Response):
        return fields
    try:
        opened = await site.sessions.sign_in(request, fields.last(ACCOUNT) or "", fields.last(PASSWORD) or "")
    except Refusal as refusal:
        return sign_in_again(present, fields, refusal)
    wanted = present.fields.last(NEXT) or ""
    onward = second_step_address(wanted) if opened.awaits_second_factor else destination(site, opened.viewer, wanted)
    response = present.redirect(onward)
    opened.set_cookie(response)
    return response


async def sign_out(site: Site, request: Request) -> Response:
    """End the session."""
    present = await visit(site, request, fields_of(request))
    fields = await checked_form(present)
    if isinstance(fields, Response):
        return fields
    response = present.redirect("/" if site.registry.of(CONSUMER) else SIGN_IN)
    await site.sessions.sign_out(request, response)
    return response


async def checked_form(visit: Visit) -> Fields | Response:
    """The submitted form, or the page that refuses it."""
    try:
        fields = await read_form(visit.request)
    except FormTooLargeError:
        return refuse(visit, 413)
    except ValueError:
        return refuse(visit, 400)
    accepted = visit.guard.accepts(fields.last(TOKEN_FIELD) or "")
    return fields if accepted else refuse(visit, 403, words=STALE_FORM)


def sign_in_again(visit: Visit, fields: Fields, refusal: Refusal) -> Response:
    """The sign-in page with what was wrong. The password is not sent back."""
    message = translate(refusal.message_key, visit.language, **refusal.params)
    error = FieldError(refusal.code, message, PASSWORD)
    form = Form("sign-in", visit.guard.token(), None, fields, (error,))
    return shown(visit, form)


def shown(visit: Visit, form: Form) -> Response:
    """The page with a form."""
    status = NOT_ACCEPTED if form.errors else 200
    upstream = onward_address(visit, UPSTREAM) if visit.site.upstream else ""
    return render(visit, TEMPLATE, None, status=status, form=form, passkey=passkey_form(visit), upstream=upstream)


def passkey_form(visit: Visit) -> Mapping[str, object]:
    """The form by which a passkey signs in; it leads on to the same place."""
    return {
        "address": onward_address(visit, PASSKEY),
        "options": f"{PASSKEY}-options",
        "form": visit.form("passkey"),
    }


def onward_address(visit: Visit, path: str) -> str:
    """Another way to sign in, which leads to the same place."""
    wanted = visit.fields.last(NEXT) or ""
    return f"{path}?{urlencode({NEXT: wanted})}" if is_local(wanted) else path


def destination(site: Site, viewer: Viewer, wanted: str) -> str:
    """Where somebody goes after signing in: where they wanted to, if that is theirs, else their portal."""
    own = viewer.audience
    root = (portal_root(own) if own else "") or "/"
    if not is_local(wanted):
        return root
    theirs = wanted.startswith(EVERYBODYS) or audience_of(site, wanted.partition("?")[0]) is own
    return wanted if theirs else root


def second_step_address(wanted: str) -> str:
    """Where the second step is taken, and where to go after it."""
    return f"{SECOND_STEP}?{urlencode({NEXT: wanted})}" if is_local(wanted) else SECOND_STEP


def is_local(address: str) -> bool:
    """Whether an address is a path of ours. Browsers read two slashes, of either kind, as another host."""
    return (
        len(address) <= ADDRESS_LENGTH_MAX
        and address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and address.isprintable()
        and "\\" not in address
    )
