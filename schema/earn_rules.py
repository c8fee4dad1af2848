"""Earn rules 积分规则 and tiers 会员等级 as staff set them; the tiers themselves are known to members too."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry

from domain.points import rule_tables, tier_tables
from domain.points.rule_tables import EarnKind
from domain.points.tier_tables import TierMeasure
from resolvers import earn_rules as answers
from resolvers.planner.declare import by_id, id_of, listing, optional, row, sql, value
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import BigInt, Connection, Node
from schema.money import Money
from schema.orders import Channel
from schema.points import MEMBERS, READ, PointsProgramme
from schema.shop import Category, Product
from schema.stores import Store
from segments.audiences import STAFF
from segments.marks import For, Needs, Of, publish_enum

RULES = Needs("points:rules")

publish_enum(EarnKind, STAFF)
publish_enum(TierMeasure, *MEMBERS)


class EarnRuleStatus(Enum):
    """Where a version of a rule stands."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    IN_FORCE = "IN_FORCE"
    FOLLOWED = "FOLLOWED"
    ENDED = "ENDED"


publish_enum(EarnRuleStatus, STAFF)


@For(*MEMBERS)
@READ
@row(tier_tables.Tier, order=("rank",))
class Tier(Node):
    """A level of a programme: what one has to do for it in the months that count. 会员等级。"""

    code: str
    name: str = sql(answers.name)
    name_zh: Annotated[str, For(STAFF)] = sql(answers.name_zh)
    name_en: Annotated[str | None, For(STAFF)]
    rank: int
    qualifying_min: BigInt


@For(*MEMBERS)
@READ
@row(tier_tables.TierScheme)
class TierScheme(Node):
    """How a programme's members reach tiers, and for how long they keep them. 等级评定办法。"""

    programme: PointsProgramme | None
    measure: TierMeasure
    window_months: int
    keeps_months: int
    tiers: list[Tier]
    version: Annotated[int, For(STAFF)]
    updated_at: Annotated[dt.datetime, For(STAFF)]


@For(*MEMBERS)
@READ
@value
class TierStanding:
    """A member's tier now, until when they keep it, and what they still lack for the next one. 会员等级现状。

    `reached` is what they did in the months that count, as `measure` says: points, or minor units of the programme's currency.
    """

    code: str
    name: str
    measure: TierMeasure
    valid_until: dt.datetime | None
    reached: BigInt
    next_name: str | None
    next_min: BigInt | None


@For(STAFF)
@RULES
@row(rule_tables.EarnCondition, order=("position",))
class EarnCondition(Node):
    """One thing that a version is about. 规则条件。"""

    position: int
    category: Category | None
    product: Product | None
    tier: Tier | None
    store: Store | None


@For(STAFF)
@RULES
@row(rule_tables.EarnSimulationTier, order=("position",))
class EarnSimulationTier(Node):
    """The part of a simulation that falls to members of a tier. 分等级试算结果。"""

    tier: Tier | None
    orders: int
    touched: int
    points_before: BigInt
    points_after: BigInt
    worth_before: Money
    worth_after: Money


@For(STAFF)
@RULES
@row(rule_tables.EarnSimulation, order=("-simulated_at",))
class EarnSimulation(Node):
    """What a version would have given on the orders of a past period, beside what the rules give. 规则试算。

    `ofVersion` is the draft's version then: one that was changed since has not been simulated.
    """

    of_version: int
    period_from: dt.datetime
    period_until: dt.datetime
    simulated_at: dt.datetime
    orders: int
    touched: int
    points_before: BigInt
    points_after: BigInt
    worth_before: Money
    worth_after: Money
    budget_used: BigInt
    budget_exhausted_at: dt.datetime | None
    tiers: list[EarnSimulationTier]


