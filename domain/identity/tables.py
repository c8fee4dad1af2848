"""Tables of identity: people who sign in, their factors, sessions and attempts, and the keys that sign bearer tokens."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from domain.customers.tables import Customer, Employee
from foundation.refusals import Refusal
from foundation.tables import Table, labels
from segments.audiences import Audience
from segments.classification import Classification, ClassificationRank
from segments.policies import AUDITOR, PERSON, SYSTEM, Rows, any_of
from segments.scopes import SEPARATE_ROLES

AUDIENCE = labels(Audience, "audience")
# Of the three administrators 三员 nobody is two.
SEPARATED = " + ".join(f"('{role}' = any(roles))::int" for role in SEPARATE_ROLES) + " <= 1"


class Person(Table):
    """Somebody who can sign in. The audience is the one view this person has; the rights are the most a token may carry."""

    __tablename__ = "person"
    __rows__ = Rows(any_of(SYSTEM, f"id = {PERSON}", AUDITOR), SYSTEM, classified=False)
    __table_args__ = (
        Index("uq_person_email", "email", unique=True),
        CheckConstraint(SEPARATED, "separate_administrators"),
    )

    email: Mapped[str]
    name: Mapped[str]
    audience: Mapped[Audience] = mapped_column(AUDIENCE)
    customer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("customer.id"))
    employee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    clearance: Mapped[Classification] = mapped_column(ClassificationRank())
    compartments: Mapped[list[str]]
    roles: Mapped[list[str]]
    password_hash: Mapped[str]
    active: Mapped[bool]
    created_at: Mapped[dt.datetime]
    # Stands in every token of theirs. The table itself puts a new one in its place when they lose a right, and lists this one
    # as revoked, whichever way the loss came (docs/adr/0009-oauth.md).
    standing: Mapped[uuid.UUID] = mapped_column(server_default=sa.text("gen_random_uuid()"))
    customer: Mapped[Customer | None] = relationship(lazy="raise")
    employee: Mapped[Employee | None] = relationship(lazy="raise")

    @validates("roles")
    def separate(self, _: str, roles: list[str]) -> list[str]:
        """Nobody becomes two of the three administrators."""
        if len(set(roles).intersection(SEPARATE_ROLES)) > 1:
            raise Refusal("ROLES_EXCLUDE_EACH_OTHER", ("roles",))
        return roles


class LoginSession(Table):
    """A signed-in browser. Only the hash of its secret is stored.

    `authenticated_at`: when the person last proved who they are (`auth_time` of OpenID Connect); `amr`: by what, in the
    words of RFC 8176 (`pwd`). One that `awaits_second_factor` is nobody's yet: it leads to the second step alone, where
    who has no factor sets one up with the `enrolment_secret`, which is sealed.
    """

    __tablename__ = "login_session"
    __rows__ = Rows(any_of(SYSTEM, f"person_id = {PERSON}"), SYSTEM, classified=False)
    __table_args__ = (
        Index("uq_login_session_secret_hash", "secret_hash", unique=True),
        Index("ix_login_session_person_id", "person_id"),
        Index("ix_login_session_expires_at", "expires_at"),
    )

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary())
    created_at: Mapped[dt.datetime]
    last_seen_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    user_agent: Mapped[str]
    authenticated_at: Mapped[dt.datetime]
    amr: Mapped[list[str]]
    awaits_second_factor: Mapped[bool]
    enrolment_secret: Mapped[str | None]
    person: Mapped[Person] = relationship(lazy="raise")


class Authenticator(Table):
    """The app that shows somebody's one-time codes (RFC 6238). The secret is sealed; `last_step` is that of the last code."""

    __tablename__ = "authenticator"
    __rows__ = Rows(SYSTEM, SYSTEM, classified=False)
    __table_args__ = (Index("uq_authenticator_person_id", "person_id", unique=True),)

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    secret: Mapped[str]
    last_step: Mapped[int | None]
    created_at: Mapped[dt.datetime]


class RecoveryCode(Table):
    """A code for who has lost their second factor; it works once. Only its SHA-256 is stored."""

    __tablename__ = "recovery_code"
    __rows__ = Rows(SYSTEM, SYSTEM, classified=False)
    __table_args__ = (Index("uq_recovery_code_person_id_code_hash", "person_id", "code_hash", unique=True),)

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary())
    created_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class Passkey(Table):
    """A key pair of a person's device (WebAuthn); ours is the public half, as COSE writes it.

    `synced`: a vendor keeps the private half in step between devices, so no single device proves itself.
    """

    __tablename__ = "passkey"
    __rows__ = Rows(SYSTEM, SYSTEM, classified=False)
    __table_args__ = (
        Index("uq_passkey_credential", "credential", unique=True),
        Index("ix_passkey_person_id", "person_id"),
    )

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str]
    credential: Mapped[bytes] = mapped_column(LargeBinary())
    public_key: Mapped[bytes] = mapped_column(LargeBinary())
    signatures: Mapped[int]
    synced: Mapped[bool]
    created_at: Mapped[dt.datetime]
    last_used_at: Mapped[dt.datetime | None]


class PasskeyChallenge(Table):
    """What a device shall sign, once. Whose it is when a passkey is registered; nobody's when somebody signs in."""

    __tablename__ = "passkey_challenge"
    __rows__ = Rows(SYSTEM, SYSTEM, classified=False)
    __table_args__ = (
        Index("uq_passkey_challenge_challenge", "challenge", unique=True),
        Index("ix_passkey_challenge_expires_at", "expires_at"),
    )

    challenge: Mapped[bytes] = mapped_column(LargeBinary())
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    expires_at: Mapped[dt.datetime]


class SigningKey(Table):
    """A key pair that signs access tokens (ES256). Retired keys verify until the last token they signed has ended.

    `private_jwk` is sealed (`domain/identity/sealing.py`); a key without `activated_at` is the next one, published already.
    """

    __tablename__ = "signing_key"
    __rows__ = Rows(SYSTEM, SYSTEM, classified=False)

    kid: Mapped[str]
    public_jwk: Mapped[str]
    private_jwk: Mapped[str]
    created_at: Mapped[dt.datetime]
    activated_at: Mapped[dt.datetime | None]
    retired_at: Mapped[dt.datetime | None]


class SignInSubject(enum.Enum):
    """What sign-in attempts are counted by: the account that was named, and the address that asked."""

    ACCOUNT = "ACCOUNT"
    ADDRESS = "ADDRESS"
    # Of an address too: not what it tried, but what was refused and went into the audit log.
    REFUSED = "REFUSED"


class SignInAttempt(Table):
    """How often a subject tried to sign in since its window began; every server process counts in the same row.

    The subject is a SHA-256, so that neither mistyped addresses nor network addresses gather here.
    """

    __tablename__ = "sign_in_attempt"
    __rows__ = Rows(SYSTEM, SYSTEM, classified=False)
    __table_args__ = (
        Index("uq_sign_in_attempt_subject", "subject", "subject_hash", unique=True),
        Index("ix_sign_in_attempt_window", "window_started_at"),
    )

    subject: Mapped[SignInSubject] = mapped_column(labels(SignInSubject, "subject"))
    subject_hash: Mapped[bytes] = mapped_column(LargeBinary())
    attempts: Mapped[int]
    window_started_at: Mapped[dt.datetime]
