"""The public keys of the authorization server (RFC 7517), for whoever verifies its tokens without asking it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.identity.keys import verification_keys
from foundation.clock import Clock
from foundation.database import Database
from foundation.session import transaction
from segments.viewer import Viewer

PATH = "/oauth/jwks"
# Shorter than a key that is rotated by age waits before it signs, so that a copy of this age knows it. The first key, and one
# of two rotations by command in a row, sign sooner: verifiers ask again for a `kid` that they do not know.
HEADERS = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}


class KeySet:
    """The document at `PATH`: the next key, the one that signs, and those whose tokens may still be valid."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def answer(self, _: Request) -> Response:
        """The set; empty until something was signed for the first time."""
        async with transaction(self._database, Viewer.system().row_settings()) as session:
            keys = await verification_keys(session, self._clock())
        return JSONResponse({"keys": [key.as_dict(private=False) for key in keys.values()]}, headers=HEADERS)
