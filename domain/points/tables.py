"""Tables of points: programmes and accounts, the transfers between an account's states, lots and what was taken of them.

The application's role reads them and writes none: every change is one of the database's functions, called by
`domain/points/ledger.py` (docs/adr/0012-points-ledger.md).
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, backref, mapped_column, relationship

from domain.approvals.tables import ApprovalRequest
from domain.customers.tables import Customer
from domain.orders.tables import Order
from foundation.tables import Table, labels
from segments.audiences import CONSUMER, ENTERPRISE
from segments.policies import OWNER, STAFF_OR_SYSTEM, Rows, all_of, any_of, owned, seen_by

# Members see their own and the house sees all. Other audiences may have accounts in no programme, and see none.
MEMBERS = any_of(OWNER, STAFF_OR_SYSTEM, all_of(seen_by(CONSUMER, ENTERPRISE), owned()))
HOUSE_ALONE = any_of(OWNER, STAFF_OR_SYSTEM)
# A pool has this many stripes, each with a row of its own, so that its spenders do not wait for each other's commits.
STRIPES = 16


class PointsState(enum.Enum):
    """The two sides of a transfer: a member's own states, and the programme's contra accounts, which are derived."""

    PENDING = "PENDING"
    AVAILABLE = "AVAILABLE"
    HELD = "HELD"
    DEBT = "DEBT"
    ISSUED = "ISSUED"
    REDEEMED = "REDEEMED"
    EXPIRED = "EXPIRED"
    TRANSFERRED = "TRANSFERRED"


class PointsCode(enum.Enum):
    """Why points moved."""

    EARN = "EARN"
    ACTIVATE = "ACTIVATE"
    SPEND = "SPEND"
    HOLD = "HOLD"
    CAPTURE = "CAPTURE"
    RELEASE = "RELEASE"
    EXPIRE = "EXPIRE"
    RESTORE = "RESTORE"
    CLAW_BACK = "CLAW_BACK"
    RECOVER = "RECOVER"
    TRANSFER = "TRANSFER"
    REBALANCE = "REBALANCE"
    ADJUST = "ADJUST"


class PointsRounding(enum.Enum):
    """How an order's exact points become whole ones, once per order."""

    FLOOR = "FLOOR"
    HALF_UP = "HALF_UP"
    CEILING = "CEILING"


class PointsProgramme(Table):
    """A points programme and its settings. They hold for what is earned from now on: a lot keeps the days it was given.

    `activation_days` and `lot_months` count in local days of `time_zone` and end with the local day; without
    `lot_months` points never expire. A transfer limit of 0 allows none. `worth_points` points are worth `worth_amount` minor
    units of `worth_currency`, which is the currency the programme counts in: orders in others earn nothing in it.
    """

    __tablename__ = "points_programme"
    __rows__ = Rows(any_of(OWNER, STAFF_OR_SYSTEM, seen_by(CONSUMER, ENTERPRISE)), OWNER, classified=False)
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("activation_days between 0 and 366", "activation_days"),
        CheckConstraint("lot_months between 1 and 1200", "lot_months"),
        CheckConstraint(
            "0 <= transfer_min and transfer_min <= transfer_max and transfer_max <= transfer_month_max",
            "transfer_limits",
        ),
        CheckConstraint("worth_points > 0 and worth_amount > 0", "worth"),
    )

    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    time_zone: Mapped[str]
    activation_days: Mapped[int]
    lot_months: Mapped[int | None]
    rounding: Mapped[PointsRounding] = mapped_column(labels(PointsRounding, "rounding"))
    transfer_min: Mapped[int]
    transfer_max: Mapped[int]
    transfer_month_max: Mapped[int]
    worth_points: Mapped[int]
    worth_amount: Mapped[int]
    worth_currency: Mapped[str]
    version: Mapped[int]
    updated_at: Mapped[dt.datetime]


