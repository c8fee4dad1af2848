"""Bearer tokens at the door: verified once, remembered until they end.

An ES256 verification takes 175 µs of processor time, as much as a whole planned read (160 µs); a remembered token takes
2 µs. What is remembered is bounded, keyed by the token's SHA-256 (no token is kept in memory), and dropped with its key.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections import OrderedDict
from collections.abc import Mapping

from joserfc.jwk import ECKey

from domain.identity.keys import verification_keys
from domain.identity.tokens import LEEWAY, Authority, InvalidTokenError, key_id, verify
from domain.identity.viewers import viewer_of_token
from foundation.clock import Clock
from foundation.database import Database
from foundation.session import transaction
from segments.classification import Classification
from segments.viewer import Language, Viewer

TOKENS_REMEMBERED_MAX = 4_096

# How old this process's knowledge of the keys may be: after so long a forgotten key no longer verifies here.
KEYS_KNOWN_FOR = dt.timedelta(seconds=30)
# An unknown `kid` may be a key made just now; but made-up ones must not become a read of the database each.
KEYS_SOUGHT_EVERY = dt.timedelta(seconds=1)


class BearerTokens:
    """The tokens of one process."""

    def __init__(self, database: Database, authority: Authority, ceiling: Classification, clock: Clock) -> None:
        self._database = database
        self._authority = authority
        self._ceiling = ceiling
        self._clock = clock
        self._keys: Mapping[str, ECKey] = {}
        self._keys_read_at: dt.datetime | None = None
        self._reading = asyncio.Lock()
        # A viewer has a language, so a token that is used in both stands here twice.
        self._remembered: OrderedDict[tuple[bytes, Language], tuple[dt.datetime, Viewer]] = OrderedDict()

    async def viewer(self, token: str, language: Language) -> Viewer:
        """The viewer that a valid token makes; raises `InvalidTokenError`."""
        now = self._clock()
        if self._keys_read_at is None or now - self._keys_read_at >= KEYS_KNOWN_FOR:
            await self._know_keys(now, KEYS_KNOWN_FOR)
        place = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest(), language
        known = self._remembered.get(place)
        if known is not None:
            ends_at, viewer = known
            if ends_at <= now:
                del self._remembered[place]
                raise InvalidTokenError("the token has expired")
            self._remembered.move_to_end(place)
            return viewer
        if key_id(token) not in self._keys:
            await self._know_keys(now, KEYS_SOUGHT_EVERY)
        facts = verify(token, self._keys, self._authority, now)
        viewer = viewer_of_token(facts, language, self._ceiling)
        self._remembered[place] = facts.expires_at + LEEWAY, viewer
        if len(self._remembered) > TOKENS_REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return viewer

    async def _know_keys(self, now: dt.datetime, age_max: dt.timedelta) -> None:
        """Read the keys anew, unless what is known of them is younger than this."""
        async with self._reading:
            if self._keys_read_at is not None and now - self._keys_read_at < age_max:
                return
            async with transaction(self._database, Viewer.system().row_settings()) as session:
                keys = await verification_keys(session, now)
            if not self._keys.keys() <= keys.keys():
                # A key was forgotten, and with it the tokens that it signed.
                self._remembered.clear()
            self._keys, self._keys_read_at = keys, now
