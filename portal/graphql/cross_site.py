"""The CSRF rule: a browser that vouches by its cookie must have been sent here by our own pages.

It holds for callers known by a cookie only; a bearer token is nothing that another site could make a browser send.
"""

from __future__ import annotations

from collections.abc import Mapping

from foundation.settings import Settings
from portal.graphql.errors import ProtocolError
from portal.graphql.media import is_json

# A script of another site may not set these without asking first (a preflight), which we grant to nobody.
CUSTOM_HEADERS = frozenset(
    {b"x-quadrant-request", b"graphql-require-preflight", b"apollo-require-preflight", b"x-apollo-operation-name"}
)


class SameSiteRule:
    """What counts as our own pages in one installation."""

    def __init__(self, settings: Settings) -> None:
        # Without a public address the installation is reached by many names; the one asked for is then its own.
        self._origin = settings.public_url.rstrip("/").encode() if settings.public_url else None

    def check(self, headers: Mapping[bytes, bytes]) -> None:
        """Refuse what another site's page may have made a browser send."""
        if not CUSTOM_HEADERS.isdisjoint(headers):
            return
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        if origin is not None:
            ours = self.is_own(origin, headers)
        elif site is not None:
            # Browsers set it, pages cannot; it lets our pages' event sources pass, which can set no header at all.
            ours = site == b"same-origin"
        else:
            # An old browser, or no browser. A page of another site cannot send this content type unasked.
            ours = is_json(headers.get(b"content-type"))
        if not ours:
            raise cross_site()

    def is_own(self, origin: bytes, headers: Mapping[bytes, bytes]) -> bool:
        """Whether an Origin is this installation's."""
        if self._origin is not None:
            return origin == self._origin
        _, _, authority = origin.partition(b"://")
        return authority == headers.get(b"host")


def cross_site() -> ProtocolError:
    """The request comes from elsewhere."""
    return ProtocolError(403, "CROSS_SITE_REQUEST", "protocol.cross_site")
