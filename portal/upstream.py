"""Signing staff in through their organisation's OpenID provider: the code flow with PKCE, state and nonce.

What belongs to a sign-in on its way stands sealed in a cookie. Whom the provider vouches for is found among the staff by
a verified e-mail address; nobody is created. Requests to the provider are few, so nothing of it is remembered.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast
from urllib.parse import quote, urlencode, urlsplit

import httpx
import structlog
from starlette.requests import Request

from domain.identity.people import normal_email, person_by_email
from domain.identity.sealing import SealError
from domain.identity.upstream import UpstreamError, UpstreamPerson, person_of, verified_person
from foundation.clock import Clock
from foundation.database import Database
from foundation.refusals import Refusal
from foundation.session import transaction
from foundation.settings import Settings
from portal.refused_sign_ins import Attempt
from portal.sessions import SYSTEM, Sessions, SignedIn
from segments.audiences import STAFF

CALLBACK = "/sign-in/upstream/callback"
WELL_KNOWN = "/.well-known/openid-configuration"
SEALED_FOR = "upstream sign-in"
SECONDS_MAX = 10.0
ANSWER_BYTES_MAX = 256 * 1024
ON_ITS_WAY_FOR = dt.timedelta(minutes=10)
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
LOGGER = structlog.get_logger("portal.upstream")


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """What a sign-in must come back with, and where it leads; `until` in seconds since 1970."""

    state: str
    nonce: str
    verifier: str
    wanted: str
    until: int


class Upstream:
    """The provider of one process's settings."""

    def __init__(self, settings: Settings, database: Database, sessions: Sessions, clock: Clock) -> None:
        self.issuer = settings.upstream_issuer or ""
        self._client_id = settings.upstream_client_id or ""
        secret = settings.upstream_client_secret
        self._client_secret = secret.get_secret_value() if secret else ""
        self._redirect_uri = settings.base_url + CALLBACK
        self._database = database
        self._sessions = sessions
        self._seal = sessions.seal
        self._clock = clock
        # Reading the trusted certificates takes as long as a whole sign-in.
        self._tls = httpx.create_ssl_context()

    async def begin(self, wanted: str) -> tuple[str, str]:
        """The provider's address to send the browser to, and what the browser keeps meanwhile, sealed."""
        until = int((self._clock() + ON_ITS_WAY_FOR).timestamp())
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        way = OnItsWay(state, nonce, verifier, wanted, until)
        try:
            async with self._client() as client:
                endpoint = self._endpoint(await self._metadata(client), "authorization_endpoint")
        except UpstreamError as error:
            raise refusal(error) from error
        digest = hashlib.sha256(way.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid email",
            "state": way.state,
            "nonce": way.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(endpoint).query else "?"
        return endpoint + joint + urlencode(asked), self._seal.closed(json.dumps(asdict(way)), SEALED_FOR)

    async def finish(self, request: Request, kept: str) -> tuple[SignedIn, str]:
        """Sign in whoever the provider vouches for, if they are of the staff; and where they wanted to go."""
        async with self._sessions.noting_refusals(request, "upstream") as attempt:
            return await self._finish(request, kept, attempt)

    async def _finish(self, request: Request, kept: str, attempt: Attempt) -> tuple[SignedIn, str]:
        try:
            way = self._way(kept)
            person = await self._person(request.query_params, way)
        except UpstreamError as error:
            raise refusal(error) from error
        now = self._clock()
        async with transaction(self._database, SYSTEM) as session:
            found = None if person.email is None else await person_by_email(session, normal_email(person.email))
            attempt.person_id = None if found is None else found.id
            if found is None or not found.active or found.audience is not STAFF or not self._sessions.serves(STAFF):
                LOGGER.info("upstream refused", reason="nobody of the staff")
                raise Refusal("UPSTREAM_REFUSED")
            return await self._sessions.admitted(session, request, found, now, person.amr), way.wanted

    def _way(self, kept: str) -> OnItsWay:
        try:
            way = OnItsWay(**json.loads(self._seal.opened(kept, SEALED_FOR)))
        except (SealError, ValueError, TypeError) as error:
            raise UpstreamError("no sign-in is on its way in this browser") from error
        if way.until <= self._clock().timestamp():
            raise UpstreamError("the sign-in took too long")
        return way

    async def _person(self, answer: Mapping[str, str], way: OnItsWay) -> UpstreamPerson:
        """Check the provider's answer and turn its code into a person."""
        if not hmac.compare_digest(answer.get("state", "").encode(), way.state.encode()):
            raise UpstreamError("the state is not that of this browser")
        async with self._client() as client:
            metadata = await self._metadata(client)
            said_by = answer.get("iss")
            expected = said_by is not None or metadata.get("authorization_response_iss_parameter_supported") is True
            if expected and said_by != self.issuer:
                raise UpstreamError("another issuer answered")
            if "code" not in answer:
                raise UpstreamError("the provider gave no code")
            tokens = await self._tokens(client, metadata, answer["code"], way.verifier)
            keys = await self._asked(client, "GET", self._endpoint(metadata, "jwks_uri"))
            person = verified_person(
                str(tokens.get("id_token", "")),
                keys,
                issuer=self.issuer,
                client_id=self._client_id,
                nonce=way.nonce,
                now=self._clock(),
            )
            return person if person.email is not None else await self._more(client, metadata, tokens, person)

    async def _tokens(
        self, client: httpx.AsyncClient, metadata: Mapping[str, Any], code: str, verifier: str
    ) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        methods: object = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        endpoint = self._endpoint(metadata, "token_endpoint")
        if isinstance(methods, list) and "client_secret_basic" not in methods:
            credentials = {"client_id": self._client_id, "client_secret": self._client_secret}
            return await self._asked(client, "POST", endpoint, data=form | credentials)
        # RFC 6749, §2.3.1: both are form-encoded before they become a user's name and password.
        basic = httpx.BasicAuth(quote(self._client_id, safe=""), quote(self._client_secret, safe=""))
        return await self._asked(client, "POST", endpoint, data=form, auth=basic)

    async def _more(
        self,
        client: httpx.AsyncClient,
        metadata: Mapping[str, Any],
        tokens: Mapping[str, Any],
        person: UpstreamPerson,
    ) -> UpstreamPerson:
        """The same person with the address that userinfo tells, where the ID token tells none."""
        if "userinfo_endpoint" not in metadata:
            return person
        bearer = {"authorization": f"Bearer {tokens.get('access_token', '')}"}
        claims = await self._asked(client, "GET", self._endpoint(metadata, "userinfo_endpoint"), headers=bearer)
        if claims.get("sub") != person.subject:
            raise UpstreamError("userinfo is of another person")
        return UpstreamPerson(person.subject, person_of(claims).email, person.amr)

    async def _metadata(self, client: httpx.AsyncClient) -> Mapping[str, Any]:
        metadata = await self._asked(client, "GET", self.issuer.rstrip("/") + WELL_KNOWN)
        if metadata.get("issuer") != self.issuer:
            raise UpstreamError("the provider calls itself another issuer")
        return metadata

    def _endpoint(self, metadata: Mapping[str, Any], name: str) -> str:
        """An address of the provider's, which nobody may listen in on."""
        address: object = metadata.get(name)
        parts = urlsplit(address) if isinstance(address, str) else None
        if parts is None or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)):
            raise UpstreamError(f"the provider's {name} is no https address")
        return cast("str", address)

    async def _asked(self, client: httpx.AsyncClient, method: str, address: str, **more: Any) -> Mapping[str, Any]:
        """The object that the provider answers, read no further than one may be long."""
        try:
            async with client.stream(method, address, **more) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > ANSWER_BYTES_MAX:
                        raise UpstreamError(f"{urlsplit(address).path} answers too much")
                found: object = json.loads(body) if response.status_code == 200 else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            raise UpstreamError(f"{urlsplit(address).path} is not reached or answers no JSON") from error
        if not isinstance(found, dict):
            raise UpstreamError(f"{urlsplit(address).path} refuses")
        return cast("dict[str, Any]", found)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=self._tls, timeout=SECONDS_MAX, headers={"accept": "application/json"})


def refusal(error: UpstreamError) -> Refusal:
    """What the person is told; the reason is for the log."""
    LOGGER.warning("upstream refused", reason=str(error))
    return Refusal("UPSTREAM_REFUSED")
