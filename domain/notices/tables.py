"""The table of notices, and which lots of points a notice has told of."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from domain.orders.tables import Order
from foundation.tables import Table, labels
from segments.audiences import CONSUMER, ENTERPRISE
from segments.policies import PERSON, STAFF_OR_SYSTEM, SYSTEM, Rows, all_of, any_of, owned, seen_by

MEMBERS = any_of(STAFF_OR_SYSTEM, all_of(seen_by(CONSUMER, ENTERPRISE), owned()))
READERS = any_of(SYSTEM, all_of(seen_by(CONSUMER, ENTERPRISE), owned(), f"person_id = {PERSON}"))


class NoticeKind(enum.Enum):
    """What a notice is about. Its texts stand in the catalogues, as `notice.<KIND>.title` and `notice.<KIND>.text`."""

    POINTS_EXPIRING = "POINTS_EXPIRING"
    VOUCHER_GIVEN = "VOUCHER_GIVEN"
    ORDER_SHIPPED = "ORDER_SHIPPED"
    ORDER_DELIVERED = "ORDER_DELIVERED"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    RETURN_APPROVED = "RETURN_APPROVED"
    RETURN_REFUSED = "RETURN_REFUSED"
    RETURN_RECEIVED = "RETURN_RECEIVED"
    REFUND_MADE = "REFUND_MADE"
    APPOINTMENT_SOON = "APPOINTMENT_SOON"
    APPOINTMENT_CANCELLED = "APPOINTMENT_CANCELLED"


class Notice(Table):
    """Something a customer is told, once for its kind and key. `values` fill the catalogues' texts.

    A company's people share its notices, and each reads them for themselves.
    """

    __tablename__ = "notice"
    __rows__ = Rows(MEMBERS, MEMBERS, classified=False, owner="customer_id")
    __table_args__ = (
        UniqueConstraint("customer_id", "kind", "key"),
        Index("ix_notice_customer", "customer_id", text("at desc"), "id"),
        Index("ix_notice_order", text("at desc"), "id"),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    kind: Mapped[NoticeKind] = mapped_column(labels(NoticeKind, "kind"))
    key: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    values: Mapped[dict[str, Any]]
    at: Mapped[dt.datetime]
    # Where it tells of an order, or of its returns and refunds, that is the subject. Ids are unique across tables.
    order: Mapped[Order | None] = relationship(
        lazy="raise", viewonly=True, primaryjoin=lambda: foreign(Notice.subject_id) == Order.id
    )


class NoticeRead(Table):
    """That a person has read a notice, and when."""

    __tablename__ = "notice_read"
    __rows__ = Rows(READERS, READERS, classified=False, append_only=True)
    __table_args__ = (UniqueConstraint("notice_id", "person_id"),)

    notice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notice.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    read_at: Mapped[dt.datetime]


class PointsLotTold(Table):
    """A lot whose expiry its member was told of: by this row each lot is told once. Its id is the lot's."""

    __tablename__ = "points_lot_told"
    __rows__ = Rows(SYSTEM, SYSTEM, classified=False, append_only=True)
    __table_args__ = (Index("ix_points_lot_told_notice", "notice_id"),)

    notice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notice.id"))
