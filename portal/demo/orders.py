"""Two years of orders by consumers, clubs, companies and authorities."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import accumulate

from domain.customers.tables import Segment, SourceSystem
from domain.orders.tables import Channel, Order, OrderLine, OrderStatus
from domain.shop.tables import ProductStatus
from portal.demo.catalogue import CURRENCY, Item
from portal.demo.customers import SYNTHETIC_SOURCE, Account, Customers
from portal.demo.prices import Prices
from portal.demo.world import World
from segments.audiences import CONSUMER, ENTERPRISE, GOVERNMENT, MILITARY, Audience

DAYS = 730
SHOP, STORE, PARTNER, CONTRACT = Channel.SHOP, Channel.STORE, Channel.PARTNER, Channel.CONTRACT


@dataclass(frozen=True)
class Habit:
    """How customers of a segment buy."""

    audience: Audience
    prefix: str
    orders: int
    channels: dict[Channel, int]
    lines_max: int
    quantities: tuple[int, ...]
    amount_max: int  # fen a line; nobody buys a vehicle by the dozen
    usual: int  # fen; what costs as much is bought half as often as what costs nothing


HABITS = {
    Segment.CONSUMER: Habit(CONSUMER, "CO", 4_600, {SHOP: 74, STORE: 26}, 4, (1, 1, 1, 1, 2, 3), 4_000_000, 120_000),
    Segment.ENTERPRISE: Habit(
        ENTERPRISE, "EO", 1_500, {SHOP: 20, PARTNER: 30, CONTRACT: 50}, 6, (1, 2, 4, 6, 10, 20), 80_000_000, 2_000_000
    ),
    Segment.GOVERNMENT: Habit(
        GOVERNMENT, "GO", 320, {CONTRACT: 80, PARTNER: 20}, 4, (1, 2, 3, 5, 10), 300_000_000, 2_000_000
    ),
    Segment.MILITARY: Habit(MILITARY, "MO", 90, {CONTRACT: 100}, 3, (1, 2, 4, 8), 300_000_000, 2_000_000),
}
# People who sign in to look at their orders have some.
AT_LEAST = 12

# From the order to the door.
DELIVERY = dt.timedelta(days=5)


def make_orders(world: World, customers: Customers, items: list[Item], prices: Prices, named: tuple[str, ...]) -> None:
    """Orders in the order of their days, so that numbers rise with time."""
    source = next(row["id"] for row in world.rows(SourceSystem) if row["code"] == SYNTHETIC_SOURCE)
    planned: list[tuple[int, Account]] = []
    for segment, habit in HABITS.items():
        buyers = customers.of(segment)
        weights = [6 if buyer.key_account else 1 for buyer in buyers]
        if segment is Segment.CONSUMER:
            buyers = [*customers.consumers, *buyers]
            # A few buy often, most once or twice.
            weights = [0 if buyer.name in named else 400 / (10 + rank) for rank, buyer in enumerate(buyers)]
        chosen = world.random.choices(buyers, weights, k=habit.orders) if buyers else []
        chosen += [buyer for buyer in buyers if buyer.name in named for _ in range(AT_LEAST)]
        planned += [(int(DAYS * world.random.random() ** 1.3), buyer) for buyer in chosen]
    planned.sort(key=lambda order: -order[0])
    offers = {habit.audience: _offers(items, habit) for habit in HABITS.values()}
    for number, (days_ago, buyer) in enumerate(planned, 1):
        goods = offers[HABITS[buyer.segment].audience]
        _make_order(
            world,
            buyer,
            number,
            world.day(days_ago),
            goods,
            prices,
            {"source_system_id": source, "source_line": number},
        )


def _offers(items: list[Item], habit: Habit) -> tuple[list[Item], list[float]]:
    """What an audience can buy, with cumulated weights: small models and cheap things are bought more than others."""
    sold = [
        item
        for item in items
        if habit.audience in item.offer.audiences and item.status in {ProductStatus.ACTIVE, ProductStatus.DISCONTINUED}
    ]
    return sold, list(accumulate(1 / (1 + item.rank) / (1 + item.reference / habit.usual) for item in sold))


def _make_order(
    world: World,
    buyer: Account,
    number: int,
    day: dt.date,
    goods: tuple[list[Item], list[float]],
    prices: Prices,
    source: dict[str, object],
) -> None:
    habit = HABITS[buyer.segment]
    count = world.random.randint(1, habit.lines_max)
    chosen = list(dict.fromkeys(world.random.choices(goods[0], cum_weights=goods[1], k=count)))
    degree = max((buyer.degree, *(item.offer.degree for item in chosen)), key=lambda degree: degree.rank)
    if not world.storable(degree):
        return
    compartments = sorted({*buyer.compartments, *(name for item in chosen for name in item.offer.compartments)})
    guard = {"customer_id": buyer.id, "classification": degree, "compartments": compartments}
    lines: list[dict[str, object]] = []
    units = total = 0
    for position, item in enumerate(chosen):
        price = prices.on(item, habit.audience, buyer.id, day)
        quantity = max(1, min(world.random.choice(habit.quantities), habit.amount_max // max(price, 1)))
        units, total = units + quantity, total + quantity * price
        lines.append(
            {
                "variant_id": item.id,
                "position": position,
                "sku": item.sku,
                "name": item.name,
                "quantity": quantity,
                "amount_amount": quantity * price,
                "amount_currency": CURRENCY,
            }
        )
    status = _status(world, (world.today - day).days)
    if status is OrderStatus.SHIPPED and len(lines) > 1 and number % 4 == 0:
        status = OrderStatus.PARTIALLY_SHIPPED
    sent = {OrderStatus.SHIPPED: len(lines), OrderStatus.DELIVERED: len(lines), OrderStatus.PARTIALLY_SHIPPED: 1}
    channel, placed = world.weighted(habit.channels), world.working_hour(day)
    paid = status not in {OrderStatus.PLACED, OrderStatus.CANCELLED}
    order = world.add(
        Order,
        number=f"{habit.prefix}-{day.year}-{number:05}",
        channel=channel,
        status=status,
        placed_at=placed,
        paid_at=placed if paid else None,
        delivered_at=min(placed + DELIVERY, world.now) if status is OrderStatus.DELIVERED else None,
        units=units,
        total_amount=total,
        total_currency=CURRENCY,
        **source,
        **guard,
    )
    for at, line in enumerate(lines):
        shipped = line["quantity"] if at < sent.get(status, 0) else 0
        world.add(OrderLine, order_id=order, shipped=shipped, **line, **guard)


def _status(world: World, age_days: int) -> OrderStatus:
    if world.chance(0.04):
        return OrderStatus.CANCELLED
    if age_days < 2:
        return world.random.choice((OrderStatus.PLACED, OrderStatus.PAID))
    if age_days < 9:
        return world.random.choice((OrderStatus.PAID, OrderStatus.SHIPPED))
    return OrderStatus.DELIVERED
