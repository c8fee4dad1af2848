"""The grants of the token endpoint: Authlib's flows over our rules, each issuing by `Issuing`."""

# Authlib's stubs know neither what its hooks may return nor half of its types.
# pyright: reportIncompatibleMethodOverride=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, BaseGrant, ClientCredentialsGrant, RefreshTokenGrant

from domain.identity.client_tables import AuthorizationGrant, Client, ClientAuthentication
from domain.identity.clients import REFRESH_GRANT, admits, granted
from domain.identity.grants import HeldCode, HeldRefresh, held_code, held_refresh, issue_refresh, rotate
from domain.identity.openid import OPENID, OPENID_NAMES, id_token
from domain.identity.proofs import Proof
from domain.identity.tables import Person
from portal.oauth.bridge import OAuthRequest, wait
from portal.oauth.server import CONFIDENTIAL_METHODS, METHODS, ProofError, Server, oauth
from segments.audiences import Audience


@dataclass(frozen=True)
class CodeView:
    """A code as Authlib asks about it."""

    row: Any
    grant: AuthorizationGrant

    def get_redirect_uri(self) -> str:
        """Where it was sent."""
        return self.row.redirect_uri

    def get_scope(self) -> str:
        """What was granted."""
        return " ".join(self.grant.scopes)


@dataclass(frozen=True)
class RefreshView:
    """A refresh token as Authlib asks about it."""

    held: HeldRefresh
    token: str

    def check_client(self, _: object) -> bool:
        """It was looked up for this client."""
        return True

    def get_scope(self) -> str:
        """What was granted; asking for less narrows one access token and not the family."""
        return " ".join(self.held.grant.scopes)


class Issuing(BaseGrant):
    """What all grants share: who may act for whom, with which rights, by which key."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    @property
    def house(self) -> Server:
        """Our server."""
        return cast("Server", self.server)

    @property
    def asked(self) -> OAuthRequest:
        """Our request."""
        return oauth(self.request)

    @property
    def client_row(self) -> Client:
        """The client that asks."""
        return self.request.client.row  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]

    def proof(self) -> Proof | None:
        """The proof that the request carries; a client that promised to send one must."""
        proof = self.house.proof(self.asked)
        if proof is None and self.client_row.dpop_bound:
            raise ProofError("The client sends proofs of possession (DPoP).")
        return proof

    def admitted(self, grant: AuthorizationGrant) -> Person | None:
        """The person of a grant, if they may still use the client here."""
        person, issuer = grant.person, self.house.issuer
        # Somebody's clearance may rise, and so may the rule: then what was proved is not enough any more.
        proved = issuer.second_factor.allows(person.audience, person.clearance, tuple(grant.amr))
        served = person.audience in issuer.served
        return person if served and proved and admits(grant.client, person) else None

    def issued(
        self,
        grant: AuthorizationGrant,
        scope: str | None,
        proof: Proof | None,
        refresh_token: str | None,
        nonce: str | None,
    ) -> dict[str, Any]:
        """The answer of the token endpoint for a person."""
        house = self.house
        asked = frozenset((scope or "").split())
        scopes = granted(grant.client, grant.person, asked, grant.amr)
        jkt = None if proof is None else proof.jkt
        token = wait(
            house.issuer.access_token(house.session, grant.client, grant.person, grant, scopes, jkt, house.now)
        )
        lifetime = house.issuer.lifetime(grant.person, grant)
        answer: dict[str, Any] = {
            "access_token": token,
            "token_type": "Bearer" if jkt is None else "DPoP",
            "expires_in": int(lifetime.total_seconds()),
            "scope": " ".join(sorted(scopes)),
        }
        if refresh_token is not None:
            answer["refresh_token"] = refresh_token
        if OPENID in scopes:
            answer["id_token"] = id_token(
                grant,
                grant.client.client_id,
                token,
                issuer=house.issuer.authority.issuer,
                key=wait(house.issuer.key(house.session, house.now)),
                now=house.now,
                nonce=nonce,
            )
        return answer

    def first_refresh(self, grant: AuthorizationGrant, proof: Proof | None) -> str | None:
        """The first refresh token of a grant. A public client's is bound to the key of its proof (RFC 9449 §5)."""
        if REFRESH_GRANT not in self.client_row.grants:
            return None
        if proof is not None and self.client_row.authentication is ClientAuthentication.NONE:
            grant.jkt = proof.jkt
        return wait(
            issue_refresh(self.house.session, grant, self.house.issuer.terms, self.house.now, self.house.issuer.ids())
        )


