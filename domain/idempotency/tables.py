"""The table of requests that were made with a key of the caller's."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from domain.idempotency.keys import KEY_CHARACTERS_MAX
from foundation.tables import Table
from segments.audiences import EVERYONE
from segments.classification import Classified
from segments.policies import AUDIENCE, CUSTOMER, PERSON, SYSTEM, Rows, all_of, any_of, seen_by

# An answer is for who asked; the application itself forgets what is old.
PROGRAMS = all_of("person_id is null", f"audience = {AUDIENCE}", f"acts_for_id is not distinct from {CUSTOMER}")
OWN = any_of(SYSTEM, all_of(seen_by(*EVERYONE), any_of(f"person_id = {PERSON}", PROGRAMS)))


class IdempotentRequest(Classified, Table):
    """A request that changed something, with its first answer. 幂等请求。

    Who asked: a person, or a program that acts for the customer `acts_for_id` or for nobody. `fingerprint` is the SHA-256 of everything the request said but its key. `answer` is JSON, or null where it told a
    secret. `subjects` are the rows above INTERNAL in it, and its degree is no lower than theirs: who has lost their
    clearance since does not read it again.
    """

    __tablename__ = "idempotent_request"
    __rows__ = Rows(OWN, OWN)
    __table_args__ = (
        # The key first: nearly every look-up ends there.
        UniqueConstraint(
            "key",
            "audience",
            "acts_for_id",
            "person_id",
            "client_id",
            name="uq_idempotent_request_key",
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint(f"char_length(key) between 1 and {KEY_CHARACTERS_MAX}", name="key"),
        sa.CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint"),
        Index("ix_idempotent_request_at", "at"),
    )

    audience: Mapped[str]
    acts_for_id: Mapped[uuid.UUID | None]
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    client_id: Mapped[str | None]
    key: Mapped[str]
    fingerprint: Mapped[bytes]
    answer: Mapped[str | None]
    subjects: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(sa.Uuid()))
    at: Mapped[dt.datetime]
