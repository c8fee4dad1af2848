"""Who may enter a page: the view follows from the session alone, so a page of another portal is not shown in any view."""

from __future__ import annotations

from starlette.responses import Response

from portal.pages.error_pages import refuse
from portal.pages.page import HOME, Page, portal_root
from portal.pages.visit import Visit


def refuse_entry(visit: Visit, page: Page) -> Response | None:
    """The answer to somebody who may not enter, or None."""
    visitor = visit.visitor
    if not visitor.signed_in:
        return None if page.public else visit.redirect(visit.sign_in_address())
    if visitor.viewer.audience is page.audience:
        return None
    own = visitor.viewer.audience
    if page.name == HOME and own is not None and visit.site.registry.of(own):
        return visit.redirect(portal_root(own) or "/")
    return refuse(visit, 403, page.audience)
