"""The page of one's own account's security, in everybody's portal: each form is one act, a reload repeats none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foundation.language import translate
from foundation.refusals import Refusal
from portal.account_security import AccountSecurity
from portal.pages.browsers import browser_of
from portal.pages.error_pages import fields_of, refuse
from portal.pages.fields import Fields
from portal.pages.forms import ACTION_FIELD, FieldError, Form
from portal.pages.language_choice import switch
from portal.pages.page import portal_root
from portal.pages.qr_code import qr_path
from portal.pages.routes import by_method
from portal.pages.sign_in import checked_form
from portal.pages.site import Site
from portal.pages.submit import NOT_ACCEPTED
from portal.pages.visit import Visit, render, visit
from portal.pages.words import msgid

PATH = "/security"
TEMPLATE, CODES = "identity/security.html", "identity/recovery-codes.html"
DONE = "done"
# What the page says after each act.
SAID: Mapping[str, str] = {
    "prove": msgid("已验证，可以更改登录方式了"),
    "password": msgid("密码已更改，其他登录已全部结束"),
    "authenticator": msgid("验证器已启用"),
    "authenticator-remove": msgid("验证器已停用"),
    "passkey": msgid("通行密钥已添加"),
    "passkey-remove": msgid("通行密钥已删除"),
    "session-end": msgid("该登录已结束"),
    "sessions-end": msgid("其他登录已全部结束"),
}
SECRETS = frozenset({"password", "new_password", "code", "credential"})

# What a form does: the recovery codes that it made, if it made some.
Act = Callable[[AccountSecurity, Request, Fields], Awaitable[list[str] | None]]


def security_routes(site: Site, security: AccountSecurity) -> list[Route]:
    """For the application to put before the pages."""
    endpoint = by_method(partial(show_security, site, security), partial(change_security, site, security))
    return [Route(PATH, endpoint, methods=["GET", "POST"])]


async def show_security(site: Site, security: AccountSecurity, request: Request) -> Response:
    """The page, with what was done just now."""
    if switched := switch(request, secure=site.secure):
        return switched
    present = await visit(site, request, fields_of(request))
    if not present.visitor.signed_in:
        return present.redirect(present.sign_in_address())
    return await shown(present, security)


async def change_security(site: Site, security: AccountSecurity, request: Request) -> Response:
    """Do what a form says."""
    present = await visit(site, request, fields_of(request))
    if not present.visitor.signed_in:
        return present.redirect(present.sign_in_address())
    fields = await checked_form(present)
    if isinstance(fields, Response):
        return fields
    action = fields.last(ACTION_FIELD) or ""
    if action not in ACTS:
        return refuse(present, 400, present.visitor.viewer.audience)
    return await acted(present, security, action, fields)


async def acted(visit: Visit, security: AccountSecurity, action: str, fields: Fields) -> Response:
    """What follows from an act: the page again, with what was wrong or by GET; recovery codes are shown this once."""
    try:
        made = await ACTS[action](security, visit.request, fields)
    except Refusal as refusal:
        if refusal.code == "SIGN_IN_EXPIRED":
            return visit.redirect(visit.sign_in_address())
        return await shown(visit, security, refused(visit, action, fields, refusal))
    if not made:
        return visit.redirect(f"{PATH}?{DONE}={action}" if action in SAID else PATH)
    response = render(visit, CODES, None, codes=made, onward=PATH)
    response.headers.update(visit.headers(private=True))
    return response


async def shown(visit: Visit, security: AccountSecurity, wrong: Form | None = None) -> Response:
    """The page with all its forms, one of them perhaps refused."""
    try:
        overview = await security.overview(visit.request)
    except Refusal:
        # It ended between the look and the overview.
        return visit.redirect(visit.sign_in_address())
    forms = {action.replace("-", "_"): visit.form(action) for action in ACTS}
    if wrong is not None:
        forms[wrong.action.replace("-", "_")] = wrong
    audience = visit.visitor.viewer.audience
    return render(
        visit,
        TEMPLATE,
        audience,
        status=NOT_ACCEPTED if wrong else 200,
        acts=forms,
        security=overview,
        qr=qr_path(overview.enrolment.address) if overview.enrolment else None,
        browser_of=browser_of,
        done="" if wrong else SAID.get(visit.fields.last(DONE) or "", ""),
        home=(portal_root(audience) if audience else "") or "/",
    )


def refused(visit: Visit, action: str, fields: Fields, refusal: Refusal) -> Form:
    """The form with what was wrong beside its field. Secrets are not sent back."""
    message = translate(refusal.message_key, visit.language, **refusal.params)
    error = FieldError(refusal.code, message, ".".join(map(str, refusal.path)))
    sent = Fields([(name, text) for name, text in fields.pairs if name not in SECRETS])
    # The form that was sent is not shown to who must first give their password: that form says why.
    shown_in = "prove" if refusal.code == "PASSWORD_NEEDED" else action
    return Form(shown_in, visit.guard.token(), None, sent, (error,))


# ---- the acts, by the names of their forms


async def prove(security: AccountSecurity, request: Request, fields: Fields) -> None:
    """The password once more."""
    await security.prove(request, fields.last("password") or "")


async def change_password(security: AccountSecurity, request: Request, fields: Fields) -> None:
    """Another password, twice the same."""
    new = fields.last("new_password") or ""
    if new != (fields.last("new_password_again") or ""):
        raise Refusal("PASSWORDS_DIFFER", ("new_password_again",))
    await security.change_password(request, fields.last("password") or "", new)


async def begin_authenticator(security: AccountSecurity, request: Request, _: Fields) -> None:
    """A secret for a new authenticator."""
    await security.begin_authenticator(request)


async def finish_authenticator(security: AccountSecurity, request: Request, fields: Fields) -> list[str]:
    """The first code of the new authenticator."""
    return await security.finish_authenticator(request, fields.last("code") or "")


async def remove_authenticator(security: AccountSecurity, request: Request, _: Fields) -> None:
    """No authenticator."""
    await security.remove_authenticator(request)


async def remove_passkey(security: AccountSecurity, request: Request, fields: Fields) -> None:
    """One passkey less."""
    await security.remove_passkey(request, id_in(fields))


async def add_passkey(security: AccountSecurity, request: Request, fields: Fields) -> list[str]:
    """One passkey more, which a device has just made."""
    return await security.add_passkey(request, fields.last("credential") or "", fields.last("name") or "")


async def renew_codes(security: AccountSecurity, request: Request, _: Fields) -> list[str]:
    """Other recovery codes."""
    return await security.renew_codes(request)


async def end_session(security: AccountSecurity, request: Request, fields: Fields) -> None:
    """One session less."""
    await security.end_session(request, id_in(fields))


async def end_sessions(security: AccountSecurity, request: Request, _: Fields) -> None:
    """This session alone."""
    await security.end_others(request)


ACTS: Mapping[str, Act] = {
    "prove": prove,
    "password": change_password,
    "authenticator-begin": begin_authenticator,
    "authenticator": finish_authenticator,
    "authenticator-remove": remove_authenticator,
    "passkey": add_passkey,
    "passkey-remove": remove_passkey,
    "codes": renew_codes,
    "session-end": end_session,
    "sessions-end": end_sessions,
}


def id_in(fields: Fields) -> UUID:
    """The row that a form is about."""
    try:
        return UUID(fields.last("id") or "")
    except ValueError as error:
        raise Refusal("NOT_FOUND") from error
