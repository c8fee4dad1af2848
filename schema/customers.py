"""Customers 客户信息 as clients see them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.customers import tables
from domain.customers.tables import CustomerKind, CustomerStatus, InteractionKind, Segment, TeamRole
from resolvers import customers as answers
from resolvers.planner.declare import Side, by_id, id_of, listing, merged, optional, related, row, selected, sql, value
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from resolvers.planner.subscriptions import subscription
from schema.classification import Classification
from segments.audiences import CONSUMER, CUSTOMERS, DIVISION, ENTERPRISE, EVERYONE, GOVERNMENT, MILITARY, STAFF
from segments.marks import For, Needs, Of, publish_enum

if TYPE_CHECKING:
    from schema.orders import Order
    from schema.points import Membership

SERVED = (MILITARY, GOVERNMENT, ENTERPRISE, STAFF)

publish_enum(Segment, STAFF)
publish_enum(CustomerKind, *CUSTOMERS, STAFF)
publish_enum(CustomerStatus, STAFF)
publish_enum(TeamRole, *SERVED)
publish_enum(InteractionKind, *SERVED)


@For(*EVERYONE)
@row(tables.Region, order=("code",))
class Region(Node):
    """A province or city by its GB/T 2260 code. 行政区划。"""

    code: str
    name: str = sql(answers.display_name)
    parent: Region | None
    cities: Connection[Region]


@For(*SERVED, DIVISION)
@Needs("transfer:read", by=(DIVISION,))
@row(tables.Employee, order=("name",))
class Employee(Node):
    """Somebody of the enterprise. 企业人员。"""

    name: str = sql(answers.display_name)
    title: str
    department: str
    phone: str
    email: str


@For(*SERVED)
@row(tables.Contact, order=("name",))
class Contact(Node):
    """A person at a customer's. 联系人。"""

    name: str
    title: str
    phone: str | None
    email: str | None
    valid_from: dt.date
    valid_until: dt.date | None
    customer: Customer | None


@For(*SERVED)
@row(tables.TeamMember, order=("valid_from",))
class TeamMember(Node):
    """An employee who serves an account. 专属服务团队成员。"""

    role: TeamRole
    valid_from: dt.date
    valid_until: dt.date | None
    employee: Employee | None
    customer: Customer | None


@For(*SERVED)
@row(tables.Participant)
class Participant(Node):
    """Somebody who took part in an interaction. 参与人。"""

    contact: Contact | None
    employee: Employee | None


@For(*SERVED)
@strawberry.interface
class TimelineEntry:
    """Something that happened with a customer. 客户时间线上的一项。"""

    at: dt.datetime
    classification: Classification


@For(*SERVED)
@row(tables.Interaction, order=("-at",))
class Interaction(Node, TimelineEntry):
    """A visit, call, meeting, forum or message. 客户互动。"""

    kind: InteractionKind
    at: dt.datetime
    subject: str
    summary: Annotated[str, For(STAFF)]
    follow_up: Annotated[str | None, For(STAFF)]
    follow_up_on: Annotated[dt.date | None, For(STAFF)]
    followed_up_at: Annotated[dt.datetime | None, For(STAFF)]
    follow_up_overdue: Annotated[bool, For(STAFF)] = sql(answers.follow_up_overdue)
    classification: Classification
    compartments: Annotated[list[str], For(STAFF)]
    customer: Customer | None
    recorded_by: Employee | None
    participants: list[Participant]


@For(STAFF)
@row(tables.SegmentMove, order=("-at",))
class SegmentMove(Node):
    """A customer's move from one segment to another. 客户类别变动记录。"""

    from_segment: Segment
    to_segment: Segment
    reason: str
    at: dt.datetime
    moved_by: Employee | None


@For(STAFF)
@row(tables.SourceSystem, order=("code",))
class SourceSystem(Node):
    """Where facts came from. 来源系统。"""

    code: str
    name: str


@For(STAFF)
@row(tables.ExternalId)
class ExternalId(Node):
    """What another system calls a customer. 外部编号。"""

    value: str
    source_system: SourceSystem | None


