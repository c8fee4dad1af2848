"""What key accounts may owe by their contracts, so that they can order on account."""

from __future__ import annotations

from domain.customers.tables import Segment
from domain.orders.tables import PaymentTerms
from portal.demo.catalogue import CURRENCY
from portal.demo.customers import Customers
from portal.demo.world import World

DAYS = 30
# Fen: enough for a few vehicles, not for a fleet.
LIMIT = 500_000_000


def make_terms(world: World, customers: Customers) -> None:
    """Terms for every key account among the companies."""
    companies = [account for account in customers.organisations if account.segment is Segment.ENTERPRISE]
    for number, company in enumerate((account for account in companies if account.key_account), 1):
        world.add(
            PaymentTerms,
            customer_id=company.id,
            contract=f"ZQ-{world.day(0).year}-{number:03}",
            days=DAYS,
            limit_amount=LIMIT,
            limit_currency=CURRENCY,
            valid_from=world.day(300),
            valid_until=None,
        )
