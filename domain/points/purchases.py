"""Orders as rules of earning see them, the rules of a programme with all their versions, and where both come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, Segment
from domain.orders.tables import Order, OrderLine, OrderStatus, Settlement
from domain.points.engine import Effect, Line, Purchase
from domain.points.rule_tables import EarnCondition, EarnRule, EarnRuleVersion, OrderEarning
from domain.points.tables import PointsProgramme
from domain.shop.tables import Category, Product, Variant

# Whose orders earn points, and which of them are paid.
MEMBER_SEGMENTS = (Segment.CONSUMER, Segment.ENTERPRISE)
PAID = sa.and_(
    Order.status.not_in((OrderStatus.PLACED, OrderStatus.CANCELLED)),
    # Goods on account may be on their way before they are paid; what was imported was paid somewhere else.
    sa.or_(Order.paid_at.is_not(None), Order.settlement == Settlement.PREPAID),
)


class Ordered(NamedTuple):
    """A purchase with its order and member."""

    order_id: UUID
    customer_id: UUID
    purchase: Purchase


class ProgrammeRules(NamedTuple):
    """A programme with every active version of its rules, and whether its members have tiers."""

    programme: PointsProgramme
    effects: list[Effect]
    tiered: bool

    def month_of(self, at: dt.datetime) -> dt.date:
        """The first day of the local month of an instant."""
        return at.astimezone(ZoneInfo(self.programme.time_zone)).date().replace(day=1)


async def programme_rules(session: AsyncSession, programme: PointsProgramme) -> ProgrammeRules:
    """Every version of a programme's rules that is active or was."""
    active = EarnRuleVersion.activated_at.is_not(None)
    effects = await effects_of(session, EarnRule.programme_id == programme.id, active)
    tiered = sa.text("select exists (select 1 from tier_scheme where programme_id = :programme)").bindparams(
        sa.bindparam("programme", programme.id, sa.Uuid())
    )
    return ProgrammeRules(programme, effects, bool(await session.scalar(tiered)))


async def effects_of(session: AsyncSession, *which: sa.ColumnElement[bool]) -> list[Effect]:
    """Versions of rules as the engine takes them."""
    versions = (
        sa.select(EarnRuleVersion, EarnRule.code, EarnRule.kind)
        .join(EarnRule, EarnRule.id == EarnRuleVersion.rule_id)
        .where(*which)
        .order_by(EarnRule.code, EarnRuleVersion.valid_from)
    )
    found = (await session.execute(versions)).all()
    asked = await session.scalars(
        sa.select(EarnCondition).where(EarnCondition.version_id.in_([version.id for version, _, _ in found]))
    )
    conditions: dict[UUID, list[EarnCondition]] = {}
    for condition in asked:
        conditions.setdefault(condition.version_id, []).append(condition)
    return [
        Effect(
            version_id=version.id,
            code=code,
            kind=kind,
            valid_from=version.valid_from,
            ended_at=version.ended_at,
            points=version.points,
            amount=version.amount,
            factor_percent=version.factor_percent,
            order_amount_min=version.order_amount_min,
            order_points_max=version.order_points_max,
            month_points_max=version.month_points_max,
            budget_points=version.budget_points,
            channels=frozenset(version.channels),
            categories=frozenset(each.category_id for each in conditions.get(version.id, ()) if each.category_id),
            products=frozenset(each.product_id for each in conditions.get(version.id, ()) if each.product_id),
            tiers=frozenset(each.tier_id for each in conditions.get(version.id, ()) if each.tier_id),
            stores=frozenset(each.store_id for each in conditions.get(version.id, ()) if each.store_id),
        )
        for version, code, kind in found
    ]


async def categories_above(session: AsyncSession) -> dict[UUID, frozenset[UUID]]:
    """Of each category itself and all above it."""
    rows = await session.execute(sa.select(Category.id, Category.parent_id))
    parents = {category: parent for category, parent in rows}  # noqa: C416 - typed pairs
    found: dict[UUID, frozenset[UUID]] = {}
    for category in parents:
        above: list[UUID] = []
        at: UUID | None = category
        while at is not None and at not in above:
            above.append(at)
            at = parents.get(at)
        found[category] = frozenset(above)
    return found


async def purchases(
    session: AsyncSession, order_ids: Collection[UUID], above: dict[UUID, frozenset[UUID]], tiers_of: UUID | None = None
) -> list[Ordered]:
    """Orders of members as purchases, in the order of their instants, with the tier of that instant in a programme."""
    amounts, products, categories = _lines_of(Order)
    tier: sa.ColumnElement[UUID | None] = sa.cast(sa.null(), sa.Uuid())
    if tiers_of is not None:
        # What was decided for the order stays: with the order itself its member may have reached the next one at once.
        decided = sa.select(OrderEarning.tier_id).where(
            OrderEarning.programme_id == tiers_of, OrderEarning.order_id == Order.id
        )
        then = sa.func.points_tier(tiers_of, Order.customer_id, Order.placed_at, type_=sa.Uuid())
        tier = sa.func.coalesce(decided.scalar_subquery(), then)
    query = (
        sa.select(
            Order.id,
            Order.customer_id,
            Order.placed_at,
            Order.channel,
            Order.store_id,
            # What points paid for earns none.
            Order.total_amount - Order.points_amount,
            amounts,
            products,
            categories,
            tier,
        )
        .where(Order.id == sa.any_(sa.bindparam("orders", list(order_ids), ARRAY(sa.Uuid()))))
        .order_by(Order.placed_at, Order.id)
    )
    found: list[Ordered] = []
    for order_id, customer_id, at, channel, store_id, paid, *lines, tier_id in await session.execute(query):
        parts = zip(*(column or () for column in lines), strict=True)
        made = tuple(Line(amount, product, above.get(category, frozenset())) for amount, product, category in parts)
        found.append(Ordered(order_id, customer_id, Purchase(at, paid, made, channel.value, tier_id, store_id)))
    return found


def _lines_of(order: type[Order]) -> tuple[sa.ColumnElement[list[int]], ...]:
    """The amounts, products and categories of an order's lines, each as an array in the lines' order."""
    lines = (
        sa.select(
            sa.func.array_agg(OrderLine.amount_amount, type_=ARRAY(sa.BigInteger())).label("amounts"),
            sa.func.array_agg(Variant.product_id, type_=ARRAY(sa.Uuid())).label("products"),
            sa.func.array_agg(Product.category_id, type_=ARRAY(sa.Uuid())).label("categories"),
        )
        .select_from(OrderLine)
        .join(Variant, Variant.id == OrderLine.variant_id, isouter=True)
        .join(Product, Product.id == Variant.product_id, isouter=True)
        .where(OrderLine.order_id == order.id)
        .correlate(order)
        .lateral("lines")
    )
    return lines.c.amounts, lines.c.products, lines.c.categories


async def is_members(session: AsyncSession, customer_id: UUID) -> bool:
    """Whether a customer's orders earn points at all."""
    segment = await session.scalar(sa.select(Customer.segment).where(Customer.id == customer_id))
    return segment in MEMBER_SEGMENTS
