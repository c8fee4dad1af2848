"""Notices 通知 as members read them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.notices import tables
from domain.notices.tables import NoticeKind
from resolvers import notices as answers
from resolvers.planner.declare import listing, optional, python, row, sql
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from segments.audiences import CONSUMER, ENTERPRISE
from segments.marks import For, Needs, Of, publish_enum

if TYPE_CHECKING:
    from schema.orders import Order

MEMBERS = (CONSUMER, ENTERPRISE)
# A notice tells of orders and points, so a program of a company reads it with the scopes of both.
READ = Needs("orders:read", "points:read", by=(ENTERPRISE,))
publish_enum(NoticeKind, *MEMBERS)


@For(*MEMBERS)
@READ
@row(tables.Notice, order=("-at",))
class Notice(Node):
    """Something a member is told; texts are in the reader's language. `readAt` is when the reader read it. 通知。"""

    kind: NoticeKind
    title: str = python(answers.titles, columns=("kind", "values"))
    text: str = python(answers.texts, columns=("kind", "values"))
    at: dt.datetime
    read_at: dt.datetime | None = sql(answers.read_at)
    order: Annotated[Order, strawberry.lazy("schema.orders")] | None


@strawberry.type
class NoticesQuery:
    """Root fields of notices."""

    notices: Annotated[Connection[Notice], For(*MEMBERS)] = listing(answers.notices, unread=optional(bool))


@For(*MEMBERS)
@strawberry.input
class MarkNoticeReadInput:
    """Which notice was read, and whether all earlier ones count as read too. 标为已读。"""

    notice: Annotated[strawberry.ID, Of("Notice")]
    and_earlier: bool = False


@For(*MEMBERS)
@strawberry.type
class NoticePayload:
    """The notice, or why it was not marked. 已读结果。"""

    notice: Notice | None
    errors: list[UserError]


@strawberry.type
class NoticesMutation:
    """Reading notices."""

    mark_notice_read: Annotated[NoticePayload, For(*MEMBERS), READ] = mutation(
        answers.mark_notice_read, MarkNoticeReadInput, NoticePayload
    )