class PointsWorth(Table):
    """What a programme's points have been worth since an instant, until the next row of the programme; the database writes it.

    The first row holds from -infinity. `version` is the programme's as it was set.
    """

    __tablename__ = "points_worth"
    __rows__ = Rows(HOUSE_ALONE, OWNER, classified=False, append_only=True)
    __table_args__ = (
        UniqueConstraint("programme_id", "version"),
        CheckConstraint("worth_points > 0 and worth_amount > 0", "worth"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    version: Mapped[int]
    since: Mapped[dt.datetime]
    worth_points: Mapped[int]
    worth_amount: Mapped[int]
    worth_currency: Mapped[str]


class PointsAccount(Table):
    """A member's points in each state, in one row: the row is the member's lock, and a movement updates it once.

    A pool has a row for each stripe. `debt` is owed, the others are owned. `due_at` is no later than the next activation
    or expiry of a lot, `posted_at` the instant of the last transfer, which is the `sequence`th.
    """

    __tablename__ = "points_account"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, owner="customer_id")
    __table_args__ = (
        UniqueConstraint("programme_id", "customer_id", "stripe"),
        CheckConstraint("pending >= 0 and available >= 0 and held >= 0 and debt >= 0", "balance"),
        CheckConstraint("stripe >= 0 and stripe < stripes and stripes in (1, 16)", "stripe"),
        Index("ix_points_account_due", "due_at", postgresql_where=text("due_at < 'infinity'")),
        Index("ix_points_account_customer", "customer_id"),
        # Room on each page for the next version of a row, and vacuum early: a row-version chain cost 6.4 times.
        {
            "postgresql_with": {
                "fillfactor": 60,
                "autovacuum_vacuum_scale_factor": 0.02,
                "autovacuum_vacuum_cost_delay": 0,
            }
        },
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    stripe: Mapped[int] = mapped_column(SmallInteger())
    stripes: Mapped[int] = mapped_column(SmallInteger())
    pending: Mapped[int]
    available: Mapped[int]
    held: Mapped[int]
    debt: Mapped[int]
    sequence: Mapped[int]
    posted_at: Mapped[dt.datetime]
    due_at: Mapped[dt.datetime]


class PointsMember(Table):
    """A customer's membership 会员 in a programme, from their first account on; its id is that of the account's first row.

    `number` is what a member tells a counter or another member: ten digits, of which the last checks the others.
    """

    __tablename__ = "points_member"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, owner="customer_id")
    __table_args__ = (
        UniqueConstraint("programme_id", "customer_id"),
        UniqueConstraint("number"),
        CheckConstraint("number ~ '^[0-9]{10}$'", "number"),
        Index("ix_points_member_order", text("joined_at desc"), "id"),
        Index("ix_points_member_customer", "customer_id", text("joined_at desc"), "id"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    number: Mapped[str]
    joined_at: Mapped[dt.datetime]
    programme: Mapped[PointsProgramme] = relationship(lazy="raise")
    customer: Mapped[Customer] = relationship(lazy="raise", backref=backref("memberships", lazy="raise", viewonly=True))
    transfers: Mapped[list[PointsTransfer]] = relationship(
        primaryjoin="foreign(PointsTransfer.customer_id) == PointsMember.customer_id", lazy="raise", viewonly=True
    )
    lots: Mapped[list[PointsLot]] = relationship(
        primaryjoin="foreign(PointsLot.customer_id) == PointsMember.customer_id", lazy="raise", viewonly=True
    )
    spenders: Mapped[list[PointsSpender]] = relationship(
        primaryjoin="and_(foreign(PointsSpender.programme_id) == PointsMember.programme_id, "
        "foreign(PointsSpender.customer_id) == PointsMember.customer_id)",
        lazy="raise",
        viewonly=True,
    )


MOVEMENTS = {
    "EARN": ("ISSUED PENDING",),
    "ACTIVATE": ("PENDING AVAILABLE",),
    "SPEND": ("AVAILABLE REDEEMED",),
    "HOLD": ("AVAILABLE HELD",),
    "CAPTURE": ("HELD REDEEMED",),
    "RELEASE": ("HELD AVAILABLE",),
    "EXPIRE": ("AVAILABLE EXPIRED",),
    "RESTORE": ("REDEEMED AVAILABLE",),
    "CLAW_BACK": ("PENDING ISSUED", "AVAILABLE ISSUED", "DEBT ISSUED"),
    "RECOVER": ("AVAILABLE DEBT",),
    "TRANSFER": ("AVAILABLE TRANSFERRED", "TRANSFERRED AVAILABLE"),
    "REBALANCE": ("AVAILABLE TRANSFERRED", "TRANSFERRED AVAILABLE"),
    "ADJUST": ("ISSUED AVAILABLE", "AVAILABLE ISSUED"),
}
KNOWN_MOVEMENTS = ", ".join(f"'{code} {sides}'" for code, each in MOVEMENTS.items() for sides in each)


class PointsTransfer(Table):
    """One movement, for good: `amount` points leave the state `debit` and enter `credit`, so the sum of all is always zero.

    Its id is the UUIDv7 of `at`, which rises strictly within an account; `effective_at` is earlier for what a job posted
    late and for an imported history. The balances after it are the account's. `refers_id` is the spend that is restored,
    the hold that is captured or released, the earning that is clawed back, the other side of what was transferred;
    `subject_id` the order or whatever it was for, `spender_id` the person who spent from a pool.
    """

    __tablename__ = "points_transfer"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, append_only=True, owner="customer_id")
    __table_args__ = (
        CheckConstraint("amount > 0", "amount"),
        CheckConstraint("effective_at <= at", "effective_at"),
        CheckConstraint(f"code || ' ' || debit || ' ' || credit in ({KNOWN_MOVEMENTS})", "movement"),
        Index("ix_points_transfer_account", "account_id", "id"),
        Index("ix_points_transfer_late", "account_id", "effective_at", postgresql_where=text("effective_at < at")),
        Index("ix_points_transfer_refers", "refers_id", postgresql_where=text("refers_id is not null")),
        {"postgresql_partition_by": "RANGE (id)"},
    )

    account_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID]
    sequence: Mapped[int]
    at: Mapped[dt.datetime]
    effective_at: Mapped[dt.datetime]
    code: Mapped[PointsCode] = mapped_column(labels(PointsCode, "code", checked=False))
    debit: Mapped[PointsState] = mapped_column(labels(PointsState, "debit", checked=False))
    credit: Mapped[PointsState] = mapped_column(labels(PointsState, "credit", checked=False))
    amount: Mapped[int]
    pending_after: Mapped[int]
    available_after: Mapped[int]
    held_after: Mapped[int]
    debt_after: Mapped[int]
    refers_id: Mapped[uuid.UUID | None]
    subject_id: Mapped[uuid.UUID | None]
    spender_id: Mapped[uuid.UUID | None]
    rule_id: Mapped[uuid.UUID | None]
    breakdown: Mapped[dict[str, Any] | None] = mapped_column(JSONB())
    order: Mapped[Order | None] = relationship(
        primaryjoin="foreign(PointsTransfer.subject_id) == Order.id", lazy="raise", viewonly=True
    )


class PointsLot(Table):
    """Points that came together and expire together; its id is that of the transfer that brought them.

    `basis` is what the points were earned on (in minor units of the order's currency), `returned` how much of it has been
    taken back; `clawed` the points that this asked back so far, `forgiven` those of them that had expired already.
    """

    __tablename__ = "points_lot"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, owner="customer_id")
    __table_args__ = (
        CheckConstraint("amount > 0 and remaining between 0 and amount", "remaining"),
        CheckConstraint("open = (remaining > 0)", "open"),
        CheckConstraint("basis > 0 and returned between 0 and basis", "returned"),
        CheckConstraint("clawed between 0 and amount and forgiven between 0 and clawed", "clawed"),
        CheckConstraint("expired between 0 and amount - remaining", "expired"),
        Index("ix_points_lot_fifo", "account_id", "expires_at", "id", postgresql_where=text("open and active")),
        Index("ix_points_lot_pending", "account_id", "activates_at", postgresql_where=text("open and not active")),
        {"postgresql_with": {"fillfactor": 80}},
    )

    account_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID]
    amount: Mapped[int]
    remaining: Mapped[int]
    open: Mapped[bool]
    active: Mapped[bool]
    activates_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    basis: Mapped[int]
    returned: Mapped[int]
    clawed: Mapped[int]
    forgiven: Mapped[int]
    expired: Mapped[int]


