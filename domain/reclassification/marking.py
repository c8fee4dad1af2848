"""Markings, and which rows carry a subject's: those that are lowered with it, and those that are raised with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from domain.approvals.tables import ApprovalDecision, ApprovalRequest, ApprovalSigner, ApprovalStep
from domain.programmes.tables import ConfigurationItem, Equipment, EquipmentState, Milestone, PhaseSpan, Programme
from domain.reclassification.tables import Reclassification
from domain.transfer.civil_tables import DeclassificationReview
from domain.transfer.tables import OutcomeOriginal, Screening, ScreeningScore, TechnologyOutcome
from foundation.tables import Table
from segments.classification import Classification, Classified


class Marking(NamedTuple):
    """A degree with compartments."""

    classification: Classification
    compartments: frozenset[str]

    @classmethod
    def of(cls, row: Classified) -> Marking:
        """How a row is marked."""
        return cls(row.classification, frozenset(row.compartments))

    def covers(self, other: Marking) -> bool:
        """Whoever may read what is marked so may read what is marked like the other."""
        return other.classification.rank <= self.classification.rank and other.compartments <= self.compartments

    def joined(self, other: Marking) -> Marking:
        """The least that covers both."""
        higher = max(self.classification, other.classification, key=lambda degree: degree.rank)
        return Marking(higher, self.compartments | other.compartments)


@dataclass(frozen=True)
class Below:
    """Rows that point to a row by a column. `part`: they copy its marking, so they are lowered with it too."""

    column: InstrumentedAttribute[Any]
    part: bool = False

    @property
    def table(self) -> type[Table]:
        """Whose rows they are."""
        return self.column.class_


# What was said about something secret stays as secret as it was (reviews, earlier changes, their signatures), and what is
# a subject of its own is lowered by a request of its own; but all of it is raised with what it is about.
BELOW: dict[type[Table], tuple[Below, ...]] = {
    Programme: (
        Below(PhaseSpan.programme_id, part=True),
        Below(Milestone.programme_id, part=True),
        Below(Equipment.programme_id),
        Below(TechnologyOutcome.programme_id),
        Below(Reclassification.programme_id),
    ),
    Equipment: (
        Below(EquipmentState.equipment_id, part=True),
        Below(ConfigurationItem.equipment_id, part=True),
        Below(Reclassification.equipment_id),
    ),
    TechnologyOutcome: (
        Below(OutcomeOriginal.outcome_id, part=True),
        Below(Screening.outcome_id, part=True),
        Below(DeclassificationReview.outcome_id),
        Below(Reclassification.outcome_id),
    ),
    Screening: (Below(ScreeningScore.screening_id, part=True),),
    DeclassificationReview: (Below(ApprovalRequest.subject_id),),
    Reclassification: (Below(ApprovalRequest.subject_id),),
    ApprovalRequest: (
        Below(ApprovalStep.request_id),
        Below(ApprovalSigner.request_id),
        Below(ApprovalDecision.request_id),
    ),
}

Keys = sa.Select[Any] | Sequence[UUID]


def rows_below(table: type[Table], keys: Keys, *, part: bool = True) -> Iterator[tuple[Below, Keys, bool]]:
    """Every kind of row below some rows, with the keys its column points to, and whether it is a part all the way."""
    for each in BELOW.get(table, ()):
        below_part = part and each.part
        yield each, keys, below_part
        inner = sa.select(each.table.id).where(each.column.in_(keys))
        yield from rows_below(each.table, inner, part=below_part)


async def mark_below(
    session: AsyncSession,
    table: type[Table],
    key: UUID,
    old: Marking,
    new: Marking,
    *,
    keeps: type[Table] | None = None,
) -> int:
    """Mark the rows below a subject anew; returns how many. `keeps`: whose rows are not lowered.

    A part marked like the subject was goes where the subject goes. Whatever else would be less secret than the subject, if
    this is not a plain lowering, becomes at least as secret.
    """
    count = 0
    for each, keys, part in rows_below(table, [key]):
        here = sa.update(each.table).where(each.column.in_(keys)).execution_options(synchronize_session=False)
        if part and not (each.table is keeps and not new.covers(old)):
            same = here.where(*marked(each.table, old))
            count += await changed(session, same.values(**values(new)))
        if not old.covers(new):
            count += await raise_to(session, each.table, here, new)
    return count


async def raise_to(session: AsyncSession, table: Any, here: sa.Update, new: Marking) -> int:
    """Make rows at least as secret as a marking."""
    wanted = array_of(new)
    united = sa.func.array(
        sa.select(
            sa.distinct(sa.func.unnest(table.compartments.op("||")(wanted)).column_valued("name"))
        ).scalar_subquery()
    )
    less = sa.or_(table.classification < new.classification, sa.not_(table.compartments.contains(wanted)))
    raised = here.where(less).values(
        classification=sa.func.greatest(table.classification, new.classification.rank), compartments=united
    )
    return await changed(session, raised)


async def changed(session: AsyncSession, update: sa.Update) -> int:
    """How many rows a statement has changed."""
    return cast("sa.CursorResult[Any]", await session.execute(update)).rowcount


def marked(table: Any, marking: Marking) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition that rows have exactly a marking, in whatever order their compartments stand."""
    wanted = array_of(marking)
    return (
        table.classification == marking.classification,
        table.compartments.contains(wanted),
        table.compartments.contained_by(wanted),
    )


def array_of(marking: Marking) -> sa.ColumnElement[Any]:
    """A marking's compartments in SQL."""
    return sa.literal(sorted(marking.compartments), ARRAY(sa.Text()))


def values(marking: Marking) -> dict[str, Any]:
    """A marking as columns."""
    return {"classification": marking.classification, "compartments": sorted(marking.compartments)}
