"""In which language a page speaks: a cookie says so; `?language=en` sets it and leads back to the clean address."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from foundation.language import LANGUAGES, Language
from portal.pages.security_headers import page_headers

COOKIE = "quadrant-language"
PARAMETER = "language"
YEAR_SECONDS = 365 * 24 * 3600


def language_of(request: Request, default: Language) -> Language:
    """The language of the cookie, if it is one of ours."""
    return known(request.cookies.get(COOKIE)) or default


def known(text: str | None) -> Language | None:
    """One of our languages."""
    return next((language for language in LANGUAGES if language == text), None)


def switch(request: Request, *, secure: bool) -> Response | None:
    """The answer to an address with `?language=`: the choice is kept and the rest of the address stays as it was."""
    chosen = known(request.query_params.get(PARAMETER))
    if chosen is None or request.method not in {"GET", "HEAD"}:
        return None
    response = RedirectResponse(switched_address(request), 303, headers=page_headers(secure=secure, private=True))
    response.set_cookie(COOKIE, chosen, YEAR_SECONDS, path="/", secure=secure, httponly=True, samesite="lax")
    return response


def switched_address(request: Request, language: Language | None = None) -> str:
    """This address without its language parameter, or with another one."""
    pairs = [(name, text) for name, text in request.query_params.multi_items() if name != PARAMETER]
    if language:
        pairs.append((PARAMETER, language))
    return f"{local_path(request)}?{urlencode(pairs)}" if pairs else local_path(request)


def local_path(request: Request) -> str:
    """The path as sent. One that began with two slashes would name another host."""
    return "/" + request.url.path.lstrip("/")