class PointsLotUse(Table):
    """What a transfer took from a lot, or gave back to it (then negative). `origin_id` is the spend or hold that took it."""

    __tablename__ = "points_lot_use"
    __rows__ = Rows(HOUSE_ALONE, OWNER, classified=False, append_only=True)
    __table_args__ = (
        PrimaryKeyConstraint("origin_id", "lot_id", "transfer_id"),
        CheckConstraint("amount <> 0", "amount"),
    )

    # A line of the ledger's inside has no key of its own: it is what a transfer did to a lot.
    id: Mapped[uuid.UUID] = mapped_column("transfer_id")
    origin_id: Mapped[uuid.UUID]
    lot_id: Mapped[uuid.UUID]
    amount: Mapped[int]


class PointsRequest(Table):
    """A request that was carried out, so that it is carried out once. Its id is the hash of programme, customer and key.

    `fingerprint` tells what was asked for, `transfers` are the keys of what was posted: the answer.
    """

    __tablename__ = "points_request"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, append_only=True, owner="customer_id")

    programme_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID]
    key: Mapped[str]
    fingerprint: Mapped[bytes]
    transfers: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(sa.Uuid()))
    at: Mapped[dt.datetime]


class PointsSpender(Table):
    """Who may spend from a company's pool, and how much in a local calendar month. `spent` counts in the month `month`."""

    __tablename__ = "points_spender"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, owner="customer_id")
    __table_args__ = (
        UniqueConstraint("programme_id", "customer_id", "person_id"),
        CheckConstraint("month_max >= 0 and spent >= 0", "month_max"),
        {"postgresql_with": {"fillfactor": 60}},
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str]
    email: Mapped[str]
    month_max: Mapped[int]
    month: Mapped[dt.date]
    spent: Mapped[int]


