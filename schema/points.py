"""Memberships 会员 and their points 积分 as members, companies and staff see them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.points import tables
from domain.points.tables import PointsCode, PointsRounding, PointsState
from resolvers import earn_rules as earn_answers
from resolvers import points as answers
from resolvers.planner.declare import by_id, id_of, listing, optional, related, row, sql, value
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import BigInt, Connection, Node
from resolvers.planner.subscriptions import subscription
from schema.money import Money
from segments.audiences import CONSUMER, ENTERPRISE, STAFF
from segments.marks import For, Needs, Of, publish_enum

if TYPE_CHECKING:
    from schema.customers import Customer
    from schema.earn_rules import TierStanding
    from schema.orders import Order

MEMBERS = (CONSUMER, ENTERPRISE, STAFF)
# Members see their own by their rows; staff see everybody's by a right, and a company hands its own to programs by the same one.
READ = Needs("points:read", by=(ENTERPRISE, STAFF))

publish_enum(PointsCode, *MEMBERS)
publish_enum(PointsState, *MEMBERS)
publish_enum(PointsRounding, *MEMBERS)


@For(*MEMBERS)
@READ
@row(tables.PointsProgramme, order=("code",))
class PointsProgramme(Node):
    """A points programme: how long points wait, when they expire, how many may be given away, what they are worth. 积分计划。"""

    code: str
    name: str = sql(answers.name)
    name_zh: Annotated[str, For(STAFF)] = sql(answers.name_zh)
    name_en: Annotated[str | None, For(STAFF)]
    time_zone: str
    activation_days: int
    lot_months: int | None
    rounding: PointsRounding
    transfer_min: BigInt
    transfer_max: BigInt
    transfer_month_max: BigInt
    worth_points: int
    worth: Money
    version: Annotated[int, For(STAFF)]
    updated_at: Annotated[dt.datetime, For(STAFF)]


@For(*MEMBERS)
@READ
@value
class PointsBalance:
    """A member's points by state: waiting, available, set aside for what is not paid yet, and owed. 积分余额。"""

    pending: BigInt
    available: BigInt
    held: BigInt
    debt: BigInt


@For(*MEMBERS)
@READ
@value
class PointsBalanceThen:
    """The same at an instant. 某时刻的积分余额。"""

    at: dt.datetime
    pending: BigInt
    available: BigInt
    held: BigInt
    debt: BigInt


@For(*MEMBERS)
@READ
@value
class PointsExpiry:
    """How many points expire in a month of the programme's time zone; `month` is its first day. 当月到期积分。"""

    month: dt.date
    amount: BigInt


@For(*MEMBERS)
@READ
@row(tables.PointsLot, order=("expires_at",))
class PointsLot(Node):
    """Points that came together and expire together. 积分批次。"""

    amount: BigInt
    remaining: BigInt
    active: bool = sql(answers.is_active)
    activates_at: dt.datetime
    expires_at: dt.datetime | None = sql(answers.expires_at)


@For(*MEMBERS)
@READ
@row(tables.PointsTransfer, order=("-id",))
class PointsTransfer(Node):
    """A movement of points, for good: `amount` left the state `debit` and entered `credit`. 积分变动。

    `at` is when it was posted, `effectiveAt` when it counts. `change` is what it did to the available points.
    """

    code: PointsCode
    debit: PointsState
    credit: PointsState
    amount: BigInt
    change: BigInt = sql(answers.signed)
    at: dt.datetime
    effective_at: dt.datetime
    order: Annotated[Order, strawberry.lazy("schema.orders")] | None


@For(ENTERPRISE, STAFF)
@READ
@row(tables.PointsSpender, order=("name",))
class PointsSpender(Node):
    """Who may spend from a company's pool, and how much in a month. 积分使用人。"""

    name: str
    email: str
    month_max: BigInt
    spent: BigInt = sql(answers.spent_this_month)
    left: BigInt = sql(answers.left_this_month)


@For(*MEMBERS)
@READ
@row(tables.PointsMember, order=("-joined_at",))
class Membership(Node):
    """A customer's membership in a points programme; its number is what they tell a counter or another member. 会员。

    Whatever is due counts as settled. A balance at an instant to come is what it will be if nothing else moves.
    """

    number: str
    joined_at: dt.datetime
    programme: PointsProgramme | None
    customer: Annotated[Customer, strawberry.lazy("schema.customers")] | None
    balance: PointsBalance = sql(answers.balance)
    balance_at: PointsBalance = sql(answers.balance_at, at=dt.datetime)
    worth: Money = sql(answers.worth)
    tier: Annotated[TierStanding, strawberry.lazy("schema.earn_rules")] | None = sql(earn_answers.standing)
    history: list[PointsBalanceThen] = sql(answers.history, months=optional(int))
    expiry: list[PointsExpiry] = sql(answers.expiry, months=optional(int))
    expiring: Connection[PointsLot] = related(answers.expiring, "lots", until=optional(dt.datetime))
    transfers: Connection[PointsTransfer] = related(answers.statement)
    is_pool: Annotated[bool, For(ENTERPRISE, STAFF)] = sql(answers.is_pool)
    spenders: Annotated[Connection[PointsSpender], For(ENTERPRISE, STAFF)]


