"""Showing a page: its query runs for the visitor, its template renders the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from secrets import token_urlsafe
from typing import Any

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response

from foundation.logs import request_reference
from portal.pages.cart_cookie import VARIABLE
from portal.pages.coercion import Coercion
from portal.pages.entry import refuse_entry
from portal.pages.error_pages import refuse, refused_status
from portal.pages.fields import Fields, TooManyFieldsError, read_fields
from portal.pages.forms import Form
from portal.pages.language_choice import switch
from portal.pages.mark import mark_of
from portal.pages.page import Page
from portal.pages.paging import turn_back
from portal.pages.site import Site
from portal.pages.visit import Visit, render, visit
from resolvers.planner.engine import Operation

KEY_BYTES = 18
LOGGER = structlog.get_logger("portal.pages")


async def show(site: Site, page: Page, request: Request) -> Response:
    """Answer GET for a page."""
    if switched := switch(request, secure=site.secure):
        return switched
    try:
        fields = read_fields(request.url.query)
    except TooManyFieldsError:
        return refuse(await visit(site, request, Fields(())), 400)
    present = await visit(site, request, fields)
    return refuse_entry(present, page) or await answer(present, page)


async def answer(
    visit: Visit,
    page: Page,
    status: int = 200,
    returned: Form | None = None,
    told: Mapping[str, Any] | None = None,
) -> Response:
    """Run the page's query and render it; `returned` is a form that was not accepted, `told` what one was answered."""
    document = page.document_for(visit.visitor.viewer.scopes)
    coercion = Coercion(with_path(visit, page, visit.fields, visit.cart.shown()), emptied_is_null=False)
    values = turn_back(document.variables, coercion.values(document.variables))
    if coercion.problems:
        return refuse(visit, 400, page.audience, problems=coercion.problems)
    data, errors = await run(visit, document.source, values, document.name)
    if errors:
        return refused(visit, page, errors)
    if any(is_nothing(data[key]) for key in document.keys_fed_by(page.path_parameters)):
        return refuse(visit, 404, page.audience)
    forms = fresh_forms(visit, page)
    if returned and (fresh := forms[returned.action]):
        forms[returned.action] = replace(returned, token=fresh.token, key=fresh.key)
    return render(visit, page.template, page.audience, page, status, **data, forms=forms, mark=mark_of(data), told=told)


def with_path(visit: Visit, page: Page, fields: Fields, cart: str | None) -> Fields:
    """Submitted fields with the path's parameters and the cart's token, which come from nowhere else."""
    parameters = {name: page.read(name, visit.request.path_params[name]) for name in page.path_parameters}
    parameters[VARIABLE] = cart or ""
    others = [(name, text) for name, text in fields.pairs if name.split(".")[0] not in parameters]
    return Fields([*parameters.items(), *others])


async def run(
    visit: Visit, source: str, values: dict[str, Any], name: str | None
) -> tuple[dict[str, Any], Sequence[Mapping[str, Any]]]:
    """Run an operation for the visitor: its data, and its errors."""
    result = await visit.site.engine.execute(visit.visitor.viewer, Operation(source, values, name))
    body = orjson.loads(result.body)
    return body.get("data") or {}, body.get("errors") or ()


def refused(visit: Visit, page: Page, errors: Sequence[Mapping[str, Any]]) -> Response:
    """A page whose operation was refused; a session that has just ended signs in again."""
    status = refused_status(errors)
    if status == 401:
        return visit.redirect(visit.sign_in_address())
    reference = errors[0].get("extensions", {}).get("reference") or request_reference.get()
    if status == 500:
        # A page that asks for too much, say: nobody but its developer can mend it, and the visitor is not told what.
        codes = [error.get("extensions", {}).get("code") for error in errors]
        LOGGER.error("page refused", page=page.full_name, codes=codes)
    return refuse(visit, status, page.audience, told=told_of_input(errors), reference=reference)


def told_of_input(errors: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The values of an address that the operation itself refused: the argument's name, and why."""
    known = [error for error in errors if error.get("extensions", {}).get("code") == "BAD_USER_INPUT"]
    return [(str(error["path"][-1]), str(error["message"])) for error in known if len(error.get("path") or ()) > 1]


def is_nothing(value: Any) -> bool:
    """Whether the thing that a page is about is not there: null, or `node` of another type, whose fragments say nothing."""
    return value is None or value == {}


def fresh_forms(visit: Visit, page: Page, new_key: Callable[[int], str] = token_urlsafe) -> dict[str, Form | None]:
    """The page's forms, each with a token, and a key where sending it twice must count once; None if not for this visitor."""
    forms: dict[str, Form | None] = {}
    for name, action in page.actions.items():
        if not action.document.scopes <= visit.visitor.viewer.scopes:
            forms[name] = None
            continue
        variable = action.document.idempotency_variable
        key = (variable, new_key(KEY_BYTES)) if variable else None
        forms[name] = replace(visit.form(name), key=key)
    return forms
