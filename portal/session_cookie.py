"""The session cookie: `__Host-quadrant` where the public address is https, `quadrant` where it is plain http.

Browsers take a `__Host-` cookie over TLS only, from this very host only; a developer's machine at `http://localhost` has
no TLS. The setting `public_url` decides and not the request, whose scheme a proxy may have changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from foundation.settings import Settings

SECURE_NAME = "__Host-quadrant"
PLAIN_NAME = "quadrant"


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """How this installation's session cookie is called and sent. It has no age: it ends with the browser at the latest."""

    name: str
    secure: bool

    @classmethod
    def of(cls, settings: Settings) -> SessionCookie:
        """The cookie that fits the public address."""
        secure = settings.base_url.startswith("https://")
        return cls(SECURE_NAME if secure else PLAIN_NAME, secure)

    def give(self, response: Response, secret: str) -> None:
        """Hand a session's secret to the browser; scripts cannot read it, other sites' forms do not send it."""
        response.set_cookie(self.name, secret, path="/", secure=self.secure, httponly=True, samesite="lax")

    def take(self, response: Response) -> None:
        """Ask the browser to forget the secret."""
        response.delete_cookie(self.name, path="/", secure=self.secure, httponly=True, samesite="lax")