@For(*CUSTOMERS, STAFF)
@row(tables.Customer, order=("name",))
class Customer(Node):
    """An organisation or person the enterprise serves. 客户。"""

    kind: CustomerKind
    segment: Annotated[Segment, For(STAFF)]
    name: str = sql(answers.display_name)
    name_zh: Annotated[str, For(STAFF)] = sql(answers.chinese_name)
    name_en: Annotated[str | None, For(STAFF)]
    status: Annotated[CustomerStatus, For(STAFF)]
    unified_code: Annotated[str | None, For(*SERVED)]
    key_account: Annotated[bool, For(STAFF)]
    region: Region | None
    parent: Annotated[Customer | None, For(STAFF)]
    branches: Annotated[Connection[Customer], For(STAFF)]
    contacts: Annotated[Connection[Contact], For(*SERVED)] = related(answers.contacts, on=optional(dt.date))
    team: Annotated[Connection[TeamMember], For(*SERVED)] = related(answers.team, on=optional(dt.date))
    interactions: Annotated[Connection[Interaction], For(*SERVED)]
    open_follow_ups: Annotated[Connection[Interaction], For(STAFF)] = related(answers.open_follow_ups, "interactions")
    orders: Connection[Annotated[Order, strawberry.lazy("schema.orders")]]
    timeline: Annotated[Connection[TimelineEntry], For(*SERVED)] = merged(
        {
            "Interaction": Side(answers.of_customer, answers.at),
            "Order": Side(answers.of_customer, answers.placed_at),
        },
        descending=True,
    )
    contact_days_max: Annotated[int | None, For(STAFF)]
    last_contact_at: Annotated[dt.datetime | None, For(STAFF)] = sql(answers.last_contact_at)
    contact_overdue: Annotated[bool, For(STAFF)] = sql(answers.contact_overdue)
    contact_due_at: Annotated[dt.datetime | None, For(STAFF)] = sql(answers.contact_due_at)
    contact_overdue_days: Annotated[int, For(STAFF)] = sql(answers.contact_overdue_days)
    memberships: Annotated[
        list[Annotated[Membership, strawberry.lazy("schema.points")]], For(CONSUMER, ENTERPRISE, STAFF)
    ]
    external_ids: Annotated[list[ExternalId], For(STAFF)]
    segment_moves: Annotated[Connection[SegmentMove], For(STAFF)]
    classification: Annotated[Classification, For(*SERVED)]
    compartments: Annotated[list[str], For(STAFF)]
    version: Annotated[int, For(STAFF)]
    created_at: Annotated[dt.datetime, For(STAFF)]
    updated_at: Annotated[dt.datetime, For(STAFF)]


@For(STAFF)
@strawberry.input
class CustomerFilter:
    """Which customers to list; a province stands for its cities too, `mine` for the viewer's accounts. 客户筛选条件。"""

    text: str | None = None
    segment: Segment | None = None
    status: CustomerStatus | None = None
    region: Annotated[strawberry.ID | None, Of("Region")] = None
    key_accounts: bool | None = None
    overdue: bool | None = None
    mine: bool | None = None


@For(STAFF)
@value
class SegmentCount:
    """How many customers a segment has. 各类客户数量。"""

    segment: Segment
    customers: int
    key_accounts: int
    overdue: int


@strawberry.type
class CustomersQuery:
    """Root fields of customers."""

    customer: Annotated[Customer | None, For(*CUSTOMERS, STAFF)] = by_id()
    customers: Annotated[Connection[Customer], For(STAFF)] = listing(answers.customers, filter=optional(CustomerFilter))
    segment_counts: Annotated[list[SegmentCount], For(STAFF)] = selected(answers.segment_counts)
    regions: Annotated[Connection[Region], For(*CUSTOMERS, STAFF)] = listing(
        answers.regions, parent=optional(id_of("Region"))
    )
    interactions: Annotated[Connection[Interaction], For(STAFF)] = listing(
        answers.logged_of, customer=optional(id_of("Customer"))
    )
    follow_ups: Annotated[Connection[Interaction], For(STAFF)] = merged(
        {"Interaction": Side(answers.follow_ups, answers.follow_up_due)}, mine=optional(bool)
    )
    employees: Annotated[Connection[Employee], For(DIVISION, STAFF)] = listing(answers.employees, text=optional(str))


