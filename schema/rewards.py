"""Rewards 积分兑换 as members and staff see them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import strawberry

from domain.rewards import tables
from domain.rewards.tables import RedemptionStatus, RewardKind
from resolvers import rewards as answers
from resolvers.planner.declare import listing, optional, row, sql
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import BigInt, Connection, Node
from schema.customers import Customer
from schema.vouchers import Coupon, Voucher
from segments.audiences import CONSUMER, ENTERPRISE, STAFF
from segments.marks import For, Needs, Of, publish_enum

MEMBERS = (CONSUMER, ENTERPRISE)
MANAGE = Needs("rewards:manage", by=(STAFF,))
# A redemption spends points, and its end gives them back: a program that may not spend does neither.
SPEND = Needs("points:spend", by=MEMBERS)
publish_enum(RewardKind, *MEMBERS, STAFF)
publish_enum(RedemptionStatus, *MEMBERS, STAFF, name="RewardRedemptionStatus")


@For(*MEMBERS, STAFF)
@row(tables.Reward, order=("points",))
class Reward(Node):
    """Something a member gets for points. 兑换礼遇。"""

    code: Annotated[str, For(STAFF)]
    name: str = sql(answers.name)
    kind: RewardKind
    points: BigInt
    stock: int | None
    tier_name: str | None = sql(answers.tier_name)
    coupon: Annotated[Coupon | None, For(STAFF)]
    voucher_days: int | None
    offered: bool = sql(answers.offered)
    valid_until: dt.datetime | None
    ended_at: Annotated[dt.datetime | None, For(STAFF)]
    version: Annotated[int, For(STAFF)]


@For(*MEMBERS, STAFF)
@MANAGE
@row(tables.RewardRedemption, order=("-redeemed_at",))
class RewardRedemption(Node):
    """A reward that a member got. 兑换记录。"""

    reward: Reward | None
    voucher: Annotated[Voucher | None, For(*MEMBERS)]
    customer: Annotated[Customer | None, For(STAFF)]
    points: BigInt
    status: RedemptionStatus
    redeemed_at: dt.datetime
    ended_at: dt.datetime | None


@strawberry.type
class RewardsQuery:
    """Root fields of rewards."""

    rewards: Annotated[Connection[Reward], For(*MEMBERS, STAFF)] = listing(answers.rewards, offered=optional(bool))
    reward_redemptions: Annotated[Connection[RewardRedemption], For(*MEMBERS, STAFF)] = listing(
        answers.redemptions, waiting=optional(bool)
    )


@For(*MEMBERS)
@strawberry.input
class RedeemRewardInput:
    """Which reward the viewer's points are spent on. 兑换礼遇。"""

    reward: Annotated[strawberry.ID, Of("Reward")]


@For(*MEMBERS, STAFF)
@strawberry.input
class RewardRedemptionInput:
    """Which redemption is meant. 兑换记录。"""

    redemption: Annotated[strawberry.ID, Of("RewardRedemption")]


@For(*MEMBERS, STAFF)
@strawberry.type
class RewardRedemptionPayload:
    """The redemption as it is now, or why nothing was changed. 兑换结果。"""

    redemption: RewardRedemption | None
    errors: list[UserError]


@For(STAFF)
@strawberry.input
class OfferRewardInput:
    """A new reward from now on: a voucher of a personal coupon, or goods. 发布礼遇。"""

    programme_code: str
    code: str
    name: str
    name_en: str | None = strawberry.UNSET
    points: int
    stock: int | None = strawberry.UNSET
    tier_code: str | None = strawberry.UNSET
    coupon: Annotated[strawberry.ID | None, Of("Coupon")] = strawberry.UNSET
    voucher_days: int | None = strawberry.UNSET
    valid_until: dt.datetime | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class EndRewardInput:
    """Which reward is taken out of the catalogue. 下架礼遇。"""

    reward: Annotated[strawberry.ID, Of("Reward")]
    version: int


@For(STAFF)
@strawberry.type
class RewardPayload:
    """The reward as it is now, or why nothing was changed. 礼遇结果。"""

    reward: Reward | None
    errors: list[UserError]


@strawberry.type
class RewardsMutation:
    """What members and staff do with rewards."""

    redeem_reward: Annotated[RewardRedemptionPayload, For(*MEMBERS), SPEND] = mutation(
        answers.redeem_reward, RedeemRewardInput, RewardRedemptionPayload, idempotent=True
    )
    cancel_redemption: Annotated[RewardRedemptionPayload, For(*MEMBERS, STAFF), SPEND, MANAGE] = mutation(
        answers.cancel_redemption, RewardRedemptionInput, RewardRedemptionPayload, idempotent=True
    )
    hand_over_reward: Annotated[RewardRedemptionPayload, For(STAFF), MANAGE] = mutation(
        answers.hand_over_reward, RewardRedemptionInput, RewardRedemptionPayload, idempotent=True
    )
    offer_reward: Annotated[RewardPayload, For(STAFF), MANAGE] = mutation(
        answers.offer_reward, OfferRewardInput, RewardPayload
    )
    end_reward: Annotated[RewardPayload, For(STAFF), MANAGE] = mutation(
        answers.end_reward, EndRewardInput, RewardPayload
    )