class PointsAdjustment(Table):
    """A correction that staff propose and others approve; it is posted once, after the approval of exactly this."""

    __tablename__ = "points_adjustment"
    __rows__ = Rows(HOUSE_ALONE, OWNER, classified=False, append_only=True)
    __table_args__ = (
        CheckConstraint("amount <> 0", "amount"),
        UniqueConstraint("approval_id"),
        Index("ix_points_adjustment_customer", "customer_id", "id"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    approval_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval_request.id"))
    amount: Mapped[int]
    reason: Mapped[str]
    proposed_at: Mapped[dt.datetime]
    customer: Mapped[Customer | None] = relationship(lazy="raise")
    request: Mapped[ApprovalRequest | None] = relationship(lazy="raise")


class PointsSnapshot(Table):
    """A programme's points in each state at the end of a local day, as they stood in the ledger at `taken_at`."""

    __tablename__ = "points_snapshot"
    __rows__ = Rows(HOUSE_ALONE, OWNER, classified=False, append_only=True)
    __table_args__ = (UniqueConstraint("programme_id", "day"),)

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    day: Mapped[dt.date]
    ends_at: Mapped[dt.datetime]
    taken_at: Mapped[dt.datetime]
    pending: Mapped[int]
    available: Mapped[int]
    held: Mapped[int]
    debt: Mapped[int]