@strawberry.type
class PointsQuery:
    """Root fields of points."""

    points_programme: Annotated[PointsProgramme | None, For(*MEMBERS)] = by_id()
    points_programmes: Annotated[Connection[PointsProgramme], For(*MEMBERS)] = listing(answers.everything)
    membership: Annotated[Membership | None, For(*MEMBERS)] = by_id()
    memberships: Annotated[Connection[Membership], For(*MEMBERS)] = listing(
        answers.memberships, number=optional(str), customer=optional(id_of("Customer"))
    )


@For(*MEMBERS)
@strawberry.input
class TransferPointsInput:
    """From which membership, to the member of which number, how many. 转赠积分。"""

    membership: Annotated[strawberry.ID, Of("Membership")]
    to: str
    amount: BigInt


@For(*MEMBERS)
@strawberry.input
class SpendPointsInput:
    """From which membership, and how many; those that expire first go first. 使用积分。"""

    membership: Annotated[strawberry.ID, Of("Membership")]
    amount: BigInt


@For(*MEMBERS)
@strawberry.type
class PointsTransferPayload:
    """The membership and the movement, or why nothing moved. 积分变动结果。"""

    membership: Membership | None
    transfer: PointsTransfer | None
    errors: list[UserError]


@For(ENTERPRISE)
@strawberry.input
class OpenPointsPoolInput:
    """In which programme the company pools its points. 开立积分池。"""

    programme: Annotated[strawberry.ID, Of("PointsProgramme")]


@For(ENTERPRISE)
@strawberry.type
class PointsPoolPayload:
    """The company's membership, or why there is no pool. 积分池。"""

    membership: Membership | None
    errors: list[UserError]


@For(ENTERPRISE)
@strawberry.input
class SetPointsSpenderInput:
    """Who of the company may spend from its pool, by the address they sign in with, and how much in a month; 0 ends it. 设置积分使用人。"""

    membership: Annotated[strawberry.ID, Of("Membership")]
    email: str
    month_max: BigInt


@For(ENTERPRISE)
@strawberry.type
class PointsSpenderPayload:
    """Who may spend, or why nothing was changed. 积分使用人设置结果。"""

    membership: Membership | None
    spender: PointsSpender | None
    errors: list[UserError]


@For(STAFF)
@strawberry.input
class SetPointsProgrammeInput:
    """A new programme, or all settings of one as its editor has seen it (`version`). Without `lotMonths` points never expire. 设置积分计划。"""

    programme: Annotated[strawberry.ID | None, Of("PointsProgramme")] = strawberry.UNSET
    version: int | None = strawberry.UNSET
    code: str
    name: str
    name_en: str | None = strawberry.UNSET
    time_zone: str
    activation_days: int
    lot_months: int | None = strawberry.UNSET
    rounding: PointsRounding
    transfer_min: BigInt
    transfer_max: BigInt
    transfer_month_max: BigInt
    worth_points: int
    worth_amount: int
    worth_currency: str


@For(STAFF)
@strawberry.type
class PointsProgrammePayload:
    """The programme as it is now, or why nothing was changed. 积分计划设置结果。"""

    programme: PointsProgramme | None
    errors: list[UserError]


@strawberry.type
class PointsMutation:
    """Movements of points, and who may make them."""

    transfer_points: Annotated[PointsTransferPayload, For(CONSUMER, ENTERPRISE), Needs("points:transfer")] = mutation(
        answers.transfer_points, TransferPointsInput, PointsTransferPayload, idempotent=True
    )
    spend_points: Annotated[PointsTransferPayload, For(*MEMBERS), Needs("points:spend")] = mutation(
        answers.spend_points, SpendPointsInput, PointsTransferPayload, idempotent=True
    )
    open_points_pool: Annotated[PointsPoolPayload, For(ENTERPRISE), Needs("points:pool")] = mutation(
        answers.open_pool, OpenPointsPoolInput, PointsPoolPayload, idempotent=True
    )
    set_points_spender: Annotated[PointsSpenderPayload, For(ENTERPRISE), Needs("points:pool")] = mutation(
        answers.set_spender, SetPointsSpenderInput, PointsSpenderPayload, idempotent=True
    )
    set_points_programme: Annotated[PointsProgrammePayload, For(STAFF), Needs("points:rules")] = mutation(
        answers.set_programme, SetPointsProgrammeInput, PointsProgrammePayload, idempotent=True
    )


@strawberry.type
class PointsSubscription:
    """What can be followed of points."""

    points_moved: Annotated[PointsTransfer, For(CONSUMER, ENTERPRISE)] = subscription(
        "points.moved", where=answers.moved
    )
