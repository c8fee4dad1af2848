"""Tables of orders: what a customer bought, and where an imported order came from."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, backref, mapped_column, relationship

from domain.customers.tables import Customer, SourceSystem
from domain.shop.tables import Variant
from foundation.tables import Table, labels
from segments.classification import Classified
from segments.policies import own_rows


class OrderStatus(enum.Enum):
    """Where an order is on its way."""

    PLACED = "PLACED"
    PAID = "PAID"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"


class Channel(enum.Enum):
    """Where an order was placed."""

    SHOP = "SHOP"
    STORE = "STORE"
    PARTNER = "PARTNER"
    CONTRACT = "CONTRACT"
    IMPORT = "IMPORT"


class Order(Classified, Table):
    """What a customer bought at one time. `units` is the sum of its lines' quantities.

    `source_fingerprint` tells what the line of an imported file said, whatever becomes of the order afterwards.
    """

    __tablename__ = "order"
    __rows__ = own_rows()
    __table_args__ = (
        CheckConstraint("total_amount >= 0", "not_negative"),
        Index("ix_order_order", text("placed_at desc"), "id"),
        Index("ix_order_customer", "customer_id", text("placed_at desc"), "id"),
        # An imported line is one order, once: the import is idempotent by source and line.
        Index("uq_order_source", "source_system_id", "source_line", unique=True),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    number: Mapped[str]
    channel: Mapped[Channel] = mapped_column(labels(Channel, "channel"))
    status: Mapped[OrderStatus] = mapped_column(labels(OrderStatus, "status"))
    placed_at: Mapped[dt.datetime]
    units: Mapped[int]
    total_amount: Mapped[int]
    total_currency: Mapped[str]
    source_system_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("source_system.id"))
    source_line: Mapped[int | None]
    source_fingerprint: Mapped[bytes | None]
    # A customer's orders are declared from here: customers know nothing of what later capabilities hang on them.
    customer: Mapped[Customer | None] = relationship(lazy="raise", backref=backref("orders", lazy="raise"))
    source_system: Mapped[SourceSystem | None] = relationship(lazy="raise")
    lines: Mapped[list[OrderLine]] = relationship(lazy="raise", back_populates="order")


class OrderLine(Classified, Table):
    """One line of an order: `amount` is the line's total. `variant` is empty for goods the catalogue does not know."""

    __tablename__ = "order_line"
    __rows__ = own_rows()
    __table_args__ = (
        CheckConstraint("quantity > 0", "quantity"),
        CheckConstraint("amount_amount >= 0", "not_negative"),
        Index("ix_order_line_order", "order_id", "position", "id"),
    )

    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    variant_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("variant.id"))
    position: Mapped[int]
    sku: Mapped[str]
    name: Mapped[str]
    quantity: Mapped[int]
    amount_amount: Mapped[int]
    amount_currency: Mapped[str]
    order: Mapped[Order | None] = relationship(lazy="raise", back_populates="lines")
    variant: Mapped[Variant | None] = relationship(lazy="raise")
