"""Tables of carts: one for each person, and those of browsers and programs that know a token."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.shop.tables import Variant
from foundation.tables import Table
from segments.audiences import CONSUMER, ENTERPRISE
from segments.policies import PERSON, SYSTEM, Rows, all_of, any_of, seen_by

# A cart without a person belongs to whoever knows its token, of which its key is made; nothing lists carts.
MINE = any_of(SYSTEM, all_of(seen_by(CONSUMER, ENTERPRISE), any_of(f"person_id = {PERSON}", "person_id is null")))


class Cart(Table):
    """What somebody wishes to buy; it has no price of its own. Without `person_id` its key is made of a token."""

    __tablename__ = "cart"
    __rows__ = Rows(MINE, MINE, classified=False)
    __table_args__ = (UniqueConstraint("person_id"), Index("ix_cart_updated", "updated_at"))

    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    updated_at: Mapped[dt.datetime]
    lines: Mapped[list[CartLine]] = relationship(lazy="raise", back_populates="cart")


class CartLine(Table):
    """So many pieces of a variant, and what one cost when it was put in: only to say so when that has changed."""

    __tablename__ = "cart_line"
    __rows__ = Rows(MINE, MINE, classified=False)
    __table_args__ = (
        CheckConstraint("quantity > 0", "quantity"),
        UniqueConstraint("cart_id", "variant_id"),
        Index("ix_cart_line_cart", "cart_id", "added_at", "id"),
    )

    cart_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cart.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    variant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("variant.id"))
    quantity: Mapped[int]
    seen_amount: Mapped[int]
    seen_currency: Mapped[str]
    added_at: Mapped[dt.datetime]
    cart: Mapped[Cart | None] = relationship(lazy="raise", back_populates="lines")
    variant: Mapped[Variant | None] = relationship(lazy="raise")
