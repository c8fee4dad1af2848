"""What the pages of the authorization server stand on, and how it sends people back to the programs they came from."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal.oauth.issuer import Issuer
from portal.pages.error_pages import fields_of
from portal.pages.form_guard import from_here
from portal.pages.security_headers import CONTENT_POLICY
from portal.pages.site import Site
from portal.pages.visit import Visit, render, visit
from portal.sessions import Sessions

OWN = "/oauth/"
LED_ON, REFUSED = "identity/led-on.html", "identity/authorization-refused.html"


@dataclass(frozen=True)
class Desk:
    """The authorization server's pages of one process."""

    issuer: Issuer
    site: Site
    sessions: Sessions


async def present(desk: Desk, request: Request) -> Visit:
    """Who looks at a page of the authorization server."""
    return await visit(desk.site, request, fields_of(request))


def lead_back(desk: Desk, visit: Visit, address: str, parameters: dict[str, str | None]) -> Response:
    """Send somebody to a program's address that was found to be registered, saying who sends them (RFC 9207)."""
    sent = [(name, value) for name, value in parameters.items() if value is not None]
    target = add_params_to_uri(address, [*sent, ("iss", desk.issuer.authority.issuer)])
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    if not follows_form(visit.request):
        return RedirectResponse(target, 303, headers=headers)
    # Browsers hold a form's content policy against every redirection that follows it, and the sign-in form may lead to our
    # own pages only. So a page of its own leads on.
    response = render(visit, LED_ON, None, target=target)
    response.headers.update({**headers, "Refresh": f"0; url={target}"})
    return response


def refuse_error(desk: Desk, visit: Visit, error: OAuth2Error, state: str | None) -> Response:
    """Tell the program what is wrong, or the person when it is not certain that the address is the program's."""
    if error.redirect_uri:
        told = {"error": error.error, "error_description": error.description or None, "state": state}
        return lead_back(desk, visit, error.redirect_uri, told)
    return refuse_person(visit, error.description or error.error or "")


def refuse_person(visit: Visit, description: str, status: int = 400) -> Response:
    """A page that says that a program's request was wrong; the person can do nothing about it."""
    return render(visit, REFUSED, None, status=status, description=description)


def may_lead_to(response: Response, address: str) -> None:
    """Let the form of a page end at a program's address; its own content policy forbids all others."""
    parts = urlsplit(address)
    named = parts.netloc and not parts.netloc.startswith("[")
    target = f"{parts.scheme}://{parts.netloc}" if named else f"{parts.scheme}:"
    policy = CONTENT_POLICY.replace("form-action 'self'", f"form-action 'self' {target}")
    response.headers["Content-Security-Policy"] = policy


def follows_form(request: Request) -> bool:
    """Whether a browser comes here from another page of ours, as it does after signing in."""
    try:
        referrer = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return False
    ours = referrer.netloc == request.headers.get("host") and bool(referrer.netloc)
    return request.method == "GET" and ours and not referrer.path.startswith(OWN) and from_here(request)
