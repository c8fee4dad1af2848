"""Bearer tokens at the door: verified once, remembered until they end.

An ES256 verification takes 175 µs of processor time, as much as a whole planned read (160 µs); a remembered token takes
2 µs. A revoked token ends as soon as its notice is heard (`portal/notices.py`), and where none is heard with the next
look at the keys, half a minute later at the latest. What is remembered is
bounded, and dropped with its key. The oldest goes first, not the least lately used: a token lives for minutes, and whose
is forgotten too early is verified once more. Tokens are kept as they are: beside the key that signs them, which is in the
same memory, a hash would protect nothing, and it took a twentieth of what the door does.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import UUID

from joserfc.jwk import ECKey

from domain.identity.keys import verification_keys
from domain.identity.proofs import Proof
from domain.identity.revocations import is_revoked, revoked_subjects
from domain.identity.tokens import LEEWAY, AccessToken, Authority, InvalidTokenError, key_id, verify
from domain.identity.viewers import viewer_of_token
from foundation.clock import Clock, seconds_of
from foundation.database import Database
from foundation.language import LANGUAGES
from foundation.session import transaction
from segments.audiences import DIVISION
from segments.classification import Classification
from segments.viewer import Language, Viewer

# For each language.
TOKENS_REMEMBERED_MAX = 4_096

# How old this process's knowledge of the keys may be: after so long a forgotten key no longer verifies here.
KEYS_KNOWN_FOR = dt.timedelta(seconds=30)
# An unknown `kid` may be a key made just now; but made-up ones must not become a read of the database each.
KEYS_SOUGHT_EVERY = dt.timedelta(seconds=1)
# A token is remembered as nearly every client sends it, so that the header need not be taken apart to find it.
SCHEME = b"Bearer "
NEVER = 0.0
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class Caller(NamedTuple):
    """Who asks. `by_cookie`: a browser vouches for them, which other sites can make it do, so the CSRF rule must hold."""

    viewer: Viewer
    by_cookie: bool = False


class Known(NamedTuple):
    """A token that was verified: until when, who asks with it, what it says, and until when its header alone is enough.

    The last is in seconds since 1970.
    """

    ends_at: dt.datetime
    caller: Caller
    facts: AccessToken
    alone_until: float


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
        self._seconds = seconds_of(clock)
        self._reading = asyncio.Lock()
        # A viewer has a language, so a token that is used in both stands here twice.
        self._remembered: dict[Language, dict[bytes, Known]] = {language: {} for language in LANGUAGES}
        self._revoked: frozenset[UUID] = frozenset()
        # False when more was revoked than is kept here: then no token is taken without a look into the database.
        self._all_known = True
        # How often something changed: what was read meanwhile may be older than the last change.
        self._changes = 0

    def remembered(self, authorization: bytes, language: Language) -> Caller | None:
        """Who asks with an `Authorization` header, where it takes no more than to remember; else `viewer` must be asked."""
        known = self._remembered[language].get(authorization)
        if known is None or not known.alone_until > self._seconds() < self._keys_known_until:
            return None
        return known.caller

    async def viewer(self, token: str, language: Language, proof: Proof | None = None) -> Viewer:
        """The viewer that a valid token makes; raises `InvalidTokenError`.

        A token that is bound to a key needs the proof that who presents it holds that key, and only such a token may come
        with one (RFC 9449 §7.1).
        """
        known = await self._known(token, language)
        bound_to = known.facts.jkt
        if (bound_to is not None or proof is not None) and (proof is None or bound_to != proof.jkt):
            raise InvalidTokenError("the token is bound to another key")
        return known.caller.viewer

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
        header, remembered = SCHEME + token.encode("utf-8", "surrogatepass"), self._remembered[language]
        known = remembered.get(header)
        if known is not None:
            if known.ends_at <= now:
                del remembered[header]
                raise InvalidTokenError("the token has expired")
            await self._require_standing(known.facts)
            return known
        if key_id(token) not in self._keys:
            await self._know_keys(now, KEYS_SOUGHT_EVERY)
        facts = verify(token, self._keys, self._authority, now)
        if names(facts) & self._revoked:
            raise InvalidTokenError("the token was revoked")
        await self._require_standing(facts)
        viewer, ends_at = viewer_of_token(facts, language, self._ceiling), facts.expires_at + LEEWAY
        # A token that is bound to a key comes with a proof, and the division's people are looked at each time.
        watched = facts.jkt is not None or viewer.audience is DIVISION
        known = remembered[header] = Known(ends_at, Caller(viewer), facts, NEVER if watched else ends_at.timestamp())
        if len(remembered) > TOKENS_REMEMBERED_MAX:
            del remembered[next(iter(remembered))]
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
                self._forget(lambda _: True)
            if revoked - self._revoked:
                self._forget(lambda facts: bool(names(facts) & revoked))
            self._keys, self._revoked, self._all_known = keys, revoked, found.complete
            if changes == self._changes:
                self._keys_read_at = now
                self._keys_known_until = (now + KEYS_KNOWN_FOR).timestamp() if found.complete else NEVER

    async def _require_standing(self, facts: AccessToken) -> None:
        """Refuse a token that was revoked, where this process does not know all that was."""
        if self._all_known:
            return
        async with transaction(self._database, Viewer.system().row_settings()) as session:
            if await is_revoked(session, *names(facts)):
                raise InvalidTokenError("the token was revoked")

    def _forget(self, which: Callable[[AccessToken], bool]) -> None:
        for remembered in self._remembered.values():
            for header in [header for header, known in remembered.items() if which(known.facts)]:
                del remembered[header]


def names(facts: AccessToken) -> frozenset[UUID]:
    """Under which names a token may have been revoked: its own, its grant's, and the standings that it rests on."""
    own = (UUID(facts.token_id),) if UUID_TEXT.fullmatch(facts.token_id) else ()
    return facts.standings.union(own if facts.grant_id is None else (*own, facts.grant_id))
