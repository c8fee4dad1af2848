"""Tables of returns: what of an order is sent back, and what was given back for it.

A customer's transaction writes none of them: what they ask for goes through a function of the database, which knows what they
have had delivered (docs/adr/0016-payments.md).
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, backref, mapped_column, relationship

from domain.orders.tables import Order, OrderLine
from domain.payments.tables import Refund
from foundation.tables import Table, labels
from segments.policies import HOUSE_OR_FUNCTIONS, OWNER, STAFF_OR_SYSTEM, Rows, any_of, owned

THEIRS = Rows(any_of(OWNER, STAFF_OR_SYSTEM, owned()), HOUSE_OR_FUNCTIONS, classified=False, owner="customer_id")


class ReturnState(enum.Enum):
    """How far a return has come; from each of the first two it may end REFUSED."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    RECEIVED = "RECEIVED"
    REFUNDED = "REFUNDED"
    REFUSED = "REFUSED"


class OrderReturn(Table):
    """Goods of an order that a customer sends back.

    `amount` is the money and `points` the points that are given back for them, 0 until the goods have come. `refund` is
    empty where no money goes back through a payment: the order was paid in points, or is on account.
    """

    __tablename__ = "order_return"
    __rows__ = THEIRS
    __table_args__ = (
        CheckConstraint("amount_amount >= 0 and points >= 0", "not_negative"),
        Index("ix_order_return_order", "order_id", text("requested_at desc"), "id"),
        Index("ix_order_return_list", text("requested_at desc"), "id"),
        Index("ix_order_return_state", "state", text("requested_at desc"), "id"),
        Index("ix_order_return_refund", "refund_id"),
    )

    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    state: Mapped[ReturnState] = mapped_column(labels(ReturnState, "state"))
    reason: Mapped[str]
    answer: Mapped[str | None]
    amount_amount: Mapped[int]
    amount_currency: Mapped[str]
    points: Mapped[int]
    refund_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("refund.id"))
    requested_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]
    received_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    version: Mapped[int]
    order: Mapped[Order | None] = relationship(
        lazy="raise", backref=backref("returns", lazy="raise", order_by="OrderReturn.requested_at.desc()")
    )
    lines: Mapped[list[OrderReturnLine]] = relationship(lazy="raise", back_populates="order_return")
    refund: Mapped[Refund | None] = relationship(lazy="raise")


class OrderReturnLine(Table):
    """How many pieces of an order's line come back; of those received, `damaged` are not sold again."""

    __tablename__ = "order_return_line"
    __rows__ = THEIRS
    __table_args__ = (
        CheckConstraint("quantity > 0 and damaged between 0 and quantity", "quantity"),
        CheckConstraint("amount_amount >= 0 and points >= 0", "not_negative"),
        UniqueConstraint("return_id", "line_id", name="uq_order_return_line_line"),
        Index("ix_order_return_line_return", "return_id", "id"),
        Index("ix_order_return_line_line", "line_id"),
    )

    return_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order_return.id"))
    line_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order_line.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    quantity: Mapped[int]
    damaged: Mapped[int]
    amount_amount: Mapped[int]
    amount_currency: Mapped[str]
    points: Mapped[int]
    order_return: Mapped[OrderReturn | None] = relationship(lazy="raise", back_populates="lines")
    line: Mapped[OrderLine | None] = relationship(lazy="raise")
