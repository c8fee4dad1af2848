"""How screenings are answered, and their acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.transfer import screenings
from domain.transfer.tables import ScreeningSheet
from resolvers.customers import localised
from resolvers.planner.mutations import Act

Bound = sa.ColumnElement[Any] | None


def name(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(source)


def name_zh(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name as it is kept, whatever the viewer's language: what an editor changes."""
    return source.c.name


def sheets(sheet: sa.FromClause, *, latest: Bound = None) -> sa.ColumnElement[bool]:
    """Sheets; the latest is in force."""
    if latest is None:
        return sa.true()
    newer = ScreeningSheet.__table__.alias()
    later = sa.select(newer.c.id).where(newer.c.version > sheet.c.version)
    return sa.not_(later.correlate(sheet).exists()) == latest


async def publish_sheet(
    act: Act, *, name: str, pass_mark: int, criteria: Sequence[Mapping[str, Any]], name_en: str | None = None
) -> UUID:
    """See `domain.transfer.screenings`."""
    return await screenings.publish_sheet(
        act.session, act.now, act.new_id, name=name, name_en=name_en, pass_mark=pass_mark, criteria=criteria
    )


async def screen_outcome(
    act: Act, *, outcome: UUID, version: int, scores: Sequence[Mapping[str, Any]], remark: str | None = None
) -> UUID:
    """See `domain.transfer.screenings`."""
    return await screenings.screen_outcome(
        act.session, act.viewer, act.now, act.new_id, outcome_id=outcome, version=version, scores=scores, remark=remark
    )
