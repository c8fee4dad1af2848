"""Markings, and that PostgreSQL's triggers know the same rows below a subject as the rules do."""

from __future__ import annotations

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from domain.programmes.tables import Equipment, Programme
from domain.reclassification.marking import BELOW, Marking
from domain.transfer.tables import TechnologyOutcome
from foundation.tables import Table
from segments.classification import Classification

MARKINGS = st.builds(Marking, st.sampled_from(Classification), st.frozensets(st.sampled_from(["QL-7", "LS-3", "XJ-4"])))
SUBJECTS = (Programme, Equipment, TechnologyOutcome)


@given(MARKINGS, MARKINGS, MARKINGS)
def test_a_join_is_the_least_marking_that_covers_both(one: Marking, other: Marking, third: Marking) -> None:
    both = one.joined(other)
    assert both.covers(one)
    assert both.covers(other)
    if third.covers(one) and third.covers(other):
        assert third.covers(both)
    assert (both == one) == one.covers(other)


def steps_up(table: type[Table], *, parts: bool, first: bool = True) -> set[str]:
    """The columns that lead from a row of a table to its subjects; `parts`: only to those it is a part of."""
    found: set[str] = set()
    for above, edges in BELOW.items():
        for edge in edges:
            if edge.table is table and (edge.part or not parts):
                prefix = "" if first else f"{table.__tablename__}."
                found |= {f"{prefix}{edge.column.key}"} | steps_up(above, parts=parts, first=False)
    return found


async def test_the_triggers_know_the_same_rows(session: AsyncSession) -> None:
    rows = await session.execute(
        sa.text("select tgrelid::regclass::text, tgargs from pg_trigger where tgname = 'two_people'")
    )
    known = {name: bytes(args).decode().split("\0")[:-1] for name, args in rows if args}
    tables: set[type[Table]] = {*SUBJECTS, *(edge.table for edges in BELOW.values() for edge in edges)}
    assert set(known) == {table.__tablename__ for table in tables}
    for table in tables:
        steps = known[table.__tablename__]
        bar = steps.index("|") if "|" in steps else len(steps)
        own = {"id"} if table in SUBJECTS else set[str]()
        assert set(steps[:bar]) == own | steps_up(table, parts=True), table
        assert set(steps[:bar]) | set(steps[bar + 1 :]) == own | steps_up(table, parts=False), table
