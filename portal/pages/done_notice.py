"""What a visitor is told after a form: the next page shows it once, by a cookie that names the form."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from portal.pages.page import Action, Page
from portal.pages.registry import Registry

COOKIE = "quadrant-done"
SECONDS = 60


def tell(response: Response, page: Page, action: Action, *, secure: bool) -> None:
    """Let the next page say what was done."""
    if action.done:
        value = f"{page.full_name}.{action.name}"
        response.set_cookie(COOKIE, value, SECONDS, path="/", secure=secure, httponly=True, samesite="lax")


def told(request: Request, registry: Registry) -> str:
    """The words of the form that the cookie names, or nothing. The words are ours whatever the cookie says."""
    action = registry.action(request.cookies.get(COOKIE, ""))
    return action.done if action else ""


def forget(response: Response) -> None:
    """It was said."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
