"""The authorization server of one request: Authlib's, with our clients, our PKCE rule and our answers."""

# Authlib's stubs know neither what its hooks may return nor half of its types.
# pyright: reportIncompatibleMethodOverride=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import datetime as dt
import hmac
from typing import Any, cast

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidClientError,
    InvalidRequestError,
    OAuth2Error,
    OAuth2Request,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from domain.identity.client_tables import Client
from domain.identity.clients import CODE_GRANT, find_client, leads_to, note_use, secret_fits
from domain.identity.proofs import InvalidProofError, Proof, spend, verified_proof
from portal.oauth.bridge import OAuthRequest, answer, check_parameters, wait
from portal.oauth.issuer import Issuer

# Assertions before secrets, so that a client with a key is never asked for a secret.
CONFIDENTIAL_METHODS = ("private_key_jwt", "client_secret_basic", "client_secret_post")
METHODS = (*CONFIDENTIAL_METHODS, "none")


class ProofError(OAuth2Error):
    """A proof of possession is missing or wrong (RFC 9449 §5)."""

    error = "invalid_dpop_proof"


class TargetError(OAuth2Error):
    """The token would be for a resource that we do not serve (RFC 8707)."""

    error = "invalid_target"


class KnownClient(ClientMixin):
    """A client as Authlib asks about it."""

    def __init__(self, row: Client, server: Server) -> None:
        self.row = row
        self._server = server

    def get_client_id(self) -> str:
        """Its public name."""
        return self.row.client_id

    def get_default_redirect_uri(self) -> str:
        """None: the address is always said (OAuth 2.1)."""
        return ""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scopes asked for; one that the client may not ask for is an error and not dropped in silence."""
        asked = frozenset((scope or "").split())
        if not asked <= frozenset(self.row.scopes):
            return None
        return " ".join(sorted(asked))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether the address is one of the client's."""
        return leads_to(self.row, redirect_uri)

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether the secret is one of the client's."""
        return wait(secret_fits(self._server.session, self.row, client_secret, self._server.now))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 - Authlib's signature.
        """Whether the client proves who it is in this way: in the one that it registered, at every endpoint."""
        return method == self.row.authentication.value

    def check_response_type(self, response_type: str) -> bool:
        """Whether the client may ask for a code."""
        return response_type == "code" and CODE_GRANT in self.row.grants

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether the client may use a grant."""
        return grant_type in self.row.grants


class Server(AuthorizationServer):
    """Authlib's server with what one request needs: its transaction, its instant, who issues."""

    def __init__(self, issuer: Issuer, session: AsyncSession, now: dt.datetime) -> None:
        super().__init__()
        self.issuer = issuer
        self.session = session
        self.now = now

    def query_client(self, client_id: str) -> KnownClient | None:
        """An active client by its name."""
        row = wait(find_client(self.session, client_id))
        return None if row is None else KnownClient(row, self)

    def authenticate_client(self, request: OAuth2Request, methods: Any, endpoint: str = "token") -> Any:
        """The client that a request comes from, after its parameters were found to be sane."""
        asked = oauth(request)
        check_parameters(asked)
        ways = ("client_secret" in asked.form, "client_assertion" in asked.form, "authorization" in asked.http.headers)
        if sum(ways) > 1:
            raise InvalidRequestError("More than one way of client authentication.")
        try:
            client = cast("KnownClient", super().authenticate_client(request, methods, endpoint))
        except ValueError as error:
            # Authlib lets through what base64 and UTF-8 say of octets that are neither.
            raise InvalidClientError(description="Malformed credentials.", status_code=401) from error
        named = asked.form.get("client_id")
        if named is not None and named != client.get_client_id():
            raise InvalidRequestError("The client_id is another client's.")
        note_use(client.row, self.now)
        return client

    def get_token_grant(self, request: OAuth2Request) -> Any:
        """The grant that a request at the token endpoint asks for."""
        try:
            check_parameters(oauth(request))
        except OAuth2Error as error:
            raise MalformedGrantError(error) from error
        return super().get_token_grant(request)

    def handle_error_response(self, request: OAuth2Request | None, error: OAuth2Error) -> Response:
        """What a refused client is told."""
        if isinstance(error, MalformedGrantError):
            error = error.reason
        return cast("Response", super().handle_error_response(cast("OAuth2Request", request), error))

    def create_oauth2_request(self, request: Any) -> OAuth2Request:
        """Our requests are Authlib's already."""
        return request

    def send_signal(self, *_: object, **__: object) -> None:
        """Nobody listens."""

    def save_token(self, *_: object) -> None:
        """Access tokens are stored nowhere; refresh tokens are when they are made."""

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        """The answer for Starlette."""
        return answer(status, body, headers)

    def proof(self, request: OAuthRequest) -> Proof | None:
        """The proof of possession that a request carries, used up; None when it carries none."""
        several = request.http.headers.getlist("dpop")
        if not several:
            return None
        if len(several) > 1:
            raise ProofError("More than one DPoP header.")
        try:
            proof = verified_proof(
                several[0],
                method=request.http.method,
                path=request.http.url.path,
                authority=self.issuer.authority,
                now=self.now,
            )
            wait(spend(self.session, proof, self.now, self.issuer.ids))
        except InvalidProofError as error:
            raise ProofError(str(error)) from error
        return proof

    def check_resources(self, request: OAuthRequest) -> None:
        """Refuse a token for a resource that is not ours."""
        authority = self.issuer.authority
        if not all(authority.same(authority.resource, each) for each in request.resources):
            raise TargetError("The resource is not served here.")


class MalformedGrantError(UnsupportedGrantTypeError):
    """Authlib looks for a grant before it handles errors, and there handles this one only."""

    def __init__(self, reason: OAuth2Error) -> None:
        super().__init__("malformed")
        self.reason = reason


class S256(CodeChallenge):
    """PKCE from every client, by SHA-256 only (RFC 9700 §2.1.1). Authlib asks public clients alone, and takes `plain`."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - Authlib's declaration.
    CODE_CHALLENGE_METHODS = {  # noqa: RUF012 - likewise.
        "S256": lambda verifier, challenge: hmac.compare_digest(create_s256_code_challenge(verifier), challenge)
    }

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuse an authorization request without a challenge. Without a method it would mean `plain`."""
        sent = grant.request.payload.data
        if not sent.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge'.")
        if sent.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method must be S256.")
        super().validate_code_challenge(grant, redirect_uri)

    def get_authorization_code_challenge(self, authorization_code: Any) -> str:
        """The challenge that was stored with the code."""
        return authorization_code.row.code_challenge

    def get_authorization_code_challenge_method(self, authorization_code: Any) -> str:  # noqa: ARG002 - Authlib's signature.
        """There is one."""
        return "S256"


def oauth(request: Any) -> OAuthRequest:
    """A request of ours, which Authlib passes through as its own type."""
    if not isinstance(request, OAuthRequest):
        raise TypeError("a request of ours is expected")
    return request
