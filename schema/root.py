"""The roots of the schema and the master that every audience's view is cut from."""

from __future__ import annotations

from typing import Annotated

import strawberry

from resolvers.planner.declare import node, nodes
from resolvers.planner.master import PlannedSchema
from resolvers.planner.relay import Node
from schema.adjustments import AdjustmentsMutation, AdjustmentsQuery
from schema.approvals import ApprovalsMutation, ApprovalsQuery
from schema.audit import AuditQuery
from schema.cart import CartMutation, CartQuery
from schema.clients import ClientsMutation, ClientsQuery
from schema.customers import CustomersMutation, CustomersQuery, CustomersSubscription
from schema.earn_rules import EarnRulesMutation, EarnRulesQuery
from schema.identity import IdentityQuery
from schema.liability import LiabilityQuery
from schema.notices import NoticesMutation, NoticesQuery
from schema.orders import OrdersMutation, OrdersQuery, OrdersSubscription
from schema.payments import PaymentsMutation, PaymentsQuery
from schema.points import PointsMutation, PointsQuery, PointsSubscription
from schema.programmes import ProgrammesMutation, ProgrammesQuery, ProgrammesSubscription
from schema.reclassification import ReclassificationMutation, ReclassificationQuery
from schema.returns import ReturnsMutation, ReturnsQuery
from schema.rewards import RewardsMutation, RewardsQuery
from schema.shop import ShopQuery
from schema.stores import StoresMutation, StoresQuery
from schema.till import TillMutation
from schema.transfer.outcomes import OutcomesMutation, OutcomesQuery
from schema.transfer.projects import ProjectsMutation, ProjectsQuery
from schema.transfer.reviews import ReviewsMutation, ReviewsQuery
from schema.transfer.screenings import ScreeningsMutation, ScreeningsQuery
from schema.vouchers import VouchersMutation, VouchersQuery
from segments.audiences import EVERYONE
from segments.marks import For


@strawberry.type
class Query(
    IdentityQuery,
    ClientsQuery,
    CustomersQuery,
    ShopQuery,
    CartQuery,
    OrdersQuery,
    PaymentsQuery,
    ReturnsQuery,
    PointsQuery,
    EarnRulesQuery,
    LiabilityQuery,
    ProgrammesQuery,
    ApprovalsQuery,
    OutcomesQuery,
    ScreeningsQuery,
    ReviewsQuery,
    ProjectsQuery,
    ReclassificationQuery,
    AuditQuery,
    NoticesQuery,
    VouchersQuery,
    RewardsQuery,
    AdjustmentsQuery,
    StoresQuery,
):
    """What can be read. 查询。"""

    node: Annotated[Node | None, For(*EVERYONE)] = node()
    nodes: Annotated[list[Node | None], For(*EVERYONE)] = nodes()


@strawberry.type
class Mutation(
    ClientsMutation,
    CustomersMutation,
    CartMutation,
    OrdersMutation,
    PointsMutation,
    EarnRulesMutation,
    ProgrammesMutation,
    ApprovalsMutation,
    OutcomesMutation,
    ScreeningsMutation,
    ReviewsMutation,
    ProjectsMutation,
    ReclassificationMutation,
    PaymentsMutation,
    ReturnsMutation,
    NoticesMutation,
    VouchersMutation,
    RewardsMutation,
    AdjustmentsMutation,
    StoresMutation,
    TillMutation,
):
    """What can be changed. 变更。"""


@strawberry.type
class Subscription(CustomersSubscription, OrdersSubscription, PointsSubscription, ProgrammesSubscription):
    """What can be followed as it happens. 订阅。"""


MASTER = PlannedSchema(query=Query, mutation=Mutation, subscription=Subscription)
