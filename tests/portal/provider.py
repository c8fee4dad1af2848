"""A small OpenID provider on a real port: it checks what a client sends, and can be told to answer wrongly."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "quadrant", "a secret: with/odd characters"
Change = Callable[[dict[str, Any]], None]


def unchanged(_: dict[str, Any]) -> None:
    """Nothing is answered wrongly."""


def packed(part: dict[str, Any]) -> str:
    """A part of a token that nobody signs."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@dataclass
class Provider:
    """One person's provider. `wrong` changes the claims of ID tokens, `answers` the parameters it sends people back with."""

    email: str = ""
    issuer: str = ""
    wrong: Change = unchanged
    answers: Change = unchanged
    metadata_wrong: Change = unchanged
    email_in_userinfo: bool = False
    alg: str = "ES256"
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}))
    signs_with: ECKey | OctKey | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def app(self) -> Starlette:
        """The provider as an application."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.metadata),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/jwks", self.jwks),
                Route("/userinfo", self.userinfo),
            ]
        )

    async def metadata(self, _: Request) -> Response:
        """RFC 8414 and OpenID Connect Discovery."""
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks", "userinfo_endpoint": "userinfo"}  # fmt: skip
        found: dict[str, Any] = {name: f"{self.issuer}/{path}" for name, path in names.items()}
        found |= {"issuer": self.issuer, "authorization_response_iss_parameter_supported": True}
        self.metadata_wrong(found)
        return JSONResponse(found)

    async def authorize(self, request: Request) -> Response:
        """The person is signed in here already and agrees to everything."""
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT_ID
        assert asked["response_type"] == "code"
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        self.answers(answer)
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 303)

    async def token(self, request: Request) -> Response:
        """Each code once, for its client, with its verifier."""
        form = dict(parse_qsl((await request.body()).decode()))
        given = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        asked = self.codes.pop(form["code"], None)
        if asked is None or [unquote(part) for part in given.split(":")] != [CLIENT_ID, CLIENT_SECRET]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
        assert form["redirect_uri"] == asked["redirect_uri"]
        return JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])})

    def id_token(self, nonce: str) -> str:
        """Who the person is."""
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "7", "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce}
        if not self.email_in_userinfo:
            claims |= {"email": self.email, "email_verified": True}
        self.wrong(claims)
        if self.alg == "none":
            return f"{packed({'alg': 'none', 'kid': 'one'})}.{packed(claims)}."
        return jwt.encode({"alg": self.alg, "kid": "one"}, claims, self.signs_with or self.key, algorithms=[self.alg])

    async def jwks(self, _: Request) -> Response:
        """The public key, and one of a kind that nobody knows."""
        return JSONResponse({"keys": [self.key.as_dict(private=False), {"kty": "NEW", "kid": "two"}]})

    async def userinfo(self, request: Request) -> Response:
        """Who the person is, once more."""
        assert request.headers["authorization"] == "Bearer at"
        claims: dict[str, Any] = {"sub": "7", "email": self.email, "email_verified": True}
        self.wrong(claims)
        return JSONResponse(claims)
