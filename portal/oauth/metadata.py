"""What the authorization server says of itself (RFC 8414, OpenID Connect Discovery)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.identity.clients import GRANTS
from domain.identity.keys import ALGORITHM
from domain.identity.openid import EVERY_SCOPE
from domain.identity.proofs import ALGORITHMS as PROOF_ALGORITHMS
from portal.oauth.assertions import ALGORITHMS as ASSERTION_ALGORITHMS
from portal.oauth.issuer import Issuer
from portal.oauth.server import CONFIDENTIAL_METHODS, METHODS
from segments.factors import ACR_VALUES

PATHS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
HEADERS = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
ENDPOINTS = {
    "authorization_endpoint": "/oauth/authorize",
    "token_endpoint": "/oauth/token",
    "userinfo_endpoint": "/oauth/userinfo",
    "revocation_endpoint": "/oauth/revoke",
    "introspection_endpoint": "/oauth/introspect",
    "pushed_authorization_request_endpoint": "/oauth/par",
    "device_authorization_endpoint": "/oauth/device_authorization",
    "registration_endpoint": "/oauth/register",
    "end_session_endpoint": "/oauth/logout",
    "jwks_uri": "/oauth/jwks",
}


def document(issuer: Issuer) -> dict[str, Any]:
    """The document, as both addresses answer it."""
    base = issuer.authority.issuer
    return {
        "issuer": base,
        **{name: base + path for name, path in ENDPOINTS.items()},
        "scopes_supported": list(EVERY_SCOPE),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "acr_values_supported": list(ACR_VALUES),
        "claims_supported": ["sub", "name", "email", "email_verified", "auth_time", "acr", "amr", "sid"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "introspection_endpoint_auth_methods_supported": list(CONFIDENTIAL_METHODS),
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "require_pushed_authorization_requests": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": False,
        "ui_locales_supported": ["zh", "en"],
    }


async def metadata(issuer: Issuer, _: Request) -> Response:
    """Answer GET."""
    return JSONResponse(document(issuer), headers=HEADERS)