@For(STAFF)
@RULES
@row(rule_tables.EarnRuleVersion, order=("-number",))
class EarnRuleVersion(Node):
    """What a rule says from an instant on, until the next version begins or it is ended. 规则版本。

    BASIC gives `points` for every `per` that is paid, BONUS adds `points`, MULTIPLIER multiplies by `factorPercent`.
    """

    rule: Annotated[EarnRule, strawberry.lazy("schema.earn_rules")] | None
    number: int
    status: EarnRuleStatus = sql(answers.status)
    valid_from: dt.datetime
    points: BigInt
    per: Money = sql(answers.per)
    factor_percent: int
    order_amount_min: Money = sql(answers.order_amount_min)
    order_points_max: BigInt | None
    month_points_max: BigInt | None
    budget_points: BigInt | None
    budget_used: BigInt = sql(answers.budget_used)
    channels: list[str]
    note: str | None
    conditions: list[EarnCondition]
    simulations: Connection[EarnSimulation]
    created_at: dt.datetime
    activated_at: dt.datetime | None
    ended_at: dt.datetime | None
    version: int


@For(STAFF)
@RULES
@row(rule_tables.EarnRule, order=("code",))
class EarnRule(Node):
    """A rule by which orders earn points. Rules of one campaign share its code. 积分规则。"""

    programme: PointsProgramme | None
    code: str
    name: str = sql(answers.name)
    name_zh: str = sql(answers.name_zh)
    name_en: str | None
    kind: EarnKind
    campaign: str | None
    created_at: dt.datetime
    versions: Connection[EarnRuleVersion]


@strawberry.type
class EarnRulesQuery:
    """Root fields of earn rules and tiers."""

    earn_rule: Annotated[EarnRule | None, For(STAFF)] = by_id()
    earn_rules: Annotated[Connection[EarnRule], For(STAFF)] = listing(
        answers.of_programme, programme=optional(id_of("PointsProgramme"))
    )
    earn_rule_version: Annotated[EarnRuleVersion | None, For(STAFF)] = by_id()
    tiers: Annotated[Connection[Tier], For(*MEMBERS)] = listing(
        answers.of_programme, programme=optional(id_of("PointsProgramme"))
    )
    tier_schemes: Annotated[Connection[TierScheme], For(*MEMBERS)] = listing(
        answers.of_programme, programme=optional(id_of("PointsProgramme"))
    )


@For(STAFF)
@strawberry.input
class MakeEarnRuleInput:
    """A rule that says nothing yet; a programme has one of the kind BASIC. 新建积分规则。"""

    programme: Annotated[strawberry.ID, Of("PointsProgramme")]
    code: str
    kind: EarnKind
    name: str
    name_en: str | None = strawberry.UNSET
    campaign: str | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class EarnTermsInput:
    """What a version says; amounts are in the programme's currency, and what its rule's kind does not use is left out. 规则内容。"""

    valid_from: dt.datetime
    points: BigInt | None = strawberry.UNSET
    amount: Decimal | None = strawberry.UNSET
    factor_percent: int | None = strawberry.UNSET
    order_amount_min: Decimal | None = strawberry.UNSET
    order_points_max: BigInt | None = strawberry.UNSET
    month_points_max: BigInt | None = strawberry.UNSET
    budget_points: BigInt | None = strawberry.UNSET
    channels: list[Channel] | None = strawberry.UNSET
    categories: Annotated[list[strawberry.ID] | None, Of("Category")] = strawberry.UNSET
    products: Annotated[list[strawberry.ID] | None, Of("Product")] = strawberry.UNSET
    tiers: Annotated[list[strawberry.ID] | None, Of("Tier")] = strawberry.UNSET
    stores: Annotated[list[strawberry.ID] | None, Of("Store")] = strawberry.UNSET
    note: str | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class DraftEarnRuleVersionInput:
    """A new draft of a rule. 起草规则版本。"""

    rule: Annotated[strawberry.ID, Of("EarnRule")]
    terms: EarnTermsInput


@For(STAFF)
@strawberry.input
class ChangeEarnRuleDraftInput:
    """A draft, written anew as its editor has seen it (`version`). 修改规则草稿。"""

    rule_version: Annotated[strawberry.ID, Of("EarnRuleVersion")]
    version: int
    terms: EarnTermsInput


