"""The audit log as its administrator sees it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import strawberry

from domain.audit import tables
from domain.audit.tables import AuditKind
from resolvers import audit as answers
from resolvers.planner.declare import listing, optional, row, sql
from resolvers.planner.relay import Connection, Node
from segments.audiences import STAFF
from segments.marks import For, Needs, publish_enum

READ = Needs("audit:read")
publish_enum(AuditKind, STAFF)


@For(STAFF)
@READ
@row(tables.AuditEvent, order=("-at",))
class AuditEvent(Node):
    """Who read or changed what, who signed in, who was refused: an entry that nobody edits. 审计记录。"""

    at: dt.datetime
    day: dt.date
    stripe: int
    sequence: int
    kind: AuditKind
    person_id: strawberry.ID | None
    person_name: str | None = sql(answers.person_name)
    client_id: str | None
    audience: str | None
    operation: str | None
    document: str | None
    subjects: list[str] = sql(answers.subject_keys)
    details: str


@For(STAFF)
@strawberry.input
class AuditFilter:
    """Which entries to list. 审计记录筛选条件。"""

    kind: AuditKind | None = None
    day: dt.date | None = None
    person: str | None = None
    client: str | None = None
    subject: str | None = None


@strawberry.type
class AuditQuery:
    """Root fields of audit."""

    audit_events: Annotated[Connection[AuditEvent], For(STAFF)] = listing(
        answers.audit_events, filter=optional(AuditFilter)
    )
