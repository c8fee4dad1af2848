"""What a points programme owes 积分负债, and what became of the points it issued, at any past day."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

import strawberry

from domain.points.liability import LiabilityPart
from resolvers import liability as answers
from resolvers.planner.declare import id_of, optional, selected, sql, value
from resolvers.planner.relay import BigInt
from schema.earn_rules import Tier
from schema.money import Money
from schema.points import PointsProgramme
from segments.audiences import STAFF
from segments.marks import For, Needs, publish_enum

LIABILITY = Needs("points:liability")

publish_enum(LiabilityPart, STAFF, name="PointsLiabilityPart")


@For(STAFF)
@LIABILITY
@value
class PointsLiabilityRow:
    """The points of a part of a programme, by state, and what had become of those that were issued. 积分负债明细。

    `owed` is what the outstanding ones, pending, available and held, were worth then, `broken` what the expired ones; those of
    parts add up to those of the whole. `withdrawn` was taken back. `breakage` is the share of what was issued and not
    withdrawn that has expired, 0 to 1. Months are local ones, by their first day; a month of expiry is null for what never
    expires, a tier in a programme without tiers.
    """

    part: LiabilityPart
    tier: Tier | None
    month: dt.date | None
    pending: BigInt
    available: BigInt
    held: BigInt
    debt: BigInt
    outstanding: BigInt
    owed: Money
    issued: BigInt
    withdrawn: BigInt
    redeemed: BigInt
    expired: BigInt
    broken: Money
    breakage: Decimal | None


@For(STAFF)
@LIABILITY
@value
class PointsLiability:
    """What a programme owed at an instant, whole and in parts, whether jobs had come by or not. 积分负债报告。

    So many points, `worthPoints`, were worth so much, `worth`, then.
    """

    at: dt.datetime
    programme: PointsProgramme | None
    worth_points: BigInt
    worth: Money
    whole: PointsLiabilityRow = sql(answers.whole)
    parts: list[PointsLiabilityRow] = sql(answers.parts, most=answers.PARTS_MAX, of=optional(LiabilityPart))


@strawberry.type
class LiabilityQuery:
    """Root fields of the liability of points."""

    points_liability: Annotated[PointsLiability | None, For(STAFF)] = selected(
        answers.liability, programme=optional(id_of("PointsProgramme")), on=optional(dt.date)
    )
