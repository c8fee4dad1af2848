"""Two points programmes and their members. The ledger's own functions write these rows; nobody else can."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer
from domain.identity.tables import Person
from domain.orders.tables import Order
from domain.points import ledger, programmes
from domain.points.programmes import ProgrammeSettings
from segments.audiences import CONSUMER, ENTERPRISE
from tests.resolvers.planner.seeded.factory import NOW, Factory

DAY = dt.timedelta(days=1)
# The first's points expire, in a zone whose months begin at another instant than ours; the second's never do.
SETTINGS = (
    ProgrammeSettings("a", "会员", "Members", transfer_min=1, transfer_max=100, transfer_month_max=100),
    ProgrammeSettings("b", "俱乐部", time_zone="America/New_York", lot_months=None, worth_points=3, worth_amount=7, worth_currency="JPY"),
)  # fmt: skip


async def add_points(session: AsyncSession, make: Factory) -> None:
    """Members with lots of all ages, spends and holds; a company with a pool and its spender."""
    keys = [make.id() for _ in SETTINGS]
    for key, settings in zip(keys, SETTINGS, strict=True):
        await programmes.set_programme(session, key, 0, settings)
    people = {person["audience"]: person for person in make.of(Person) if person["customer_id"] is not None}
    customers = [people[CONSUMER]["customer_id"], people[ENTERPRISE]["customer_id"], make.of(Customer)[0]["id"]]
    for programme in keys:
        for customer in customers:
            await add_lots(session, make, programme, customer)
    await programmes.open_pool(session, keys[0], people[ENTERPRISE]["customer_id"])
    spender = people[ENTERPRISE]["id"]
    await programmes.set_spender(session, keys[0], people[ENTERPRISE]["customer_id"], spender, 1000)
    await programmes.settle_due(session)
    of_pool: dict[str, Any] = {
        "programme_id": keys[0],
        "customer_id": people[ENTERPRISE]["customer_id"],
        "spender_id": spender,
    }
    await ledger.spend(session, key="pool", amount=5, **of_pool)
    of_one: dict[str, Any] = {"programme_id": keys[1], "customer_id": people[CONSUMER]["customer_id"]}
    await ledger.spend(session, key="spend", amount=7, subject_id=make.one(Order)["id"], **of_one)
    await ledger.hold(session, key="hold", amount=3, **of_one)


async def add_lots(session: AsyncSession, make: Factory, programme: Any, customer: Any) -> None:
    """Points earned from long before the present of the test until just before it; some are still pending then."""
    for number, days in enumerate((800, 500, 40, 5, 0.1)):
        await ledger.earn(
            session,
            programme_id=programme,
            customer_id=customer,
            key=f"{number}",
            amount=make.random.choice((20, 100, 2**40 // 2)),
            earned_at=NOW - days * DAY,
            subject_id=make.one(Order)["id"] if make.random.random() < 0.5 else None,
        )
