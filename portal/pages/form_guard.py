"""Only our own pages may submit our forms (CSRF): the token in the form must fit the cookie of the same browser.

The token is a fresh nonce with an HMAC of it under the cookie's secret, bound to the session. So it is useless to a
page of another origin, which can send the cookie but not read it; in another session; and to somebody who guesses at
compressed pages, because it never repeats. Nothing is stored on the server and workers share nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

TOKEN_FIELD = "form-token"  # noqa: S105 - the name of a field; a hyphen keeps it apart from GraphQL's variables.
COOKIE = "quadrant-form"
# Browsers let only this very host set a cookie with this prefix, and only over TLS.
SECURE_COOKIE = "__Host-quadrant-form"
SECRET_BYTES, NONCE_CHARACTERS = 32, 16

Randomness = Callable[[int], str]


class FormGuard:
    """Tokens for one request: made while its page is rendered, checked when a form comes back."""

    def __init__(
        self, request: Request, session: str, *, secure: bool, randomness: Randomness = secrets.token_hex
    ) -> None:
        self.request = request
        self.session = session
        self.randomness = randomness
        self.secure = secure
        self.cookie = SECURE_COOKIE if secure else COOKIE
        kept = request.cookies.get(self.cookie, "")
        self.fresh = len(kept) != 2 * SECRET_BYTES
        self.secret = randomness(SECRET_BYTES) if self.fresh else kept
        self.used = False

    def token(self) -> str:
        """A token for a form of this page."""
        self.used = True
        nonce = self.randomness(NONCE_CHARACTERS // 2)
        return nonce + self.seal(nonce)

    def seal(self, nonce: str) -> str:
        """The part of a token that only we can make."""
        return hmac.new(self.secret.encode(), f"{nonce} {self.session}".encode(), hashlib.sha256).hexdigest()

    def remember(self, response: Response) -> None:
        """Give the browser the secret, when a form was made with one that it does not have yet."""
        if self.used and self.fresh:
            response.set_cookie(self.cookie, self.secret, path="/", secure=self.secure, httponly=True, samesite="lax")

    def accepts(self, token: str) -> bool:
        """Whether a form comes from a page of ours, in this browser and this session."""
        if self.fresh or not from_here(self.request):
            return False
        nonce, seal = token[:NONCE_CHARACTERS], token[NONCE_CHARACTERS:]
        return hmac.compare_digest(seal.encode(), self.seal(nonce).encode())


def from_here(request: Request) -> bool:
    """Whether the browser says that the request comes from our own pages. Browsers of old say nothing: the token decides.

    Only the host is compared: behind a proxy that ends TLS the scheme may not be ours to know.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")
