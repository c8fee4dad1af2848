"""The whole seeded world, small enough to be read whole by the oracle, and how it gets into a database."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.database import Database
from foundation.session import transaction
from segments.viewer import Viewer
from tests.resolvers.planner.seeded.approvals import add_approvals
from tests.resolvers.planner.seeded.cart import add_carts
from tests.resolvers.planner.seeded.customers import add_customers
from tests.resolvers.planner.seeded.earn_rules import add_earn_rules
from tests.resolvers.planner.seeded.factory import Factory
from tests.resolvers.planner.seeded.notices import add_notices
from tests.resolvers.planner.seeded.orders import add_orders
from tests.resolvers.planner.seeded.payments import add_payments
from tests.resolvers.planner.seeded.people import add_people
from tests.resolvers.planner.seeded.points import add_points
from tests.resolvers.planner.seeded.programmes import add_programmes
from tests.resolvers.planner.seeded.reclassification import add_reclassifications
from tests.resolvers.planner.seeded.returns import add_returns
from tests.resolvers.planner.seeded.shop import add_old_agreements, add_options, add_shop
from tests.resolvers.planner.seeded.stores import add_stores
from tests.resolvers.planner.seeded.transfer import add_transfer
from tests.resolvers.planner.seeded.vouchers import add_vouchers
from tests.resolvers.planner.seeded.written import add_written

SEED = 20261124


@dataclass(frozen=True)
class Seeded:
    """Rows by table, in the order in which they go in, and who looks at them."""

    factory: Factory
    viewers: list[Viewer]


def made() -> Seeded:
    """The rows; the same each time."""
    factory = Factory(SEED)
    add_customers(factory)
    add_programmes(factory)
    add_shop(factory)
    add_stores(factory)
    add_orders(factory)
    viewers = add_people(factory)
    add_carts(factory)
    add_approvals(factory)
    add_transfer(factory)
    add_reclassifications(factory)
    add_payments(factory)
    add_returns(factory)
    add_notices(factory)
    add_vouchers(factory)
    add_old_agreements(factory)
    add_options(factory)
    return Seeded(factory, viewers)


async def insert_rows(session: AsyncSession, factory: Factory) -> None:
    """Store the rows that were made, of whatever schema."""
    for name, rows in factory.rows.items():
        for row in rows:  # one by one: rows of one table may point to each other
            await session.execute(sa.insert(factory.tables[name]).values(row))


async def insert(database: Database, factory: Factory) -> None:
    """Store the platform's rows as the system, and what its functions alone write beside them."""
    async with transaction(database, Viewer.system().row_settings()) as session:
        await insert_rows(session, factory)
        await add_points(session, factory)
        await add_earn_rules(session, factory)
    await add_written(database, factory)