@For(STAFF)
@strawberry.input
class SimulateEarnRuleInput:
    """On the paid orders of which period a version is tried. 试算规则。"""

    rule_version: Annotated[strawberry.ID, Of("EarnRuleVersion")]
    period_from: dt.datetime
    period_until: dt.datetime


@For(STAFF)
@strawberry.input
class ActivateEarnRuleVersionInput:
    """Which draft holds from its instant on. 启用规则版本。"""

    rule_version: Annotated[strawberry.ID, Of("EarnRuleVersion")]
    version: int


@For(STAFF)
@strawberry.input
class EndEarnRuleVersionInput:
    """Which active version holds no more, now unless told. 终止规则版本。"""

    rule_version: Annotated[strawberry.ID, Of("EarnRuleVersion")]
    version: int
    at: dt.datetime | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class TierInput:
    """A tier, and what it asks for: points, or minor units of the programme's currency. 会员等级。"""

    code: str
    name: str
    name_en: str | None = strawberry.UNSET
    qualifying_min: BigInt


@For(STAFF)
@strawberry.input
class SetTiersInput:
    """All tiers of a programme from the lowest up, as their editor has seen them (`version` 0 where there are none). 设置会员等级。"""

    programme: Annotated[strawberry.ID, Of("PointsProgramme")]
    version: int
    measure: TierMeasure
    window_months: int
    keeps_months: int
    tiers: list[TierInput]


@For(STAFF)
@strawberry.type
class EarnRulePayload:
    """The rule, or why it was not made. 积分规则结果。"""

    rule: EarnRule | None
    errors: list[UserError]


@For(STAFF)
@strawberry.type
class EarnRuleVersionPayload:
    """The version as it is now, or why nothing was changed. 规则版本结果。"""

    rule_version: EarnRuleVersion | None
    errors: list[UserError]


@For(STAFF)
@strawberry.type
class EarnSimulationPayload:
    """What came of it, or why nothing was simulated. 试算结果。"""

    simulation: EarnSimulation | None
    rule_version: EarnRuleVersion | None
    errors: list[UserError]


@For(STAFF)
@strawberry.type
class TierSchemePayload:
    """How tiers are reached now, or why nothing was changed. 等级设置结果。"""

    scheme: TierScheme | None
    errors: list[UserError]


@strawberry.type
class EarnRulesMutation:
    """Changes of earn rules and tiers."""

    make_earn_rule: Annotated[EarnRulePayload, For(STAFF), RULES] = mutation(
        answers.make_rule, MakeEarnRuleInput, EarnRulePayload, idempotent=True
    )
    draft_earn_rule_version: Annotated[EarnRuleVersionPayload, For(STAFF), RULES] = mutation(
        answers.draft_version, DraftEarnRuleVersionInput, EarnRuleVersionPayload, idempotent=True
    )
    change_earn_rule_draft: Annotated[EarnRuleVersionPayload, For(STAFF), RULES] = mutation(
        answers.change_draft, ChangeEarnRuleDraftInput, EarnRuleVersionPayload
    )
    simulate_earn_rule: Annotated[EarnSimulationPayload, For(STAFF), RULES] = mutation(
        answers.simulate, SimulateEarnRuleInput, EarnSimulationPayload
    )
    activate_earn_rule_version: Annotated[EarnRuleVersionPayload, For(STAFF), RULES] = mutation(
        answers.activate, ActivateEarnRuleVersionInput, EarnRuleVersionPayload, idempotent=True
    )
    end_earn_rule_version: Annotated[EarnRuleVersionPayload, For(STAFF), RULES] = mutation(
        answers.end, EndEarnRuleVersionInput, EarnRuleVersionPayload, idempotent=True
    )
    set_tiers: Annotated[TierSchemePayload, For(STAFF), RULES] = mutation(
        answers.set_tiers, SetTiersInput, TierSchemePayload, idempotent=True
    )
