"""Tables of coupons and vouchers: what takes something off, who was given one, and for which order it was used.

Uses and vouchers are written by the database's own functions alone (`domain/vouchers/using.py`), so that no order takes
one twice and no count is passed.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.customers.tables import Customer
from domain.shop.tables import Category
from foundation.tables import TEXT, Table, labels
from segments.audiences import CONSUMER, ENTERPRISE
from segments.policies import OWNER, STAFF_OR_SYSTEM, Rows, all_of, any_of, owned, seen_by

MEMBERS = any_of(OWNER, STAFF_OR_SYSTEM, all_of(seen_by(CONSUMER, ENTERPRISE), owned()))


class CouponKind(enum.Enum):
    """How a coupon counts what it takes off."""

    AMOUNT = "AMOUNT"
    PERCENT = "PERCENT"


class VoucherStatus(enum.Enum):
    """Where a voucher is. EXPIRED is not stored: it is what an ISSUED one is once its time is over."""

    ISSUED = "ISSUED"
    TAKEN = "TAKEN"
    USED = "USED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class UseStatus(enum.Enum):
    """What became of a use: taken with the order, used once that is paid, given back when it is cancelled."""

    TAKEN = "TAKEN"
    USED = "USED"
    GIVEN_BACK = "GIVEN_BACK"


class Coupon(Table):
    """What is taken off an order: money, or a share of it up to a most, from a least subtotal on, of a category or of all.

    Who knows the code of one may use it, `uses_max` times together and `member_max` times each. A `personal` one has no
    code for many: vouchers of it are given to members one by one. Amounts are minor units of `currency`.
    """

    __tablename__ = "coupon"
    __rows__ = Rows(
        any_of(OWNER, STAFF_OR_SYSTEM, all_of(seen_by(CONSUMER, ENTERPRISE), "personal")),
        any_of(OWNER, STAFF_OR_SYSTEM),
        classified=False,
    )
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint(
            "case kind when 'AMOUNT' then value_amount is not null and value_amount > 0 and percent is null"
            " and most_amount is null else percent is not null and percent between 1 and 100 and value_amount is null end",
            "value",
        ),
        CheckConstraint("least_amount >= 0 and most_amount > 0", "bounds"),
        CheckConstraint("valid_until is null or valid_until > valid_from", "period"),
        CheckConstraint("uses >= 0 and (uses_max is null or uses <= uses_max)", "uses"),
        CheckConstraint("member_max > 0", "member_max"),
        Index("ix_coupon_order", text("created_at desc"), "id"),
    )

    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    personal: Mapped[bool]
    kind: Mapped[CouponKind] = mapped_column(labels(CouponKind, "kind"))
    value_amount: Mapped[int | None]
    percent: Mapped[int | None]
    most_amount: Mapped[int | None]
    least_amount: Mapped[int]
    currency: Mapped[str]
    category_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("category.id"))
    audiences: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    valid_from: Mapped[dt.datetime]
    valid_until: Mapped[dt.datetime | None]
    uses_max: Mapped[int | None]
    member_max: Mapped[int | None]
    uses: Mapped[int]
    ended_at: Mapped[dt.datetime | None]
    version: Mapped[int]
    created_at: Mapped[dt.datetime]
    category: Mapped[Category | None] = relationship(lazy="raise")


class Voucher(Table):
    """One use of a personal coupon that belongs to a member, until an instant."""

    __tablename__ = "voucher"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, owner="customer_id")
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("status <> 'EXPIRED'", "stored"),
        Index("ix_voucher_customer", "customer_id", text("issued_at desc"), "id"),
        Index("ix_voucher_order", text("issued_at desc"), "id"),
        Index("ix_voucher_coupon", "coupon_id", text("issued_at desc"), "id"),
    )

    coupon_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("coupon.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    code: Mapped[str]
    status: Mapped[VoucherStatus] = mapped_column(labels(VoucherStatus, "status"))
    reason: Mapped[str]
    issued_at: Mapped[dt.datetime]
    valid_until: Mapped[dt.datetime]
    coupon: Mapped[Coupon] = relationship(lazy="raise")
    customer: Mapped[Customer | None] = relationship(lazy="raise")


class CouponUse(Table):
    """What a coupon, or a member's voucher of it, took off an order; an order has one at most that was not given back."""

    __tablename__ = "coupon_use"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, owner="customer_id")
    __table_args__ = (
        CheckConstraint("discount_amount > 0", "discount"),
        Index("uq_coupon_use_order", "order_id", unique=True, postgresql_where=text("status <> 'GIVEN_BACK'")),
        Index("ix_coupon_use_member", "coupon_id", "customer_id"),
        Index("ix_coupon_use_voucher", "voucher_id", postgresql_where=text("voucher_id is not null")),
    )

    coupon_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("coupon.id"))
    voucher_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("voucher.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    order_id: Mapped[uuid.UUID]
    status: Mapped[UseStatus] = mapped_column(labels(UseStatus, "status"))
    discount_amount: Mapped[int]
    discount_currency: Mapped[str]
    taken_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    coupon: Mapped[Coupon | None] = relationship(lazy="raise")
