"""Submitting a form: its mutation runs, then the browser is sent on by GET, so that a reload repeats nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from portal.pages import done_notice
from portal.pages.cart_cookie import VARIABLE
from portal.pages.coercion import Coercion
from portal.pages.entry import refuse_entry
from portal.pages.error_pages import STALE_FORM, fields_of, refuse, refused_status
from portal.pages.fields import Fields, read_fields
from portal.pages.form_guard import TOKEN_FIELD
from portal.pages.forms import ACTION_FIELD, TRY_FIELD, FieldError, Form, problems_as_errors, refusals_as_errors
from portal.pages.language_choice import switched_address
from portal.pages.page import Action, Page, Then
from portal.pages.show import answer, refused, run, with_path
from portal.pages.site import Site
from portal.pages.visit import Visit, visit

FORM_BYTES_MAX = 256 * 1024
FORM_TYPE = "application/x-www-form-urlencoded"
NOT_ACCEPTED = 422


class FormTooLargeError(ValueError):
    """More bytes than a form of ours can have."""


async def submit(site: Site, page: Page, request: Request) -> Response:
    """Answer POST for a page that has forms."""
    present = await visit(site, request, fields_of(request))
    if refusal := refuse_entry(present, page):
        return refusal
    try:
        fields = await read_form(request)
    except FormTooLargeError:
        return refuse(present, 413, page.audience)
    except ValueError:
        return refuse(present, 400, page.audience)
    if not present.guard.accepts(fields.last(TOKEN_FIELD) or ""):
        return refuse(present, 403, page.audience, words=STALE_FORM)
    action = page.actions.get(fields.last(ACTION_FIELD) or "")
    if action is None:
        return refuse(present, 400, page.audience)
    asked = reckon if action.tries and fields.submitted(TRY_FIELD) else act
    return await asked(present, page, action, fields)


async def read_form(request: Request) -> Fields:
    """The fields of a form's body, which is read no further than it may be long."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM_TYPE:
        raise ValueError("not a form")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            raise FormTooLargeError
    return read_fields(body.decode("ascii"))


async def reckon(visit: Visit, page: Page, action: Action, fields: Fields) -> Response:
    """The page as it answers to what was entered; nothing is sent yet, so the rest of the form may be empty still."""
    coercion = Coercion(with_path(visit, page, fields, None), emptied_is_null=True)
    coercion.values(action.document.variables)
    wrong = [problem for problem in coercion.problems if problem.path in action.tries.values()]
    returned = Form(action.name, "", None, fields, problems_as_errors(wrong, visit.say))
    tried_visit = replace(visit, fields=tried(visit, page, action, fields))
    return await answer(tried_visit, page, NOT_ACCEPTED if wrong else 200, returned)


async def act(visit: Visit, page: Page, action: Action, fields: Fields) -> Response:
    """Run a form's mutation. What is refused comes back with the page, beside its fields."""
    document = action.document
    if not document.scopes <= visit.visitor.viewer.scopes:
        return refuse(visit, 403, page.audience)
    cart = visit.cart.changed() if VARIABLE in document.variables else None
    coercion = Coercion(with_path(visit, page, fields, cart), emptied_is_null=True)
    values = coercion.values(document.variables)
    visit = replace(visit, fields=tried(visit, page, action, fields))
    if coercion.problems:
        errors = problems_as_errors(coercion.problems, visit.say)
        return await answer(visit, page, NOT_ACCEPTED, Form(action.name, "", None, fields, errors))
    data, faults = await run(visit, document.source, values, document.name)
    if faults and refused_status(faults) in {401, 500, 503}:
        return refused(visit, page, faults)
    errors = [FieldError(fault.get("extensions", {}).get("code", ""), fault["message"], "") for fault in faults]
    errors += refusals_as_errors(data, document, fields, page.path_parameters)
    if errors:
        return await answer(visit, page, NOT_ACCEPTED, Form(action.name, "", None, fields, errors))
    if action.shows:
        # A secret belongs into no address and no cookie, so there is no redirection: reloading asks before it sends again.
        return await answer(visit, page, told=data)
    response = visit.redirect(next_address(visit, page, action.then, data))
    done_notice.tell(response, page, action, secure=visit.site.secure)
    return response


def tried(visit: Visit, page: Page, action: Action, fields: Fields) -> Fields:
    """The address's query with what the form says of the page's variables, so that the page answers to what was entered.

    A text that is no value is left out: it is told beside its field, and the page is shown without it.
    """
    variables = page.document.variables
    others = [(name, text) for name, text in visit.fields.pairs if name not in action.tries]
    entered = [(name, fields.last(path) or "") for name, path in action.tries.items()]
    readable = Coercion(Fields(entered), emptied_is_null=False)
    readable.values({name: variables[name] for name in action.tries})
    wrong = {problem.path for problem in readable.problems}
    return Fields([*others, *((name, text) for name, text in entered if name not in wrong)])


def next_address(visit: Visit, page: Page, then: Then | None, data: Mapping[str, Any]) -> str:
    """Where a form leads: the page it names, or the page it stands on."""
    if then is None:
        return switched_address(visit.request)
    values = {name: value_at(data, place) for name, place in then.values.items()}
    target = visit.site.registry.page(f"{page.audience.value}/{then.page}")
    if any(values[name] is None for name in target.path_parameters):
        return switched_address(visit.request)
    return target.address(values)


def value_at(data: Any, place: str) -> Any:
    """What lies at a dotted place of an answer; None where it ends early."""
    for part in place.split("."):
        data = data.get(part) if isinstance(data, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - JSON.
    return data  # pyright: ignore[reportUnknownVariableType] - JSON.
