"""Passkeys in the browser: what `passkeys.mjs` asks for, and the form that it sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foundation.refusals import Refusal
from portal.account_security import AccountSecurity
from portal.pages.error_pages import fields_of
from portal.pages.routes import by_method
from portal.pages.sign_in import NEXT, PASSKEY, SECOND_STEP, checked_form, destination, sign_in_again
from portal.pages.site import Site
from portal.pages.visit import visit
from portal.passkey_sign_in import PasskeySignIn
from portal.second_steps import SecondSteps

CREDENTIAL = "credential"
ENROLMENT_OPTIONS, SECURITY_OPTIONS = f"{SECOND_STEP}/passkey-options", "/security/passkey-options"


def passkey_routes(site: Site, passkeys: PasskeySignIn, steps: SecondSteps, security: AccountSecurity) -> list[Route]:
    """For the application to put before the pages."""

    async def for_sign_in(_: Request) -> str:
        return await passkeys.options()

    challenges = {
        f"{PASSKEY}-options": for_sign_in,
        ENROLMENT_OPTIONS: steps.passkey_options,
        SECURITY_OPTIONS: security.passkey_options,
    }
    return [
        Route(PASSKEY, by_method(None, partial(sign_in_by_passkey, site, passkeys)), methods=["POST"]),
        *(
            Route(path, by_method(None, partial(options, site, make)), methods=["POST"])
            for path, make in challenges.items()
        ),
    ]


async def options(site: Site, make: Callable[[Request], Awaitable[str]], request: Request) -> Response:
    """A challenge, for our own pages only; 403 for who may not have one."""
    present = await visit(site, request, fields_of(request))
    fields = await checked_form(present)
    if isinstance(fields, Response):
        return fields
    try:
        body = await make(request)
    except Refusal:
        return Response(status_code=403, headers=dict(present.headers(private=True)))
    return Response(body, media_type="application/json", headers=dict(present.headers(private=True)))


async def sign_in_by_passkey(site: Site, passkeys: PasskeySignIn, request: Request) -> Response:
    """Check what the device signed, open a session, go on."""
    present = await visit(site, request, fields_of(request))
    fields = await checked_form(present)
    if isinstance(fields, Response):
        return fields
    try:
        opened = await passkeys.sign_in(request, fields.last(CREDENTIAL) or "")
    except Refusal as refusal:
        return sign_in_again(present, fields, refusal)
    response = present.redirect(destination(site, opened.viewer, present.fields.last(NEXT) or ""))
    opened.set_cookie(response)
    return response
