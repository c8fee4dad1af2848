"""From a request to its viewer: a bearer token, a browser's session, or nobody.

The viewer follows from the verified token or session alone, never from another header, a parameter or a host name. Tokens
count where programs ask (`/graphql` and its streams) and win over a cookie there; pages look at the cookie only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection
from starlette.types import Scope

from domain.identity.proofs import InvalidProofError
from domain.identity.tokens import InvalidTokenError
from foundation.language import LANGUAGES, translate
from portal.bearer import BearerTokens, Caller
from portal.language import accepted_language
from portal.pages.language_choice import COOKIE, known
from portal.proofs import Proofs, Proven
from portal.sessions import Sessions
from segments.audiences import CONSUMER, DIVISION, Audience
from segments.viewer import Language, Viewer

ANONYMOUS = {language: Viewer.anonymous(language) for language in LANGUAGES}

CHALLENGE = "Bearer"
INVALID_TOKEN = 'Bearer error="invalid_token"'  # noqa: S105 - a challenge, not a secret.
INVALID_BOUND = 'DPoP error="invalid_token", algs="ES256 Ed25519"'
INVALID_PROOF = 'DPoP error="invalid_dpop_proof", algs="ES256 Ed25519"'
INVALID_REQUEST = 'Bearer error="invalid_request"'


@dataclass
class CallerRefusedError(Exception):
    """Nobody is answered: what was presented is not valid, or this installation does not serve them."""

    status: int
    code: str
    language: Language
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def message(self) -> str:
        """What the client is told."""
        return translate(f"caller.{self.code}", self.language)


class Callers:
    """Finds the viewer of requests to the GraphQL endpoints."""

    def __init__(
        self,
        sessions: Sessions,
        tokens: BearerTokens,
        proofs: Proofs,
        served: frozenset[Audience],
        default: Language,
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._proofs = proofs
        self._served = frozenset(audience.value for audience in served)
        self._default: Language = default

    def remembered(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Caller | None:
        """Who asks, where it takes no more than to remember a token; else `caller` finds out."""
        presented = headers.get(b"authorization")
        if presented is None:
            return None
        plain = b"cookie" not in headers and b"accept-language" not in headers
        caller = self._tokens.remembered(presented, self._default if plain else self.language(scope, headers))
        # By its name: an enumeration's member is hashed by a function of Python's.
        if caller is not None and caller.viewer.settings[0] not in self._served:
            raise not_served(caller.viewer)
        return caller

    async def caller(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Caller:
        """Who asks by HTTP, or by a WebSocket's opening request."""
        language = self.language(scope, headers)
        presented = headers.get(b"authorization")
        if presented is not None:
            return await self._bearer(presented, headers.get(b"dpop"), scope, language)
        if b"cookie" in headers:
            viewer = await self._sessions.viewer(HTTPConnection(scope), language)
            if viewer is not None:
                return Caller(self._admitted(viewer), by_cookie=True)
        if CONSUMER.value not in self._served:
            raise CallerRefusedError(401, "SIGN_IN_NEEDED", language, {"WWW-Authenticate": CHALLENGE})
        return Caller(ANONYMOUS[language])

    async def _bearer(self, presented: bytes, proof: bytes | None, scope: Scope, language: Language) -> Caller:
        """Who asks with a token that must be looked at. A comma says that a header was given several times: none holds one."""
        if b"," in presented or (proof is not None and b"," in proof):
            raise CallerRefusedError(400, "AUTHORIZATION_MALFORMED", language, {"WWW-Authenticate": INVALID_REQUEST})
        proven = None if proof is None else Proven(proof.decode("latin-1"), HTTPConnection(scope))
        return await self.bearer(presented.decode("latin-1"), language, proven)

    async def bearer(self, authorization: str, language: Language, proven: Proven | None = None) -> Caller:
        """Who asks with the value of an `Authorization` header, which WebSocket clients send in `connection_init`.

        `proven`: the request with a proof that the caller holds the key of the token (`DPoP` scheme).
        """
        scheme, _, token = authorization.partition(" ")
        if scheme != CHALLENGE and scheme.lower() != "bearer":
            return await self._holder(authorization, language, proven)
        try:
            viewer = await self._tokens.viewer(token.strip(), language)
        except InvalidTokenError as error:
            raise CallerRefusedError(401, "TOKEN_INVALID", language, {"WWW-Authenticate": INVALID_TOKEN}) from error
        return await self._member(viewer, language)

    async def _holder(self, authorization: str, language: Language, proven: Proven | None) -> Caller:
        """Who asks with a token that is bound to a key."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "dpop":
            raise CallerRefusedError(401, "AUTHORIZATION_MALFORMED", language, {"WWW-Authenticate": CHALLENGE})
        if proven is None:
            raise CallerRefusedError(401, "PROOF_INVALID", language, {"WWW-Authenticate": INVALID_PROOF})
        try:
            proof = await self._proofs.spent(proven, token.strip())
            viewer = await self._tokens.viewer(token.strip(), language, proof)
        except InvalidProofError as error:
            raise CallerRefusedError(401, "PROOF_INVALID", language, {"WWW-Authenticate": INVALID_PROOF}) from error
        except InvalidTokenError as error:
            raise CallerRefusedError(401, "TOKEN_INVALID", language, {"WWW-Authenticate": INVALID_BOUND}) from error
        return await self._member(viewer, language)

    async def _member(self, viewer: Viewer, language: Language) -> Caller:
        if viewer.audience is DIVISION and not await self._sessions.is_member(viewer):
            # The division works with what was military: its tokens end with the membership and not minutes later.
            raise CallerRefusedError(401, "TOKEN_INVALID", language, {"WWW-Authenticate": INVALID_TOKEN})
        return Caller(self._admitted(viewer))

    def language(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Language:
        """The language in which the caller is answered."""
        if b"cookie" in headers and (chosen := known(HTTPConnection(scope).cookies.get(COOKIE))):
            return chosen
        accepted = headers.get(b"accept-language")
        return self._default if accepted is None else accepted_language(accepted.decode("latin-1"), self._default)

    def _admitted(self, viewer: Viewer) -> Viewer:
        if viewer.settings[0] not in self._served:
            raise not_served(viewer)
        return viewer


def not_served(viewer: Viewer) -> CallerRefusedError:
    """This installation has no view for them."""
    return CallerRefusedError(403, "AUDIENCE_NOT_SERVED", viewer.language)
