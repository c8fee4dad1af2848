"""Tables of earning: rules and their versions, what counts them, what an order earned, and simulations."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.points.tables import HOUSE_ALONE, MEMBERS, PointsProgramme
from domain.points.tier_tables import Tier
from domain.shop.tables import Category, Product
from domain.stores.tables import Store
from foundation.tables import Table, labels
from segments.audiences import CONSUMER, ENTERPRISE
from segments.policies import OWNER, STAFF_OR_SYSTEM, Rows, any_of, seen_by

# Members may know the rules by which they earn; staff write them.
KNOWN_TO_MEMBERS = Rows(any_of(STAFF_OR_SYSTEM, seen_by(CONSUMER, ENTERPRISE)), STAFF_OR_SYSTEM, classified=False)


class EarnKind(enum.Enum):
    """What a rule does: it says the basic rate, multiplies it, or adds points to an order."""

    BASIC = "BASIC"
    MULTIPLIER = "MULTIPLIER"
    BONUS = "BONUS"


class EarnRule(Table):
    """A rule by which orders earn points. What it says stands in its versions; a programme has one BASIC rule.

    Rules of one `campaign` (a code) begin and end by their versions, each with a budget of its own.
    """

    __tablename__ = "earn_rule"
    __rows__ = KNOWN_TO_MEMBERS
    __table_args__ = (
        UniqueConstraint("programme_id", "code"),
        Index("uq_earn_rule_basic", "programme_id", unique=True, postgresql_where=text("kind = 'BASIC'")),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    kind: Mapped[EarnKind] = mapped_column(labels(EarnKind, "kind"))
    campaign: Mapped[str | None]
    created_at: Mapped[dt.datetime]
    programme: Mapped[PointsProgramme] = relationship(lazy="raise")
    versions: Mapped[list[EarnRuleVersion]] = relationship(lazy="raise", back_populates="rule")


class EarnRuleVersion(Table):
    """What a rule says from an instant on: until the next active version of it begins, or until it is ended.

    A draft is changed and thrown away; once it is activated nothing of it changes but `ended_at`, once. `points` are those
    of BASIC for every `amount` minor units paid, or those that BONUS adds; `factor_percent` is that of MULTIPLIER; what a kind
    does not use is 0, 1 or 100. It holds for orders of at least `order_amount_min` minor units, placed through one of
    `channels` where any are named. The three bounds count what the rule itself gives; those of BASIC the whole order.
    """

    __tablename__ = "earn_rule_version"
    __rows__ = KNOWN_TO_MEMBERS
    __table_args__ = (
        UniqueConstraint("rule_id", "number"),
        Index(
            "uq_earn_rule_version_valid_from",
            "rule_id",
            "valid_from",
            unique=True,
            postgresql_where=text("activated_at is not null"),
        ),
        CheckConstraint("points >= 0 and amount > 0 and factor_percent >= 0 and order_amount_min >= 0", "effect"),
        CheckConstraint("order_points_max > 0 and month_points_max > 0 and budget_points > 0", "bounds"),
        CheckConstraint("ended_at is null or activated_at is not null", "ended_at"),
    )

    rule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("earn_rule.id"))
    number: Mapped[int]
    valid_from: Mapped[dt.datetime]
    points: Mapped[int]
    amount: Mapped[int]
    factor_percent: Mapped[int]
    order_amount_min: Mapped[int]
    order_points_max: Mapped[int | None]
    month_points_max: Mapped[int | None]
    budget_points: Mapped[int | None]
    channels: Mapped[list[str]]
    note: Mapped[str | None]
    created_at: Mapped[dt.datetime]
    activated_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    version: Mapped[int]
    rule: Mapped[EarnRule] = relationship(lazy="raise", back_populates="versions")
    conditions: Mapped[list[EarnCondition]] = relationship(lazy="raise", back_populates="rule_version")
    simulations: Mapped[list[EarnSimulation]] = relationship(lazy="raise", back_populates="rule_version")


class EarnCondition(Table):
    """One thing a version is about. Of the same kind one must fit, and of each kind there is, one."""

    __tablename__ = "earn_condition"
    __rows__ = KNOWN_TO_MEMBERS
    __table_args__ = (
        CheckConstraint("num_nonnulls(category_id, product_id, tier_id, store_id) = 1", "one"),
        Index("ix_earn_condition_version", "version_id", "position", "id"),
    )

    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("earn_rule_version.id"))
    position: Mapped[int]
    category_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("category.id"))
    product_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("product.id"))
    tier_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tier.id"))
    store_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("store.id"))
    rule_version: Mapped[EarnRuleVersion] = relationship(lazy="raise", back_populates="conditions")
    category: Mapped[Category | None] = relationship(lazy="raise")
    product: Mapped[Product | None] = relationship(lazy="raise")
    tier: Mapped[Tier | None] = relationship(lazy="raise")
    store: Mapped[Store | None] = relationship(lazy="raise")


class EarnBudget(Table):
    """A stripe of a version's budget: of `granted` points, `used` were given. 16 of them, so that orders do not wait in line."""

    __tablename__ = "earn_budget"
    __rows__ = Rows(HOUSE_ALONE, OWNER, classified=False)
    __table_args__ = (
        UniqueConstraint("version_id", "stripe"),
        CheckConstraint("used between 0 and granted", "used"),
        {"postgresql_with": {"fillfactor": 60}},
    )

    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("earn_rule_version.id"))
    stripe: Mapped[int] = mapped_column(SmallInteger())
    granted: Mapped[int]
    used: Mapped[int]


