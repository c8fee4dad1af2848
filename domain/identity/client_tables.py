"""Tables of the authorization server: programs that ask for tokens, and what people granted them.

Of every secret (client secret, code, refresh token, device code, request address) only the SHA-256 is stored.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.identity.tables import Person
from foundation.tables import Table, labels
from segments.audiences import ENTERPRISE
from segments.policies import PERSON, SYSTEM, Rows, all_of, any_of, owned, seen_by

# A company's people see and keep the programs of their company; everything else is the application's own.
COMPANYS = Rows(
    any_of(SYSTEM, owned()), any_of(SYSTEM, all_of(seen_by(ENTERPRISE), owned())), classified=False, owner="customer_id"
)
OWN = Rows(SYSTEM, SYSTEM, classified=False)


class ClientAuthentication(enum.Enum):
    """How a program proves who it is at the token endpoint; the names of OpenID Connect."""

    NONE = "none"
    SECRET_BASIC = "client_secret_basic"  # noqa: S105 - the name of a method.
    SECRET_POST = "client_secret_post"  # noqa: S105 - likewise.
    PRIVATE_KEY = "private_key_jwt"


class Client(Table):
    """A program that may ask for tokens.

    `customer_id` and `owner_id`: the company and the person who made it, whose rights it never exceeds. `first_party`:
    one of our own, for which nobody is asked. `audiences`: whose people may use it. A machine without an owner is the
    shop front: it sees the consumer view as nobody.
    """

    __tablename__ = "client"
    __rows__ = COMPANYS
    __table_args__ = (
        Index("uq_client_client_id", "client_id", unique=True),
        Index("ix_client_customer_id", "customer_id"),
    )

    client_id: Mapped[str]
    name: Mapped[str]
    customer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("customer.id"))
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    first_party: Mapped[bool]
    authentication: Mapped[ClientAuthentication] = mapped_column(labels(ClientAuthentication, "authentication"))
    grants: Mapped[list[str]]
    redirect_uris: Mapped[list[str]]
    post_logout_redirect_uris: Mapped[list[str]]
    scopes: Mapped[list[str]]
    audiences: Mapped[list[str]]
    # Public keys (JWK Set as JSON) of a program that signs its requests.
    jwks: Mapped[str | None]
    backchannel_logout_uri: Mapped[str | None]
    # May ask about anybody's tokens: a server behind which our tokens are used.
    introspects: Mapped[bool]
    dpop_bound: Mapped[bool]
    registration_token_hash: Mapped[bytes | None] = mapped_column(LargeBinary())
    active: Mapped[bool]
    created_at: Mapped[dt.datetime]
    last_used_at: Mapped[dt.datetime | None]
    # As a person's: renewed by the table when the program is switched off or loses a right.
    standing: Mapped[uuid.UUID] = mapped_column(server_default=sa.text("gen_random_uuid()"))
    owner: Mapped[Person | None] = relationship(lazy="raise")
    secrets: Mapped[list[ClientSecret]] = relationship(lazy="raise", back_populates="client")


class ClientSecret(Table):
    """A secret of a program. Two may live at once, so that one is replaced while the other still works."""

    __tablename__ = "client_secret"
    __rows__ = COMPANYS
    __table_args__ = (Index("ix_client_secret_client_id", "client_id"),)

    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id"))
    customer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("customer.id"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary())
    created_at: Mapped[dt.datetime]
    last_used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
    client: Mapped[Client] = relationship(lazy="raise", back_populates="secrets")


class AuthorizationGrant(Table):
    """What a person granted a program once: the family of its code, refresh tokens and access tokens."""

    __tablename__ = "authorization_grant"
    __rows__ = OWN
    __table_args__ = (
        Index("ix_authorization_grant_client_id", "client_id"),
        Index("ix_authorization_grant_person_id", "person_id"),
        Index("ix_authorization_grant_login_session_id", "login_session_id"),
    )

    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    # Sessions are forgotten earlier than grants; then the grant keeps what it knows of its session.
    login_session_id: Mapped[uuid.UUID | None]
    scopes: Mapped[list[str]]
    authenticated_at: Mapped[dt.datetime]
    amr: Mapped[list[str]]
    # SHA-256 thumbprint (RFC 7638) of the key that a public client's refresh tokens are bound to.
    jkt: Mapped[str | None]
    created_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    client: Mapped[Client] = relationship(lazy="raise")
    person: Mapped[Person] = relationship(lazy="raise")


class AuthorizationCode(Table):
    """An authorization code. A used one is kept, or its replay could not be noticed."""

    __tablename__ = "authorization_code"
    __rows__ = OWN
    __table_args__ = (
        Index("uq_authorization_code_code_hash", "code_hash", unique=True),
        Index("ix_authorization_code_expires_at", "expires_at"),
    )

    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("authorization_grant.id"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary())
    redirect_uri: Mapped[str]
    code_challenge: Mapped[str]
    nonce: Mapped[str | None]
    jkt: Mapped[str | None]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class RefreshToken(Table):
    """A refresh token, used once. `successor_salt` makes its successor anew for who asks twice (docs/adr)."""

    __tablename__ = "refresh_token"
    __rows__ = OWN
    __table_args__ = (
        Index("uq_refresh_token_token_hash", "token_hash", unique=True),
        Index("ix_refresh_token_grant_id", "grant_id"),
        Index("ix_refresh_token_expires_at", "expires_at"),
    )

    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("authorization_grant.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary())
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
    successor_salt: Mapped[bytes | None] = mapped_column(LargeBinary())


class Consent(Table):
    """That a person agreed to what a program may do; the next time they are not asked for the same again."""

    __tablename__ = "consent"
    __rows__ = Rows(any_of(SYSTEM, f"person_id = {PERSON}"), SYSTEM, classified=False)
    __table_args__ = (Index("uq_consent_person_id_client_id", "person_id", "client_id", unique=True),)

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id"))
    scopes: Mapped[list[str]]
    given_at: Mapped[dt.datetime]
    client: Mapped[Client] = relationship(lazy="raise")


class PushedRequest(Table):
    """An authorization request that its client sent ahead (RFC 9126)."""

    __tablename__ = "pushed_request"
    __rows__ = OWN
    __table_args__ = (
        Index("uq_pushed_request_uri_hash", "uri_hash", unique=True),
        Index("ix_pushed_request_expires_at", "expires_at"),
    )

    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id"))
    uri_hash: Mapped[bytes] = mapped_column(LargeBinary())
    parameters: Mapped[dict[str, Any]]
    expires_at: Mapped[dt.datetime]
    presented_at: Mapped[dt.datetime | None]


class DeviceAuthorization(Table):
    """A device without a browser that waits for somebody to let it in by one (RFC 8628)."""

    __tablename__ = "device_authorization"
    __rows__ = OWN
    __table_args__ = (
        Index("uq_device_authorization_device_hash", "device_hash", unique=True),
        Index("uq_device_authorization_user_code", "user_code", unique=True),
        Index("ix_device_authorization_expires_at", "expires_at"),
    )

    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id"))
    device_hash: Mapped[bytes] = mapped_column(LargeBinary())
    user_code: Mapped[str]
    scopes: Mapped[list[str]]
    expires_at: Mapped[dt.datetime]
    interval_seconds: Mapped[int]
    polled_at: Mapped[dt.datetime | None]
    decided_at: Mapped[dt.datetime | None]
    # Set when somebody agreed; decided without a grant means refused.
    grant_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("authorization_grant.id"))
    used_at: Mapped[dt.datetime | None]
    client: Mapped[Client] = relationship(lazy="raise")


class LogoutNotice(Table):
    """That a program has to be told of a session's end, until it was (OpenID Connect Back-Channel Logout)."""

    __tablename__ = "logout_notice"
    __rows__ = OWN
    __table_args__ = (Index("ix_logout_notice_next_at", "next_at"),)

    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    login_session_id: Mapped[uuid.UUID]
    created_at: Mapped[dt.datetime]
    attempts: Mapped[int]
    next_at: Mapped[dt.datetime]
    client: Mapped[Client] = relationship(lazy="raise")


class UsedOnce(Table):
    """What may be presented once: proofs of possession and clients' assertions, until they would be too old anyway."""

    __tablename__ = "used_once"
    __rows__ = OWN
    __table_args__ = (
        Index("uq_used_once_key_hash", "key_hash", unique=True),
        Index("ix_used_once_expires_at", "expires_at"),
    )

    key_hash: Mapped[bytes] = mapped_column(LargeBinary())
    expires_at: Mapped[dt.datetime]


class RevokedToken(Table):
    """An access token, or the grant of several, that counts no more although it has not expired."""

    __tablename__ = "revoked_token"
    __rows__ = OWN
    __table_args__ = (
        Index("uq_revoked_token_subject_id", "subject_id", unique=True),
        Index("ix_revoked_token_expires_at", "expires_at"),
    )

    subject_id: Mapped[uuid.UUID]
    expires_at: Mapped[dt.datetime]


class RegistrationToken(Table):
    """An initial access token (RFC 7591): who holds it may register programs for a person of a company."""

    __tablename__ = "registration_token"
    __rows__ = OWN
    __table_args__ = (Index("uq_registration_token_token_hash", "token_hash", unique=True),)

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary())
    uses_left: Mapped[int]
    expires_at: Mapped[dt.datetime]
