"""Tables of tiers: which there are, the ledger of what qualifies for them, and who had which from when to when."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.points.tables import MEMBERS, PointsProgramme
from foundation.tables import Table, labels
from segments.audiences import CONSUMER, ENTERPRISE
from segments.policies import OWNER, STAFF_OR_SYSTEM, Rows, any_of, seen_by

KNOWN_TO_MEMBERS = Rows(any_of(STAFF_OR_SYSTEM, seen_by(CONSUMER, ENTERPRISE)), STAFF_OR_SYSTEM, classified=False)


class TierMeasure(enum.Enum):
    """What is added up over the period: points by the basic rate, or what was paid, in minor units."""

    POINTS = "POINTS"
    AMOUNT = "AMOUNT"


class TierScheme(Table):
    """How a programme's members reach tiers: by what they did in the last `window_months` local months.

    Whoever reaches a tier has it for `keeps_months` local months, to the end of the last day. Within them nobody falls; at
    their end the last months decide anew.
    """

    __tablename__ = "tier_scheme"
    __rows__ = KNOWN_TO_MEMBERS
    __table_args__ = (
        UniqueConstraint("programme_id"),
        CheckConstraint("window_months between 1 and 120 and keeps_months between 1 and 120", "months"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    measure: Mapped[TierMeasure] = mapped_column(labels(TierMeasure, "measure"))
    window_months: Mapped[int]
    keeps_months: Mapped[int]
    version: Mapped[int]
    updated_at: Mapped[dt.datetime]
    programme: Mapped[PointsProgramme] = relationship(lazy="raise")
    tiers: Mapped[list[Tier]] = relationship(
        primaryjoin="foreign(Tier.programme_id) == TierScheme.programme_id", lazy="raise", viewonly=True
    )


class Tier(Table):
    """A level of a programme; higher ones have a higher `rank` and ask for more. Everybody has the one that asks for nothing."""

    __tablename__ = "tier"
    __rows__ = KNOWN_TO_MEMBERS
    __table_args__ = (
        UniqueConstraint("programme_id", "code"),
        UniqueConstraint("programme_id", "rank"),
        CheckConstraint("qualifying_min >= 0", "qualifying_min"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    rank: Mapped[int]
    qualifying_min: Mapped[int]


class QualifyingEntry(Table):
    """What an order, or a refund of a part of it (then negative), adds to what its member qualifies by. Not spendable.

    A refund counts at the instant of its order, so that it takes away where the order gave.
    """

    __tablename__ = "qualifying_entry"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, append_only=True, owner="customer_id")
    __table_args__ = (
        UniqueConstraint("programme_id", "source_id"),
        Index("ix_qualifying_entry_member", "programme_id", "customer_id", "at"),
        Index("ix_qualifying_entry_order", "order_id"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    customer_id: Mapped[uuid.UUID]
    order_id: Mapped[uuid.UUID]
    # The order itself, or the refund.
    source_id: Mapped[uuid.UUID]
    at: Mapped[dt.datetime]
    points: Mapped[int]
    amount: Mapped[int]


class TierMembership(Table):
    """A member's tier from an instant: until `valid_until`, or until the next one of theirs begins. `reached` is what decided."""

    __tablename__ = "tier_membership"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, append_only=True, owner="customer_id")
    __table_args__ = (
        UniqueConstraint("programme_id", "customer_id", "valid_from"),
        CheckConstraint("valid_until > valid_from", "period"),
        Index("ix_tier_membership_member", "customer_id", text("valid_from desc"), "id"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    customer_id: Mapped[uuid.UUID]
    tier_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tier.id"))
    valid_from: Mapped[dt.datetime]
    valid_until: Mapped[dt.datetime]
    reached: Mapped[int]
    tier: Mapped[Tier] = relationship(lazy="raise")


class TierStanding(Table):
    """When a member's tier is to be looked at next; the row is the lock of their tier."""

    __tablename__ = "tier_standing"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, owner="customer_id")
    __table_args__ = (
        UniqueConstraint("programme_id", "customer_id"),
        Index("ix_tier_standing_review", "review_at", postgresql_where=text("review_at < 'infinity'")),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    review_at: Mapped[dt.datetime]
