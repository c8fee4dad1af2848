"""The routes of all pages, of signing in and out, and of static files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from portal.pages.exports import export
from portal.pages.page import Page
from portal.pages.show import show
from portal.pages.sign_in import show_sign_in, sign_in, sign_out
from portal.pages.site import Site
from portal.pages.submit import submit
from portal.pages.visit import SIGN_IN

Endpoint = Callable[[Request], Awaitable[Response]]


def page_routes(site: Site) -> list[Route]:
    """Everything that a browser may ask for, for the application to put among its routes."""
    routes = [
        Route("/static/{digest}/{name}", site.assets.serve, methods=["GET"]),
        Route("/static/{name}", site.assets.serve, methods=["GET"]),
        Route(SIGN_IN, by_method(partial(show_sign_in, site), partial(sign_in, site)), methods=["GET", "POST"]),
        Route("/sign-out", by_method(None, partial(sign_out, site)), methods=["POST"]),
    ]
    # A written path comes before one with a parameter: /orders/new is not the order called "new".
    pages = sorted(site.registry.pages.values(), key=lambda page: (bool(page.path_parameters), page.path))
    if not any(page.path == "/" for page in pages):
        # An installation without the public portal begins with signing in, which leads on to everybody's own.
        routes.append(Route("/", RedirectResponse(SIGN_IN, 303), methods=["GET"]))
    files = [
        Route(f"{page.path}.csv", by_method(partial(export, site, page), None), methods=["GET"])
        for page in pages
        if page.export is not None
    ]
    return routes + files + [page_route(site, page) for page in pages]


def page_route(site: Site, page: Page) -> Route:
    """A page answers GET; with forms it answers POST too."""
    if page.actions:
        endpoint = by_method(partial(show, site, page), partial(submit, site, page))
        return Route(page.path, endpoint, methods=["GET", "POST"], name=page.full_name)
    return Route(page.path, by_method(partial(show, site, page), None), methods=["GET"], name=page.full_name)


def by_method(get: Endpoint | None, post: Endpoint | None) -> Endpoint:
    """One route for reading and submitting; the route has refused other methods before."""

    async def endpoint(request: Request) -> Response:
        handler = post if request.method == "POST" else get
        assert handler is not None  # the route's methods say which there are
        return await handler(request)

    return endpoint
