"""A store with a till, for tests: clerks of two stores, members with numbers, a rule that asks for the store, and sales."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.customers.tables import Employee
from domain.identity.tables import Person
from domain.orders.cancelling import end_order
from domain.orders.placing import Wanted
from domain.orders.tables import Order, OrderStatus
from domain.payments.tables import Payment, Refund
from domain.points.balances import Balance, balance
from domain.points.reconciling import reconcile_orders
from domain.points.rule_tables import EarnKind
from domain.points.tables import PointsMember
from domain.points.verifying import verify
from domain.stores.tables import StoreEmployee
from domain.till.paying import TillMeans, take
from domain.till.selling import Sale, ring_up
from foundation.database import Database
from segments.audiences import STAFF
from segments.classification import Classification
from segments.viewer import Viewer
from tests.domain.orders.market import IDS, NOW, SYSTEM, Market
from tests.domain.points.shops import rule
from tests.domain.stores.shopping_street import Street


class Floor:
    """The market of `market.py` with two stores: pieces at `chengdu` lie in the first, those at `xian` in the other."""

    def __init__(self, database: Database) -> None:
        self.market = Market(database)
        self.street = Street(self.market)
        self.acting = self.market.acting
        self.clerk = Viewer(STAFF, employee_id=self.street.employee, person_id=IDS())
        self.other_clerk = Viewer(STAFF, employee_id=IDS(), person_id=IDS())
        self.number = ""
        self.receipts = 0

    async def fill(self) -> None:
        """Store it all. Whoever buys in the first store earns twice."""
        await self.market.fill()
        await self.street.fill()
        since = NOW - dt.timedelta(days=100)
        async with self.acting(SYSTEM) as session:
            other = Employee(
                id=self.other_clerk.employee_id,
                name="钱店",
                title="店员",
                department="",
                phone="0",
                email="c@d.example",
            )
            session.add(other)
            await session.flush()
            session.add(StoreEmployee(id=IDS(), store_id=self.street.other_store, employee_id=other.id))
            for clerk in (self.clerk, self.other_clerk):
                session.add(
                    Person(
                        id=clerk.person_id,
                        email=f"{clerk.person_id}@example.com",
                        name="店员",
                        audience=STAFF,
                        employee_id=clerk.employee_id,
                        clearance=Classification.PUBLIC,
                        compartments=[],
                        roles=[],
                        password_hash="none",
                        active=True,
                        created_at=NOW,
                    )
                )
            await session.flush()
            await rule(session, self.market.programme, EarnKind.BASIC, "standard", since, points=1, amount=100)
            stores = {"stores": (self.street.store,)}
            await rule(
                session, self.market.programme, EarnKind.MULTIPLIER, "at-the-store", since, factor_percent=200, **stores
            )
        await self.market.give_points(self.market.buyer, 10_000)
        async with self.acting(SYSTEM) as session:
            query = sa.select(PointsMember.number).where(PointsMember.customer_id == self.market.buyer)
            self.number = (await session.execute(query)).scalar_one()

    def sale(self, lines: dict[str, int], **given: Any) -> Sale:
        """A wish of the member, unless somebody else is given."""
        wanted = [Wanted(self.market.variants[name], quantity) for name, quantity in lines.items()]
        who = {} if "customer_id" in given else {"member": self.number}
        return Sale(**{"store_id": self.street.store, "lines": wanted} | who | given)

    async def ring_up(self, lines: dict[str, int], viewer: Viewer | None = None, **given: Any) -> UUID:
        """Ring up a sale in a transaction of its own."""
        clerk = viewer or self.clerk
        async with self.acting(clerk) as session:
            return await ring_up(session, clerk, NOW, IDS, self.sale(lines, **given))

    async def take(self, order_id: UUID, viewer: Viewer | None = None, receipt: str | None = None) -> UUID:
        """Take the money of a sale, with a receipt of its own unless one is given."""
        clerk = viewer or self.clerk
        self.receipts += 1
        receipt = receipt or f"{self.receipts:06}"
        async with self.acting(clerk) as session:
            return await take(session, clerk, NOW, IDS, order_id=order_id, means=TillMeans.CASH, receipt=receipt)

    async def end_all(self) -> None:
        """End what waits to be paid, so that a test begins with nothing kept."""
        async with self.acting(SYSTEM) as session:
            for order_id in list(await session.scalars(sa.select(Order.id).where(Order.status == OrderStatus.PLACED))):
                await end_order(session, NOW, IDS, order_id=order_id, reason="UNPAID")

    async def payments(self, order_id: UUID) -> list[Payment]:
        """The payments of an order."""
        async with self.acting(SYSTEM) as session:
            return list(await session.scalars(sa.select(Payment).where(Payment.order_id == order_id)))

    async def refunds(self, order_id: UUID) -> list[Refund]:
        """The refunds of an order."""
        async with self.acting(SYSTEM) as session:
            return list(await session.scalars(sa.select(Refund).where(Refund.order_id == order_id)))

    async def balance(self) -> Balance:
        """The member's points."""
        async with self.acting(SYSTEM) as session:
            return await balance(session, programme_id=self.market.programme, customer_id=self.market.buyer)

    async def faults(self) -> list[Any]:
        """What the ledger's invariants and the comparison with orders find wrong."""
        async with self.acting(SYSTEM) as session:
            broken: list[Any] = list(await verify(session))
            day = dt.timedelta(days=1)
            return broken + list(await reconcile_orders(session, self.market.programme, NOW - day, NOW + day))
