"""Tables of orders: what a customer bought, what is kept and sent for it, and where an imported order came from."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, backref, mapped_column, relationship

from domain.customers.tables import Customer, Region, SourceSystem
from domain.shop.tables import StockLocation, Variant
from domain.stores.tables import Store
from foundation.tables import Table, labels
from segments.classification import Classified
from segments.policies import (
    APPLICATION_OR_FUNCTIONS,
    HOUSE_OR_FUNCTIONS,
    OWNER,
    STAFF_OR_SYSTEM,
    Rows,
    any_of,
    own_rows,
    owned,
)

# Staff take orders on by the functions, as customers do: whoever sells at a till cannot write an order by SQL of their own.
ORDERS_ROWS = own_rows(write=APPLICATION_OR_FUNCTIONS, lock=HOUSE_OR_FUNCTIONS)


class OrderStatus(enum.Enum):
    """Where an order is on its way."""

    PLACED = "PLACED"
    PAID = "PAID"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
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


class Settlement(enum.Enum):
    """When an order is paid: before it is sent, or later by the terms of a contract."""

    PREPAID = "PREPAID"
    ON_ACCOUNT = "ON_ACCOUNT"


class ReservationState(enum.Enum):
    """What became of reserved pieces: still lying there, sent, or free again."""

    HELD = "HELD"
    SHIPPED = "SHIPPED"
    RELEASED = "RELEASED"


class Order(Classified, Table):
    """What a customer bought at one time. `units` is the sum of its lines' quantities.

    `total_amount` is what the goods cost after `discount_amount`; of it `points_amount` is paid by `points` and the rest
    in money, so what was imported and the shop's own orders add up alike. `hold_id` is the hold of those points in the
    ledger, `capture_id` the spend it became. Only the database's functions change a customer's order
    (docs/adr/0017-shop.md). `version` is 0 until its discount and points stand.

    `store_id` is the store at whose till it was placed.

    `source_fingerprint` tells what the line of an imported file said, whatever becomes of the order afterwards.
    """

    __tablename__ = "order"
    __rows__ = ORDERS_ROWS
    __table_args__ = (
        CheckConstraint("total_amount >= 0", "not_negative"),
        CheckConstraint("discount_amount >= 0", "discount"),
        CheckConstraint("points >= 0 and points_amount between 0 and total_amount", "points"),
        CheckConstraint("store_id is null or channel = 'STORE'", "store"),
        Index("ix_order_order", text("placed_at desc"), "id"),
        Index("ix_order_customer", "customer_id", text("placed_at desc"), "id"),
        Index("ix_order_number", "number", text("placed_at desc"), "id"),
        Index(
            "ix_order_store", "store_id", text("placed_at desc"), "id", postgresql_where=text("store_id is not null")
        ),
        # Few of a store's many sales wait for their money.
        Index(
            "ix_order_open_sale",
            "store_id",
            text("placed_at desc"),
            "id",
            postgresql_where=text("store_id is not null and status = 'PLACED'"),
        ),
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
    store_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("store.id"))
    source_system_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("source_system.id"))
    source_line: Mapped[int | None]
    source_fingerprint: Mapped[bytes | None]
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    settlement: Mapped[Settlement] = mapped_column(
        labels(Settlement, "settlement"), default=Settlement.PREPAID, server_default="PREPAID"
    )
    due_on: Mapped[dt.date | None]
    discount_amount: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    points: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    points_amount: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    programme_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("points_programme.id"))
    hold_id: Mapped[uuid.UUID | None]
    capture_id: Mapped[uuid.UUID | None]
    recipient: Mapped[str | None]
    phone: Mapped[str | None]
    region_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("region.id"))
    address: Mapped[str | None]
    paid_at: Mapped[dt.datetime | None]
    delivered_at: Mapped[dt.datetime | None]
    cancelled_at: Mapped[dt.datetime | None]
    cancel_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    # A customer's orders are declared from here: customers know nothing of what later capabilities hang on them.
    customer: Mapped[Customer | None] = relationship(lazy="raise", backref=backref("orders", lazy="raise"))
    source_system: Mapped[SourceSystem | None] = relationship(lazy="raise")
    region: Mapped[Region | None] = relationship(lazy="raise")
    store: Mapped[Store | None] = relationship(lazy="raise", backref=backref("sales", lazy="raise"))
    lines: Mapped[list[OrderLine]] = relationship(lazy="raise", back_populates="order")
    shipments: Mapped[list[Shipment]] = relationship(lazy="raise", back_populates="order")


class OrderLine(Classified, Table):
    """One line of an order. `variant` is empty for goods the catalogue does not know.

    `amount` is what its quantity costs at the price of that day; `discount_amount`, `points` and `points_amount` are its
    shares of the order's. `shipped` counts the pieces that have left.
    """

    __tablename__ = "order_line"
    __rows__ = ORDERS_ROWS
    __table_args__ = (
        CheckConstraint("quantity > 0", "quantity"),
        CheckConstraint("amount_amount >= 0", "not_negative"),
        CheckConstraint(
            "discount_amount >= 0 and points >= 0 and points_amount >= 0"
            " and discount_amount + points_amount <= amount_amount",
            "shares",
        ),
        CheckConstraint("shipped between 0 and quantity", "shipped"),
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
    discount_amount: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    points: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    points_amount: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    shipped: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    order: Mapped[Order | None] = relationship(lazy="raise", back_populates="lines")
    variant: Mapped[Variant | None] = relationship(lazy="raise")


class StockReservation(Table):
    """Pieces at a location that are kept for a line of an order; `shipped` of them have left."""

    __tablename__ = "stock_reservation"
    __rows__ = Rows(any_of(OWNER, STAFF_OR_SYSTEM), OWNER, classified=False)
    __table_args__ = (
        CheckConstraint("quantity > 0 and shipped between 0 and quantity", "quantity"),
        CheckConstraint("(state = 'SHIPPED') = (shipped = quantity)", "shipped"),
        UniqueConstraint("line_id", "location_id"),
        Index("ix_stock_reservation_order", "order_id", "id"),
        Index("ix_stock_reservation_stock", "variant_id", "location_id", "state"),
    )

    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order.id"))
    line_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order_line.id"))
    variant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("variant.id"))
    location_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stock_location.id"))
    quantity: Mapped[int]
    shipped: Mapped[int]
    state: Mapped[ReservationState] = mapped_column(labels(ReservationState, "state"))
    reserved_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class Shipment(Table):
    """What left one location for a customer at one time; services leave none."""

    __tablename__ = "shipment"
    __rows__ = Rows(any_of(OWNER, STAFF_OR_SYSTEM, owned()), OWNER, classified=False, owner="customer_id")
    __table_args__ = (Index("ix_shipment_order", "order_id", "shipped_at", "id"),)

    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    location_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("stock_location.id"))
    carrier: Mapped[str | None]
    tracking: Mapped[str | None]
    shipped_at: Mapped[dt.datetime]
    delivered_at: Mapped[dt.datetime | None]
    order: Mapped[Order | None] = relationship(lazy="raise", back_populates="shipments")
    location: Mapped[StockLocation | None] = relationship(lazy="raise")
    lines: Mapped[list[ShipmentLine]] = relationship(lazy="raise", back_populates="shipment")


class ShipmentLine(Table):
    """How many pieces of an order's line are in a shipment."""

    __tablename__ = "shipment_line"
    __rows__ = Rows(any_of(OWNER, STAFF_OR_SYSTEM, owned()), OWNER, classified=False, owner="customer_id")
    __table_args__ = (
        CheckConstraint("quantity > 0", "quantity"),
        Index("ix_shipment_line_shipment", "shipment_id", "id"),
        Index("ix_shipment_line_line", "line_id"),
    )

    shipment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shipment.id"))
    line_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order_line.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    quantity: Mapped[int]
    shipment: Mapped[Shipment | None] = relationship(lazy="raise", back_populates="lines")
    line: Mapped[OrderLine | None] = relationship(lazy="raise")


class PaymentTerms(Table):
    """A company's right to pay later: within `days` of the order, and no more than `limit` unpaid at one time."""

    __tablename__ = "payment_terms"
    __rows__ = Rows(any_of(STAFF_OR_SYSTEM, owned()), classified=False, owner="customer_id")
    __table_args__ = (
        UniqueConstraint("customer_id"),
        CheckConstraint("days between 1 and 365", "days"),
        CheckConstraint("limit_amount >= 0", "not_negative"),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    contract: Mapped[str]
    days: Mapped[int]
    limit_amount: Mapped[int]
    limit_currency: Mapped[str]
    valid_from: Mapped[dt.date]
    valid_until: Mapped[dt.date | None]
