"""How returns are answered, and what customers and staff may do with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.returns import handling, requesting
from foundation.refusals import Refusal
from resolvers.planner.mutations import Act

Bound = sa.ColumnElement[Any] | None
LINES_MAX = 100


def returns(order_return: sa.FromClause, *, state: Bound = None) -> sa.ColumnElement[bool]:
    """Returns in a state."""
    return sa.true() if state is None else order_return.c.state == state


async def request_return(act: Act, *, order: UUID, lines: Sequence[Mapping[str, Any]], reason: str) -> UUID:
    """See `domain.returns.requesting`; the days are the installation's."""
    return await requesting.request_return(
        act.session,
        act.now,
        act.new_id,
        order_id=order,
        pieces=pieces_of(lines, "lines"),
        reason=reason,
        days_max=act.return_days,
    )


def pieces_of(lines: Sequence[Mapping[str, Any]], field: str) -> dict[UUID, int]:
    """So many pieces by line; a line is named once."""
    if len(lines) > LINES_MAX:
        raise Refusal("TOO_MANY", (field,), max=LINES_MAX)
    found: dict[UUID, int] = {}
    for at, each in enumerate(lines):
        if each["line"] in found:
            raise Refusal("DUPLICATE", (field, at, "line"))
        if not 0 <= each["quantity"] <= 100_000:
            raise Refusal("OUT_OF_RANGE", (field, at, "quantity"), min=0, max=100_000)
        found[each["line"]] = each["quantity"]
    return found


async def approve_return(act: Act, *, order_return: UUID) -> UUID:
    """See `domain.returns.handling`."""
    return await handling.approve_return(act.session, act.now, act.new_id, return_id=order_return)


async def refuse_return(act: Act, *, order_return: UUID, answer: str) -> UUID:
    """See `domain.returns.handling`."""
    return await handling.refuse_return(act.session, act.now, act.new_id, return_id=order_return, answer=answer)


async def receive_return(act: Act, *, order_return: UUID, damaged: Sequence[Mapping[str, Any]] | None = None) -> UUID:
    """See `domain.returns.handling`."""
    broken = pieces_of(damaged or (), "damaged")
    return await handling.receive_return(act.session, act.now, act.new_id, return_id=order_return, damaged=broken)
