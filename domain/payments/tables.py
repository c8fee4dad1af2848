"""Tables of payments: one try to pay an order, every event a provider told of it, and each sum that is given back.

Customers' transactions write none of them: what they may wish for they ask of the functions in the migration
(docs/adr/0016-payments.md), and what a provider says is written by the application itself.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, backref, mapped_column, relationship

from domain.orders.tables import Order
from foundation.tables import Table, labels
from segments.policies import APPLICATION_OR_FUNCTIONS, OWNER, STAFF_OR_SYSTEM, Rows, any_of, owned

# The functions run as their owner, who is bound by policies too.
THEIRS = any_of(OWNER, STAFF_OR_SYSTEM, owned())


class PaymentState(enum.Enum):
    """How far a payment has come; `domain/payments/states.py` says what follows what."""

    INITIATED = "INITIATED"
    AUTHORISED = "AUTHORISED"
    CAPTURED = "CAPTURED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class PaymentNewsKind(enum.Enum):
    """What a provider may tell."""

    AUTHORISED = "AUTHORISED"
    CAPTURED = "CAPTURED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REFUNDED = "REFUNDED"
    REFUND_FAILED = "REFUND_FAILED"


class EventEffect(enum.Enum):
    """What an event did: it changed something, came when all it says was known, says what cannot be, or is of nothing here."""

    APPLIED = "APPLIED"
    LATE = "LATE"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


class RefundState(enum.Enum):
    """Whether money that is to be given back has been; a failed refund keeps its part of the sum until it is tried again."""

    REQUESTED = "REQUESTED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class RefundReason(enum.Enum):
    """Why money is given back. SURPLUS: it came for an order that is no more to be paid."""

    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"
    GOODWILL = "GOODWILL"
    SURPLUS = "SURPLUS"


class Payment(Table):
    """A try to pay an order, of which one at most is open. Sums are in minor units of the amount's currency.

    `provider` and `reference` are empty until a provider was asked. `refund_asked_amount` counts what is to be given
    back, `refunded_amount` what has been. `expires_at` is when the order's time to be paid is over, `closed_at` when
    nothing waits for this payment any more. `look_at` is when the provider is to be asked (again), and `looks` how often
    it was without an end.
    """

    __tablename__ = "payment"
    __rows__ = Rows(THEIRS, APPLICATION_OR_FUNCTIONS, classified=False, owner="customer_id")
    __table_args__ = (
        CheckConstraint("amount_amount > 0", "positive"),
        CheckConstraint(
            "0 <= refunded_amount and refunded_amount <= refund_asked_amount and refund_asked_amount <= captured_amount"
            " and captured_amount <= authorised_amount and authorised_amount <= amount_amount",
            "sums",
        ),
        CheckConstraint("(captured_amount > 0) = (state = 'CAPTURED')", "captured"),
        CheckConstraint("(provider is null) = (reference is null)", "asked"),
        Index("ix_payment_order", "order_id", text("opened_at desc"), "id"),
        Index("ix_payment_list", text("opened_at desc"), "id"),
        Index("ix_payment_state", "state", text("opened_at desc"), "id"),
        Index("ix_payment_customer", "customer_id", text("opened_at desc"), "id"),
        # One try at a time: a second one would be paid too.
        Index(
            "uq_payment_open", "order_id", unique=True, postgresql_where=text("state in ('INITIATED', 'AUTHORISED')")
        ),
        Index("ix_payment_expires", "expires_at", postgresql_where=text("closed_at is null")),
        Index("ix_payment_look", "look_at", postgresql_where=text("look_at is not null")),
        UniqueConstraint("provider", "reference", name="uq_payment_reference"),
    )

    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    amount_amount: Mapped[int]
    amount_currency: Mapped[str]
    authorised_amount: Mapped[int]
    captured_amount: Mapped[int]
    refund_asked_amount: Mapped[int]
    refunded_amount: Mapped[int]
    state: Mapped[PaymentState] = mapped_column(labels(PaymentState, "state"))
    provider: Mapped[str | None]
    reference: Mapped[str | None]
    # Where the payer goes on to pay, as the provider said.
    address: Mapped[str | None]
    opened_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    look_at: Mapped[dt.datetime | None]
    looks: Mapped[int]
    version: Mapped[int]
    order: Mapped[Order | None] = relationship(
        lazy="raise", backref=backref("payments", lazy="raise", order_by="Payment.opened_at.desc()")
    )
    refunds: Mapped[list[Refund]] = relationship(lazy="raise", back_populates="payment")
    events: Mapped[list[PaymentEvent]] = relationship(lazy="raise", back_populates="payment")


class PaymentEvent(Table):
    """What a provider said, once for its event id, and what it did. `said` is the message as it came."""

    __tablename__ = "payment_event"
    __rows__ = Rows(STAFF_OR_SYSTEM, APPLICATION_OR_FUNCTIONS, classified=False, append_only=True)
    __table_args__ = (
        UniqueConstraint("provider", "event_id", name="uq_payment_event_id"),
        Index("ix_payment_event_payment", "payment_id", "received_at", "id"),
    )

    payment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("payment.id"))
    provider: Mapped[str]
    event_id: Mapped[str]
    kind: Mapped[PaymentNewsKind] = mapped_column(labels(PaymentNewsKind, "kind"))
    effect: Mapped[EventEffect] = mapped_column(labels(EventEffect, "effect"))
    said: Mapped[dict[str, Any]]
    said_at: Mapped[dt.datetime]
    received_at: Mapped[dt.datetime]
    payment: Mapped[Payment | None] = relationship(lazy="raise", back_populates="events")


class Refund(Table):
    """Money of a payment that is to be given back, once for the order and a key that its rule chose.

    `round` counts how often it was begun: each has a key of its own at the provider.
    """

    __tablename__ = "refund"
    __rows__ = Rows(THEIRS, APPLICATION_OR_FUNCTIONS, classified=False, owner="customer_id")
    __table_args__ = (
        CheckConstraint("amount_amount > 0", "positive"),
        UniqueConstraint("order_id", "key", name="uq_refund_key"),
        Index("ix_refund_payment", "payment_id", "requested_at", "id"),
        Index("ix_refund_customer", "customer_id", "requested_at", "id"),
    )

    payment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("payment.id"))
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    amount_amount: Mapped[int]
    amount_currency: Mapped[str]
    reason: Mapped[RefundReason] = mapped_column(labels(RefundReason, "reason"))
    key: Mapped[str]
    state: Mapped[RefundState] = mapped_column(labels(RefundState, "state"))
    round: Mapped[int]
    requested_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    payment: Mapped[Payment | None] = relationship(lazy="raise", back_populates="refunds")
