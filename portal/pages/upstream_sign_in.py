"""Signing in through the organisation's OpenID provider: there, and back again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from foundation.refusals import Refusal
from portal.pages.error_pages import fields_of
from portal.pages.sign_in import NEXT, REFUSED, UPSTREAM, destination, is_local, second_step_address
from portal.pages.site import Site
from portal.pages.visit import SIGN_IN, Visit, visit
from portal.upstream import CALLBACK, ON_ITS_WAY_FOR, Upstream

COOKIE, SECURE_COOKIE = "quadrant-upstream", "__Host-quadrant-upstream"


def upstream_routes(site: Site, upstream: Upstream | None) -> Sequence[Route]:
    """For the application to put before the pages; none without a provider in the settings."""
    if upstream is None:
        return []
    return [
        Route(UPSTREAM, partial(leave, site, upstream), methods=["GET"]),
        Route(CALLBACK, partial(come_back, site, upstream), methods=["GET"]),
    ]


async def leave(site: Site, upstream: Upstream, request: Request) -> Response:
    """To the provider. That another page can begin this does no harm: who comes back is who they are there."""
    present = await visit(site, request, fields_of(request))
    wanted = present.fields.last(NEXT) or ""
    try:
        address, kept = await upstream.begin(wanted if is_local(wanted) else "")
    except Refusal:
        return sent_back(present)
    response = RedirectResponse(address, 303, headers=present.headers(private=True))
    response.set_cookie(
        cookie_name(site),
        kept,
        int(ON_ITS_WAY_FOR.total_seconds()),
        path="/",
        secure=site.secure,
        httponly=True,
        samesite="lax",
    )
    return response


async def come_back(site: Site, upstream: Upstream, request: Request) -> Response:
    """From the provider: sign in, go on. What was kept is forgotten, so that nothing comes back twice."""
    present = await visit(site, request, fields_of(request))
    try:
        opened, wanted = await upstream.finish(request, request.cookies.get(cookie_name(site), ""))
    except Refusal:
        response = sent_back(present)
    else:
        onward = second_step_address(wanted) if opened.awaits_second_factor else None
        response = present.redirect(onward or destination(site, opened.viewer, wanted))
        opened.set_cookie(response)
    response.delete_cookie(cookie_name(site), path="/", secure=site.secure, httponly=True, samesite="lax")
    return response


def sent_back(visit: Visit) -> Response:
    """To the sign-in page, which says that it did not work; never why, which is the log's business."""
    return visit.redirect(f"{SIGN_IN}?{REFUSED}=upstream")


def cookie_name(site: Site) -> str:
    """Over TLS no other host can plant the cookie."""
    return SECURE_COOKIE if site.secure else COOKIE