@For(STAFF)
@strawberry.input
class LogInteractionInput:
    """What was said with a customer. Participants are the customer's contacts and our employees. 登记客户互动。"""

    customer: Annotated[strawberry.ID, Of("Customer")]
    kind: InteractionKind
    at: dt.datetime
    subject: str
    summary: str
    contacts: Annotated[list[strawberry.ID] | None, Of("Contact")] = strawberry.UNSET
    employees: Annotated[list[strawberry.ID] | None, Of("Employee")] = strawberry.UNSET
    follow_up: str | None = strawberry.UNSET
    follow_up_on: dt.date | None = strawberry.UNSET
    classification: Classification | None = strawberry.UNSET
    compartments: list[str] | None = strawberry.UNSET


@For(STAFF)
@strawberry.type
class InteractionPayload:
    """The interaction as it is now, or why nothing was changed. 登记结果。"""

    interaction: Interaction | None
    errors: list[UserError]


@For(STAFF)
@strawberry.input
class CompleteFollowUpInput:
    """Which interaction's follow-up has been done. 完成后续事项。"""

    interaction: Annotated[strawberry.ID, Of("Interaction")]


@For(STAFF)
@strawberry.input
class UpdateCustomerInput:
    """What to change of a customer; what is left out stays. `version` is the one you have seen. 修改客户资料。"""

    customer: Annotated[strawberry.ID, Of("Customer")]
    version: int
    name: str | None = strawberry.UNSET
    name_en: str | None = strawberry.UNSET
    status: CustomerStatus | None = strawberry.UNSET
    region: Annotated[strawberry.ID | None, Of("Region")] = strawberry.UNSET
    key_account: bool | None = strawberry.UNSET
    contact_days_max: int | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class TeamPlaceInput:
    """An employee in a role. 团队成员。"""

    employee: Annotated[strawberry.ID, Of("Employee")]
    role: TeamRole


@For(STAFF)
@strawberry.input
class AssignAccountTeamInput:
    """The whole team of an account from a day on; who is not named ends that day. 指定服务团队。"""

    customer: Annotated[strawberry.ID, Of("Customer")]
    valid_from: dt.date
    members: list[TeamPlaceInput]


@For(STAFF)
@strawberry.input
class MoveSegmentInput:
    """Where a customer moves, and why. 变更客户类别。"""

    customer: Annotated[strawberry.ID, Of("Customer")]
    to_segment: Segment
    reason: str


@For(STAFF)
@strawberry.type
class CustomerPayload:
    """The customer as it is now, or why nothing was changed. 变更结果。"""

    customer: Customer | None
    errors: list[UserError]


@strawberry.type
class CustomersMutation:
    """Changes of customers."""

    log_interaction: Annotated[InteractionPayload, For(STAFF), Needs("interactions:write")] = mutation(
        answers.log_interaction, LogInteractionInput, InteractionPayload
    )
    complete_follow_up: Annotated[InteractionPayload, For(STAFF), Needs("interactions:write")] = mutation(
        answers.complete_follow_up, CompleteFollowUpInput, InteractionPayload
    )
    update_customer: Annotated[CustomerPayload, For(STAFF), Needs("customers:write")] = mutation(
        answers.update_customer, UpdateCustomerInput, CustomerPayload
    )
    assign_account_team: Annotated[CustomerPayload, For(STAFF), Needs("customers:write")] = mutation(
        answers.assign_account_team, AssignAccountTeamInput, CustomerPayload
    )
    move_segment: Annotated[CustomerPayload, For(STAFF), Needs("customers:move")] = mutation(
        answers.move_segment, MoveSegmentInput, CustomerPayload
    )


@strawberry.type
class CustomersSubscription:
    """Subscriptions of customers."""

    interaction_logged: Annotated[Interaction, For(*SERVED)] = subscription(
        "interaction.logged", where=answers.logged_of, customer=optional(id_of("Customer"))
    )