class CodeGrant(Issuing, AuthorizationCodeGrant):
    """An authorization code for tokens. Codes are made where the person decides (`authorize.py`), not here."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def query_authorization_code(self, code: str, client: Any) -> CodeView | None:
        """The code, if this client may use it now."""
        house = self.house
        held: HeldCode | None = wait(held_code(house.session, code, client.row, house.now, house.issuer.ids))
        return None if held is None else CodeView(held.row, held.grant)

    def authenticate_user(self, authorization_code: CodeView) -> Person | None:
        """Whose grant it is."""
        return self.admitted(authorization_code.grant)

    def generate_token(self, *_: object, **__: object) -> dict[str, Any]:
        """Tokens for the code that was presented."""
        code = cast("CodeView", self.request.authorization_code)
        self.house.check_resources(self.asked)
        proof = self.proof()
        if code.row.jkt is not None and (proof is None or proof.jkt != code.row.jkt):
            raise InvalidGrantError("The code is bound to another key.")
        refresh_token = self.first_refresh(code.grant, proof)
        return self.issued(code.grant, code.get_scope(), proof, refresh_token, code.row.nonce)

    def delete_authorization_code(self, authorization_code: CodeView) -> None:
        """The code was used; it is kept, so that its replay is noticed."""
        authorization_code.row.used_at = self.house.now


class RefreshGrant(Issuing, RefreshTokenGrant):
    """A refresh token for new tokens."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshView | None:
        """The refresh token, if this client may use it now."""
        house = self.house
        held: HeldRefresh | None = wait(
            held_refresh(house.session, refresh_token, self.client_row, house.issuer.terms, house.now, house.issuer.ids)
        )
        return None if held is None else RefreshView(held, refresh_token)

    def authenticate_user(self, refresh_token: RefreshView) -> Person:
        """Whose grant it is."""
        person = self.admitted(refresh_token.held.grant)
        if person is None:
            # Authlib would call this an invalid request.
            raise InvalidGrantError
        return person

    def generate_token(self, *_: object, scope: str | None = None, **__: object) -> dict[str, Any]:
        """New tokens, and the successor of the one that was presented."""
        view = cast("RefreshView", self.request.refresh_token)
        self.house.check_resources(self.asked)
        proof, bound = self.proof(), view.held.grant.jkt
        if bound is not None and (proof is None or proof.jkt != bound):
            raise InvalidGrantError("The refresh token is bound to another key.")
        house = self.house
        successor = wait(
            rotate(house.session, view.held, view.token, house.issuer.terms, house.now, house.issuer.ids())
        )
        return self.issued(view.held.grant, scope, proof, successor, None)

    def revoke_old_credential(self, refresh_token: object) -> None:
        """Done when its successor was made, under the same lock."""


class MachineGrant(Issuing, ClientCredentialsGrant):
    """A client for itself: with the rights of who made it, or as the shop front's visitor without any."""

    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL_METHODS

    def validate_token_request(self) -> None:
        """Refuse scopes beyond the client's, and a client whose maker has gone."""
        super().validate_token_request()
        owner = self.client_row.owner
        if not frozenset((self.asked.parameters.scope or "").split()) <= frozenset(self.client_row.scopes):
            raise InvalidScopeError
        if owner is None and Audience.CONSUMER not in self.house.issuer.served:
            raise UnauthorizedClientError("There is no shop front here.")
        if owner is not None and (owner.audience not in self.house.issuer.served or not admits(self.client_row, owner)):
            raise UnauthorizedClientError("Who made the client does not use it any more.")

    def generate_token(self, *_: object, scope: str | None = None, **__: object) -> dict[str, Any]:
        """A token of the machine."""
        house, client, owner = self.house, self.client_row, self.client_row.owner
        house.check_resources(self.asked)
        proof = self.proof()
        # Facts about a person are no right of a machine.
        asked = (frozenset(scope.split()) if scope else frozenset(client.scopes)) - OPENID_NAMES
        scopes = frozenset[str]() if owner is None else granted(client, owner, asked, ())
        jkt = None if proof is None else proof.jkt
        token = wait(house.issuer.access_token(house.session, client, owner, None, scopes, jkt, house.now))
        lifetime = house.issuer.lifetime(owner, None)
        return {
            "access_token": token,
            "token_type": "Bearer" if jkt is None else "DPoP",
            "expires_in": int(lifetime.total_seconds()),
            "scope": " ".join(sorted(scopes)),
        }
