"""Identity 统一身份 as clients see it."""

from __future__ import annotations

from typing import Annotated

import strawberry

from resolvers import identity as answers
from resolvers.planner.declare import selected, value
from schema.classification import Classification
from schema.customers import Customer, Employee
from segments.audiences import CUSTOMERS, DIVISION, EVERYONE, GOVERNMENT, MILITARY, STAFF
from segments.marks import For


@For(*EVERYONE)
@value
class Viewer:
    """The person signed in. 当前登录人。"""

    name: str
    email: str
    roles: list[str]
    clearance: Annotated[Classification, For(MILITARY, GOVERNMENT, DIVISION, STAFF)]
    compartments: Annotated[list[str], For(MILITARY, DIVISION, STAFF)]
    customer: Annotated[Customer | None, For(*CUSTOMERS)]
    employee: Annotated[Employee | None, For(STAFF)]


@strawberry.type
class IdentityQuery:
    """Root fields of identity."""

    viewer: Annotated[Viewer | None, For(*EVERYONE)] = selected(answers.viewer)
