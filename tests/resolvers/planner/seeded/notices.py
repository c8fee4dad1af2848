"""Notices of those who look, some of which are read."""

from __future__ import annotations

from domain.customers.tables import Customer
from domain.notices.tables import Notice, NoticeKind
from tests.resolvers.planner.seeded.factory import TEXTS, Factory

VALUES = {NoticeKind.POINTS_EXPIRING: ("points", "day"), NoticeKind.VOUCHER_GIVEN: ("name", "day")}


def add_notices(make: Factory) -> None:
    """Up to nine notices a customer of the first ones."""
    for customer in make.of(Customer)[:4]:
        for _ in make.times(3, 9):
            kind = make.random.choice(list(VALUES))
            values = {name: make.random.choice(TEXTS).replace("\x00", "") for name in VALUES[kind]}
            make.add(Notice, customer_id=customer["id"], kind=kind, key=str(make.number()), values=values)
