"""Notices of those who look, some of which somebody has read."""

from __future__ import annotations

from domain.customers.tables import Customer
from domain.identity.tables import Person
from domain.notices.tables import Notice, NoticeKind, NoticeRead
from domain.orders.tables import Order
from tests.resolvers.planner.seeded.factory import TEXTS, Factory

VALUES = {
    NoticeKind.POINTS_EXPIRING: ("points", "day"),
    NoticeKind.VOUCHER_GIVEN: ("name", "name_en", "day"),
    NoticeKind.ORDER_CANCELLED: ("number",),
    NoticeKind.RETURN_REFUSED: ("number", "answer"),
    NoticeKind.REFUND_MADE: ("number", "amount", "currency"),
    NoticeKind.APPOINTMENT_SOON: ("store", "store_en", "time", "number"),
}


def add_notices(make: Factory) -> None:
    """Up to nine notices a customer of the first ones, some of them about an order, whoever's it is."""
    readers: dict[object, list[object]] = {}
    for person in make.of(Person):
        readers.setdefault(person["customer_id"], []).append(person["id"])
    for customer in make.of(Customer)[:4]:
        for _ in make.times(3, 9):
            kind = make.random.choice(list(VALUES))
            values = {name: make.random.choice(TEXTS).replace("\x00", "") for name in VALUES[kind]}
            about = {"subject_id": make.random.choice(make.of(Order))["id"]} if "number" in values else {}
            told = make.add(
                Notice, customer_id=customer["id"], kind=kind, key=str(make.number()), values=values, **about
            )
            for person in readers.get(customer["id"], ()):
                if make.random.random() < 0.5:
                    make.add(NoticeRead, notice_id=told["id"], customer_id=customer["id"], person_id=person)
