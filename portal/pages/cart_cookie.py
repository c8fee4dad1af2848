"""The cart of a browser whose visitor is not signed in: its token is a cookie, which pages hand to their operations.

An operation that has a variable `$cartToken` gets it, from the cookie and from nowhere else. Who signs in finds what they had
put into that cart in their own.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

VARIABLE = "cartToken"
COOKIE, SECURE_COOKIE = "quadrant-cart", "__Host-quadrant-cart"
TOKEN_BYTES = 32
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
DAYS = 30
MERGE = "mutation MergeCart($token: String!) { mergeCart(input: {token: $token}) { errors { code } } }"


class CartCookie:
    """The token of one request: the browser's, or a new one once something is put in."""

    def __init__(
        self,
        request: Request,
        *,
        secure: bool,
        signed_in: bool,
        randomness: Callable[[int], str] = secrets.token_urlsafe,
    ) -> None:
        self.secure = secure
        self.signed_in = signed_in
        self.randomness = randomness
        self.cookie = SECURE_COOKIE if secure else COOKIE
        brought = request.cookies.get(self.cookie, "")
        self.kept = brought if TOKEN.fullmatch(brought) else None
        self.made: str | None = None

    def shown(self) -> str | None:
        """The token that opens what the visitor sees; who is signed in needs none."""
        return None if self.signed_in else self.kept

    def changed(self) -> str | None:
        """The token for a change, made where the browser has none."""
        if self.signed_in:
            return None
        if self.kept is None and self.made is None:
            self.made = self.randomness(TOKEN_BYTES)
        return self.kept or self.made

    @property
    def brought(self) -> str | None:
        """The token of a cart from before signing in."""
        return self.kept if self.signed_in else None

    def remember(self, response: Response) -> None:
        """Give the browser a new token, or take away the one whose cart is its owner's now."""
        if self.made is not None:
            age = DAYS * 24 * 60 * 60
            response.set_cookie(
                self.cookie, self.made, max_age=age, path="/", secure=self.secure, httponly=True, samesite="lax"
            )
        elif self.brought is not None:
            response.delete_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="lax")
