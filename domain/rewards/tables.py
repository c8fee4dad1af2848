"""Tables of rewards and of what members got for their points. The database's functions alone write the latter."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.customers.tables import Customer
from domain.points.tier_tables import Tier
from domain.vouchers.tables import MEMBERS, Coupon, Voucher
from foundation.tables import Table, labels
from segments.audiences import CONSUMER, ENTERPRISE
from segments.policies import OWNER, STAFF_OR_SYSTEM, Rows, any_of, seen_by


class RewardKind(enum.Enum):
    """What a reward is: a voucher at once, or goods that are handed over."""

    VOUCHER = "VOUCHER"
    GOODS = "GOODS"


class RedemptionStatus(enum.Enum):
    """What became of a redemption: goods wait to be handed over; a voucher is handed over at once."""

    WAITING = "WAITING"
    HANDED_OVER = "HANDED_OVER"
    CANCELLED = "CANCELLED"


class Reward(Table):
    """Something a member gets for points. Without `stock` there is no end of it; `tier` is the lowest that gets it.

    A reward that is a voucher is one of `coupon`, good for `voucher_days` days. What it costs stays as it was offered.
    """

    __tablename__ = "reward"
    __rows__ = Rows(
        any_of(OWNER, STAFF_OR_SYSTEM, seen_by(CONSUMER, ENTERPRISE)), any_of(OWNER, STAFF_OR_SYSTEM), classified=False
    )
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("points > 0", "points"),
        CheckConstraint("stock >= 0", "stock"),
        CheckConstraint("(kind = 'VOUCHER') = (coupon_id is not null and voucher_days is not null)", "voucher"),
        CheckConstraint("valid_until is null or valid_until > valid_from", "period"),
        Index("ix_reward_order", "points", "id"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    kind: Mapped[RewardKind] = mapped_column(labels(RewardKind, "kind"))
    points: Mapped[int]
    stock: Mapped[int | None]
    tier_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tier.id"))
    coupon_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("coupon.id"))
    voucher_days: Mapped[int | None]
    valid_from: Mapped[dt.datetime]
    valid_until: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    version: Mapped[int]
    created_at: Mapped[dt.datetime]
    tier: Mapped[Tier | None] = relationship(lazy="raise")
    coupon: Mapped[Coupon | None] = relationship(lazy="raise")


class RewardRedemption(Table):
    """A reward that a member got; `spend_id` is the transfer that its points left by."""

    __tablename__ = "reward_redemption"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, owner="customer_id")
    __table_args__ = (
        UniqueConstraint("spend_id"),
        Index("ix_reward_redemption_customer", "customer_id", text("redeemed_at desc"), "id"),
        Index("ix_reward_redemption_order", text("redeemed_at desc"), "id"),
    )

    reward_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reward.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    voucher_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("voucher.id"))
    spend_id: Mapped[uuid.UUID]
    points: Mapped[int]
    status: Mapped[RedemptionStatus] = mapped_column(labels(RedemptionStatus, "status"))
    redeemed_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    reward: Mapped[Reward | None] = relationship(lazy="raise")
    voucher: Mapped[Voucher | None] = relationship(lazy="raise")
    customer: Mapped[Customer | None] = relationship(lazy="raise")
