"""Bearer tokens at the door: verified once, remembered until they end.

An ES256 verification takes 175 µs of processor time, as much as a whole planned read (160 µs); a remembered token takes
2 µs. A revoked token ends with the next look at the keys, half a minute later at the latest. What is remembered is
bounded, keyed by SHA-256 (no token is kept in memory), and dropped with its key. The oldest goes first, not the least
lately used: a token lives for minutes, and whose is forgotten too early is verified once more.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from joserfc.jwk import ECKey

from domain.identity.keys import verification_keys
from domain.identity.proofs import Proof
from domain.identity.revocations import is_revoked, revoked_subjects
from domain.identity.tokens import LEEWAY, AccessToken, Authority, InvalidTokenError, key_id, verify
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
# A token is remembered as nearly every client sends it, so that the header need not be taken apart to find it.
SCHEME = b"Bearer "
NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class Known(NamedTuple):
    """A token that was verified: until when, whose, and what it says."""

    ends_at: dt.datetime
    viewer: Viewer
    facts: AccessToken


class BearerTokens:
    """The tokens of one process."""

    def __init__(self, database: Database, authority: Authority, ceiling: Classification, clock: Clock) -> None:
        self._database = database
        self._authority = authority
        self._ceiling = ceiling
        self._clock = clock
        self._keys: Mapping[str, ECKey] = {}
        self._keys_read_at: dt.datetime | None = None
        self._keys_known_until = NEVER
        self._reading = asyncio.Lock()
        # A viewer has a language, so a token that is used in both stands here twice.
        self._remembered: dict[tuple[bytes, Language], Known] = {}
        self._revoked: frozenset[UUID] = frozenset()
        # False when more was revoked than is kept here: then no token is taken without a look into the database.
        self._all_known = True
        # How often something changed: what was read meanwhile may be older than the last change.
        self._changes = 0

    def remembered(self, authorization: bytes, language: Language) -> Viewer | None:
        """The viewer of an `Authorization` header, where it takes no more than to remember; else `viewer` must be asked."""
        now = self._clock()
        known = self._remembered.get((sha256(authorization).digest(), language))
        if known is None or known.ends_at <= now or now >= self._keys_known_until or known.facts.jkt is not None:
            return None
        return known.viewer

    async def viewer(self, token: str, language: Language, proof: Proof | None = None) -> Viewer:
        """The viewer that a valid token makes; raises `InvalidTokenError`.

        A token that is bound to a key needs the proof that who presents it holds that key, and only such a token may come
        with one (RFC 9449 §7.1).
        """
        _, viewer, facts = await self._known(token, language)
        if facts.jkt is None and proof is None:
            return viewer
        if proof is None or facts.jkt != proof.jkt:
            raise InvalidTokenError("the token is bound to another key")
        return viewer

    async def facts(self, token: str) -> AccessToken:
        """The facts of a valid token, for whoever asks about it; raises `InvalidTokenError`."""
        return (await self._known(token, "zh")).facts

    def look_again(self) -> None:
        """Read keys and revocations anew before the next token, because something of them has just changed."""
        self._keys_read_at, self._keys_known_until = None, NEVER
        self._changes += 1

    async def _known(self, token: str, language: Language) -> Known:
        now = self._clock()
        if self._keys_read_at is None or now - self._keys_read_at >= KEYS_KNOWN_FOR:
            await self._know_keys(now, KEYS_KNOWN_FOR)
        place = sha256(SCHEME + token.encode("utf-8", "surrogatepass")).digest(), language
        known = self._remembered.get(place)
        if known is not None:
            if known.ends_at <= now:
                del self._remembered[place]
                raise InvalidTokenError("the token has expired")
            await self._require_standing(known.facts)
            return known
        if key_id(token) not in self._keys:
            await self._know_keys(now, KEYS_SOUGHT_EVERY)
        facts = verify(token, self._keys, self._authority, now)
        if names(facts) & self._revoked:
            raise InvalidTokenError("the token was revoked")
        await self._require_standing(facts)
        known = Known(facts.expires_at + LEEWAY, viewer_of_token(facts, language, self._ceiling), facts)
        self._remembered[place] = known
        if len(self._remembered) > TOKENS_REMEMBERED_MAX:
            del self._remembered[next(iter(self._remembered))]
        return known

    async def _know_keys(self, now: dt.datetime, age_max: dt.timedelta) -> None:
        """Read the keys anew, unless what is known of them is younger than this."""
        async with self._reading:
            if self._keys_read_at is not None and now - self._keys_read_at < age_max:
                return
            changes = self._changes
            async with transaction(self._database, Viewer.system().row_settings()) as session:
                keys = await verification_keys(session, now)
                found = await revoked_subjects(session, now)
            revoked = found.subjects
            if not self._keys.keys() <= keys.keys():
                # A key was forgotten, and with it the tokens that it signed.
                self._remembered.clear()
            if revoked - self._revoked:
                for place in [place for place, known in self._remembered.items() if names(known.facts) & revoked]:
                    del self._remembered[place]
            self._keys, self._revoked, self._all_known = keys, revoked, found.complete
            if changes == self._changes:
                self._keys_read_at = now
                self._keys_known_until = now + KEYS_KNOWN_FOR if found.complete else NEVER

    async def _require_standing(self, facts: AccessToken) -> None:
        """Refuse a token that was revoked, where this process does not know all that was."""
        if self._all_known:
            return
        async with transaction(self._database, Viewer.system().row_settings()) as session:
            if await is_revoked(session, *names(facts)):
                raise InvalidTokenError("the token was revoked")


def names(facts: AccessToken) -> frozenset[UUID]:
    """Under which names a token may have been revoked: its own, its grant's, and the standings that it rests on."""
    own = (UUID(facts.token_id),) if UUID_TEXT.fullmatch(facts.token_id) else ()
    return facts.standings.union(own if facts.grant_id is None else (*own, facts.grant_id))
