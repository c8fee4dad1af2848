"""Prices per audience and per customer, and how much of everything lies where."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from uuid import UUID

from domain.customers.regions import region_id
from domain.customers.tables import Segment
from domain.shop.tables import Price, ProductStatus, Stock, StockLocation
from portal.demo.catalogue import CURRENCY, Item, rounded
from portal.demo.customers import Account, Customers
from portal.demo.names import PLACES
from portal.demo.world import World
from segments.audiences import CONSUMER, ENTERPRISE, GOVERNMENT, Audience

# The share of the reference price that an audience pays. Military prices stand in contracts; staff and the division buy nothing.
SHARES = {CONSUMER: 1.0, ENTERPRISE: 0.88, GOVERNMENT: 0.92}
FIRST_DAY = 900

LOCATIONS = (
    ("云州总仓", "Yunzhou main warehouse", "云州", 0.95),
    ("临江分仓", "Linjiang warehouse", "临江", 0.6),
    ("南屿分仓", "Nanyu warehouse", "南屿", 0.6),
    ("临江滨河体验店", "Linjiang riverside store", "临江", 0.3),
    ("云州科创体验店", "Yunzhou science park store", "云州", 0.3),
    ("南屿旗舰店", "Nanyu flagship store", "南屿", 0.35),
)


class Span(NamedTuple):
    """A price from a day on."""

    since: dt.date
    amount: int


class Prices:
    """What variants cost whom, on which day."""

    def __init__(self) -> None:
        self.general: dict[tuple[UUID, Audience], list[Span]] = {}
        self.agreed: dict[tuple[UUID, UUID], Span] = {}

    def on(self, item: Item, audience: Audience, customer: UUID, day: dt.date) -> int:
        """The price of a day: the customer's own, or the audience's, or the reference where neither has one."""
        own = self.agreed.get((item.id, customer))
        if own is not None and own.since <= day:
            return own.amount
        spans = self.general.get((item.id, audience), [])
        return next((span.amount for span in reversed(spans) if span.since <= day), item.reference)


def make_prices(world: World, items: list[Item], customers: Customers) -> Prices:
    """A price for every audience that buys and is offered the variant; some had another before."""
    prices = Prices()
    for item in items:
        for audience, share in SHARES.items():
            if audience in item.offer.audiences:
                prices.general[item.id, audience] = _make_general(
                    world, item, audience, rounded(item.reference * share / 100)
                )
    clubs = [account for account in customers.of(Segment.ENTERPRISE) if account.key_account]
    for company in clubs:
        _make_agreed(world, company, items, prices)
    return prices


def _make_general(world: World, item: Item, audience: Audience, amount: int) -> list[Span]:
    first = world.day(FIRST_DAY)
    spans = [Span(first, amount)]
    if world.chance(0.18):
        before = rounded(amount * world.random.choice((0.94, 1.05, 1.1)) / 100)
        spans = [Span(first, before), Span(world.day(world.random.randint(30, 400)), amount)]
    for span, until in zip(spans, [*(span.since for span in spans[1:]), None], strict=True):
        _add(world, item, audience, None, span, until)
    return spans


def _make_agreed(world: World, company: Account, items: list[Item], prices: Prices) -> None:
    """A company's price list of the year 协议价, a little below the audience's."""
    year = world.today.year
    offered = [item for item in items if ENTERPRISE in item.offer.audiences]
    always = [item for item in offered if item.sku in {"QL-M3-F", "QLV-V1-F", "QLB-5200-1", "LS-R1-1", "AZ-C1-S"}]
    for item in dict.fromkeys([*always, *world.some(offered, 10, 18)]):
        general = prices.general[item.id, ENTERPRISE][-1].amount
        span = Span(dt.date(year, 1, 1), rounded(general * world.random.randint(88, 96) / 10_000))
        prices.agreed[item.id, company.id] = span
        _add(world, item, ENTERPRISE, company.id, span, dt.date(year + 1, 1, 1))


def _add(
    world: World, item: Item, audience: Audience, customer: UUID | None, span: Span, until: dt.date | None
) -> None:
    world.add(
        Price,
        variant_id=item.id,
        audience=audience,
        customer_id=customer,
        amount=span.amount,
        currency=CURRENCY,
        valid_from=span.since,
        valid_until=until,
    )


def make_stock(world: World, items: list[Item]) -> None:
    """Dear things lie in few places and small numbers; some are sold out."""
    locations = [
        (world.add(StockLocation, name=name, name_en=name_en, region_id=region_id(PLACES[city][0])), share)
        for name, name_en, city, share in LOCATIONS
    ]
    for item in items:
        if not item.tangible or item.status in {ProductStatus.DRAFT, ProductStatus.PREORDER}:
            continue
        most = max(3, min(400, 60_000_00 // (item.reference + 1)))
        for location, share in locations:
            if world.chance(share):
                on_hand = 0 if world.chance(0.08) else world.random.randint(1, most)
                reserved = world.random.randint(0, min(on_hand, most // 8))
                amounts = {"on_hand": on_hand, "reserved": reserved}
                world.add(Stock, variant_id=item.id, location_id=location, **amounts, **item.offer.guard())
