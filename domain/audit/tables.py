"""Tables of audit: its entries in chains of hashes, and the heads of the chains.

The database writes what makes an entry an entry (instant, place in the chain, hashes) by the function `audit_chain`
(docs/adr/0010-audit.md); the application's role may append and cannot choose any of it.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from foundation.tables import Table, labels
from segments.policies import ANYBODY, AUDITOR, OWNER, Rows, any_of

# Transactions that write at once each take a chain of their own, so that none waits for another's commit.
STRIPES = 16


class AuditKind(enum.Enum):
    """What an entry tells of."""

    SIGN_IN = "SIGN_IN"
    SIGN_IN_REFUSED = "SIGN_IN_REFUSED"
    SCOPE_REFUSED = "SCOPE_REFUSED"
    READ = "READ"
    RIGHTS_CHANGED = "RIGHTS_CHANGED"
    CLASSIFICATION_CHANGED = "CLASSIFICATION_CHANGED"
    EXPORT = "EXPORT"
    TOKEN_ISSUED = "TOKEN_ISSUED"  # noqa: S105 - a kind of entry


class AuditEvent(Table):
    """One entry, never edited. `sequence` counts from 1 within a day (UTC) and stripe.

    `person_id`, `client_id` and `audience` are the viewer's; `document`: the SHA-256 of the operation's text in
    hexadecimal; `details`: JSON as it was written, because its hash is over these characters.
    """

    __tablename__ = "audit_event"
    __rows__ = Rows(AUDITOR, ANYBODY, classified=False, append_only=True)
    __table_args__ = (
        UniqueConstraint("day", "stripe", "sequence"),
        CheckConstraint(f"stripe between 0 and {STRIPES - 1}", "stripe"),
        Index("ix_audit_event_order", text("at desc"), "id"),
        Index("ix_audit_event_day", "day", text("at desc"), "id"),
        Index("ix_audit_event_kind", "kind", text("at desc"), "id"),
        Index("ix_audit_event_person", "person_id", text("at desc"), "id"),
        Index("ix_audit_event_subjects", "subjects", postgresql_using="gin"),
    )

    at: Mapped[dt.datetime]
    day: Mapped[dt.date]
    stripe: Mapped[int] = mapped_column(SmallInteger())
    sequence: Mapped[int]
    kind: Mapped[AuditKind] = mapped_column(labels(AuditKind, "kind"))
    person_id: Mapped[uuid.UUID | None]
    client_id: Mapped[str | None]
    audience: Mapped[str | None]
    operation: Mapped[str | None]
    document: Mapped[str | None]
    subjects: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()))
    details: Mapped[str]
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary())
    hash: Mapped[bytes] = mapped_column(LargeBinary())


class AuditHead(Table):
    """How many entries a day's chain has and the hash of the last: what betrays that its end was cut off."""

    __tablename__ = "audit_head"
    __rows__ = Rows(any_of(AUDITOR, OWNER), OWNER, classified=False)
    __table_args__ = (UniqueConstraint("day", "stripe"),)

    day: Mapped[dt.date]
    stripe: Mapped[int] = mapped_column(SmallInteger())
    entries: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary())