class EarnMonth(Table):
    """How many points a version with a monthly bound gave a member in a local calendar month."""

    __tablename__ = "earn_month"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, owner="customer_id")
    __table_args__ = (
        UniqueConstraint("version_id", "customer_id", "month"),
        CheckConstraint("points >= 0", "points"),
    )

    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("earn_rule_version.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    month: Mapped[dt.date]
    points: Mapped[int]


class OrderEarning(Table):
    """What an order earned in a programme: decided once, by the rules and the tier of `ordered_at`.

    `basis` is what was paid, in minor units. `transfer_id` is the ledger's entry; none where it came to no whole point.
    """

    __tablename__ = "order_earning"
    __rows__ = Rows(MEMBERS, OWNER, classified=False, append_only=True, owner="customer_id")
    __table_args__ = (
        UniqueConstraint("programme_id", "order_id"),
        CheckConstraint("basis >= 0 and points >= 0 and (points > 0) = (transfer_id is not null)", "points"),
        Index("ix_order_earning_order", "order_id"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("points_programme.id"))
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order.id"))
    customer_id: Mapped[uuid.UUID]
    version_id: Mapped[uuid.UUID]
    tier_id: Mapped[uuid.UUID | None]
    transfer_id: Mapped[uuid.UUID | None]
    basis: Mapped[int]
    points: Mapped[int]
    ordered_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime]


class EarnSimulation(Table):
    """What a version would have given on the orders of a past period, beside what the rules then in force give.

    `worth` are the points in money. `touched` orders earn otherwise with it. `budget_used` is what the version itself gives.
    `of_version` is that of the draft as it was then: one that was changed since has not been simulated.
    """

    __tablename__ = "earn_simulation"
    __rows__ = Rows(STAFF_OR_SYSTEM, STAFF_OR_SYSTEM, classified=False, append_only=True)
    __table_args__ = (Index("ix_earn_simulation_version", "version_id", text("simulated_at desc"), "id"),)

    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("earn_rule_version.id"))
    of_version: Mapped[int]
    period_from: Mapped[dt.datetime]
    period_until: Mapped[dt.datetime]
    simulated_at: Mapped[dt.datetime]
    orders: Mapped[int]
    touched: Mapped[int]
    points_before: Mapped[int]
    points_after: Mapped[int]
    worth_before_amount: Mapped[int]
    worth_before_currency: Mapped[str]
    worth_after_amount: Mapped[int]
    worth_after_currency: Mapped[str]
    budget_used: Mapped[int]
    budget_exhausted_at: Mapped[dt.datetime | None]
    rule_version: Mapped[EarnRuleVersion] = relationship(lazy="raise", back_populates="simulations")
    tiers: Mapped[list[EarnSimulationTier]] = relationship(lazy="raise", back_populates="simulation")


class EarnSimulationTier(Table):
    """The part of a simulation that falls to members of one tier, or to those of none."""

    __tablename__ = "earn_simulation_tier"
    __rows__ = Rows(STAFF_OR_SYSTEM, STAFF_OR_SYSTEM, classified=False, append_only=True)
    __table_args__ = (Index("ix_earn_simulation_tier_simulation", "simulation_id", "position", "id"),)

    simulation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("earn_simulation.id"))
    position: Mapped[int]
    tier_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tier.id"))
    orders: Mapped[int]
    touched: Mapped[int]
    points_before: Mapped[int]
    points_after: Mapped[int]
    worth_before_amount: Mapped[int]
    worth_before_currency: Mapped[str]
    worth_after_amount: Mapped[int]
    worth_after_currency: Mapped[str]
    simulation: Mapped[EarnSimulation] = relationship(lazy="raise", back_populates="tiers")
    tier: Mapped[Tier | None] = relationship(lazy="raise")
