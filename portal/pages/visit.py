"""One visit: a request for a page with what follows from it alone, and the rendering of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from portal.pages import done_notice
from portal.pages.addresses import Addresses
from portal.pages.cart_cookie import MERGE, CartCookie
from portal.pages.fields import Fields
from portal.pages.form_guard import FormGuard
from portal.pages.formats import CHINA
from portal.pages.forms import Form
from portal.pages.language_choice import language_of, switched_address
from portal.pages.page import Page, portal_root
from portal.pages.security_headers import page_headers
from portal.pages.site import Site
from portal.pages.visitors import Visitor
from portal.pages.words import say
from resolvers.planner.engine import Operation
from segments.audiences import CONSUMER, ENTERPRISE, Audience
from segments.viewer import Language

SIGN_IN = "/sign-in"
# Who has a cart.
BUYERS = (CONSUMER, ENTERPRISE)


@dataclass(frozen=True)
class Visit:
    """Who asks, in which language, when. `fields` is the address's query."""

    site: Site
    request: Request
    visitor: Visitor
    language: Language
    guard: FormGuard
    fields: Fields
    now: datetime
    cart: CartCookie

    def say(self, chinese: str) -> str:
        """Words in the visitor's language."""
        return say(chinese, self.language)

    def form(self, action: str) -> Form:
        """A fresh form."""
        return Form(action, self.guard.token())

    def sign_in_address(self) -> str:
        """Where to sign in, and what to come back to: the page itself, never what a form did."""
        here = switched_address(self.request)
        return SIGN_IN if here == "/" else f"{SIGN_IN}?{urlencode({'next': here})}"

    def headers(self, *, private: bool) -> Mapping[str, str]:
        """Headers of an answer. What a signed-in visitor sees is theirs, whatever it is."""
        return page_headers(secure=self.site.secure, private=private or self.visitor.signed_in)

    def redirect(self, address: str) -> Response:
        """To another page of ours, by GET."""
        response = RedirectResponse(address, 303, headers=self.headers(private=True))
        self.cart.remember(response)
        return response


async def visit(site: Site, request: Request, fields: Fields) -> Visit:
    """Learn who asks; what they had put into a cart before they signed in is theirs now."""
    language = language_of(request, site.language)
    present = begin(site, request, await site.sessions.visitor(request, language), fields)
    if present.cart.brought is not None and present.visitor.viewer.audience in BUYERS:
        merging = Operation(MERGE, {"token": present.cart.brought}, None)
        await site.engine.execute(present.visitor.viewer, merging)
    return present


def begin(site: Site, request: Request, visitor: Visitor, fields: Fields) -> Visit:
    """A visit of somebody known already."""
    language = language_of(request, site.language)
    guard = FormGuard(request, visitor.session, secure=site.secure)
    cart = CartCookie(request, secure=site.secure, signed_in=visitor.signed_in)
    return Visit(site, request, visitor, language, guard, fields, site.clock(), cart)


def render(
    visit: Visit,
    template: str,
    audience: Audience | None,
    page: Page | None = None,
    status: int = 200,
    **context: Any,
) -> Response:
    """Render a template in the layout of a portal; None is no portal, for signing in."""
    environment = visit.site.environments[visit.language]
    done = done_notice.told(visit.request, visit.site.registry)
    everything = {**shell(visit, audience, page), **address_helpers(visit, audience, page), "done": done, **context}
    body = environment.get_template(template).render(everything)
    response = HTMLResponse(body, status, headers=dict(visit.headers(private=visit.guard.used)))
    visit.guard.remember(response)
    visit.cart.remember(response)
    if done:
        done_notice.forget(response)
    return response


def shell(visit: Visit, audience: Audience | None, page: Page | None) -> dict[str, Any]:
    """What the layout shows around a page."""
    registry, visitor = visit.site.registry, visit.visitor
    # A portal's navigation is for those who may enter it.
    inside = audience is CONSUMER or (visitor.signed_in and visitor.viewer.audience is audience)
    navigation = registry.navigation(audience, visitor.viewer.scopes) if audience and inside else []
    search_page = registry.search(audience) if audience and inside else None
    # Another page may have a variable of the same name, which is not what was sought here.
    searched = visit.fields.last(page.search.variable) if page and page is search_page and page.search else None
    current = page.under if page and page.under else page.name if page else ""
    return {
        "page": page,
        "audience": audience.value if audience else "",
        "visitor": visitor,
        "language": visit.language,
        "now": visit.now,
        "today": visit.now.astimezone(CHINA).date(),
        "demonstration": visit.site.demonstration,
        "home": (portal_root(audience) if audience else "") or "/",
        "navigation": navigation,
        "current_entry": next((entry for entry in navigation if entry.name == current), None),
        "search_page": search_page,
        "searched": searched or "",
        "notices_page": registry.pages.get(f"{audience.value}/notices")
        if audience and inside and visitor.signed_in
        else None,
        "sign_in_address": visit.sign_in_address() if audience else "",
        "sign_out": visit.form("sign-out") if visitor.signed_in else None,
        "switch": partial(switched_address, visit.request),
        "operation": page.document_for(visitor.viewer.scopes).source if page and visit.site.demonstration else "",
        "forms": {},
        "mark": None,
        "problems": (),
        "told": None,
    }


def address_helpers(visit: Visit, audience: Audience | None, page: Page | None) -> dict[str, Any]:
    """The functions by which templates write addresses."""
    path, held = visit.request.url.path, visit.visitor.viewer.scopes
    addresses = Addresses(visit.site.registry, audience or CONSUMER, path, page, visit.fields, held)
    return {
        "link": addresses.link,
        "may": addresses.may,
        "here": addresses.here,
        "exported": addresses.exported,
        "kept": addresses.kept,
        "cleared": addresses.cleared,
        "chosen": addresses.chosen,
        "given": addresses.given,
        "any_chosen": addresses.any_chosen,
        "toggled": addresses.toggled,
    }
