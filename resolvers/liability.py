"""How a programme's liability is answered: its rows are reckoned once (`domain.points.liability`), and told in parts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by, array

from domain.cart.checkout import PROGRAMME
from domain.points.liability import REPORT, LiabilityPart, report
from domain.points.tables import PointsProgramme
from resolvers.planner.declare import NOW
from resolvers.planner.sqljson import literal

Bound = sa.ColumnElement[Any] | None
Selected = sa.Select[*tuple[Any, ...]]
INSTANT = sa.DateTime(timezone=True)
# Tiers and months of a century.
PARTS_MAX = 3_000


def liability(*, place: str, programme: Bound = None, on: Bound = None) -> Selected:
    """The report on a programme, the shop's unless told, at the end of a local day, or now; a day to come is refused."""
    owner = PointsProgramme.__table__.alias("owner")
    which = owner.c.code == literal(PROGRAMME) if programme is None else owner.c.id == programme
    told_at = array([literal(place), literal("on")])
    day = sa.null() if on is None else on
    # It stands among the tables, so that it is called once.
    called = sa.func.points_liability_instant(owner.c.id, sa.cast(day, sa.Date()), NOW, told_at)
    instant = called.table_valued(sa.column("at", INSTANT), name="instant").render_derived().lateral()
    joined = owner.join(instant, sa.true())
    found = sa.select(owner.c.id, instant.c.at).select_from(joined).where(which).subquery("found")
    rows = report(found.c.id, found.c.at).lateral("rows")
    as_json = sa.func.to_jsonb(sa.literal_column('"rows"', JSONB()), type_=JSONB())
    made: Selected = (
        sa.select(
            found.c.id.label("programme_id"),
            found.c.at,
            sa.func.min(rows.c.worth_points).label("worth_points"),
            sa.func.min(rows.c.worth_amount).label("worth_amount"),
            sa.func.min(rows.c.currency).label("worth_currency"),
            sa.func.jsonb_agg(aggregate_order_by(as_json, rows.c.number), type_=JSONB()).label("rows"),
        )
        .select_from(found.join(rows, sa.true()))
        .group_by(found.c.id, found.c.at)
    )
    return made


def parts(told: sa.FromClause, *, of: Bound = None) -> Selected:
    """The rows of the report, or those of one kind."""
    row = sa.func.jsonb_to_recordset(told.c.rows).table_valued(*REPORT).render_derived("part", with_types=True)
    stayed = row.c.pending + row.c.available + row.c.held + row.c.redeemed + row.c.expired
    share = sa.cast(row.c.expired, sa.Numeric()) / sa.func.nullif(stayed, sa.literal_column("0"))
    outstanding = row.c.pending + row.c.available + row.c.held
    made: Selected = sa.select(
        row,
        outstanding.label("outstanding"),
        (row.c.issued - stayed).label("withdrawn"),
        sa.func.round(share, sa.literal_column("4"), type_=sa.Numeric()).label("breakage"),
        row.c.currency.label("owed_currency"),
        row.c.currency.label("broken_currency"),
    ).order_by(row.c.number)
    return made if of is None else made.where(row.c.part == of)


def whole(told: sa.FromClause) -> Selected:
    """The row of the report that tells of everything."""
    return parts(told, of=literal(LiabilityPart.WHOLE.value))
