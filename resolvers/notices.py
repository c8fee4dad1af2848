"""How notices are answered: their texts in the reader's language, which are listed, and reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.notices import notifying
from domain.notices.tables import NoticeKind, NoticeRead
from foundation.language import Language, translate
from resolvers.planner.declare import CUSTOMER, PERSON
from resolvers.planner.mutations import Act
from segments.viewer import Viewer

Bound = sa.ColumnElement[Any] | None
Rows = Sequence[Sequence[Any]]


def _texts(part: str, viewer: Viewer, rows: Rows) -> list[str]:
    # An enum's label or its member: which of them a row holds is the planner's affair.
    return [
        translate(
            f"notice.{NoticeKind(getattr(kind, 'value', kind)).value}.{part}",
            viewer.language,
            **said(values, viewer.language),
        )
        for kind, values in rows
    ]


def said(values: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """What fills a text: of a value that has an English one too, such as `name` and `name_en`, the reader's."""
    if language == "zh":
        return dict(values)
    return {name: values.get(f"{name}_en") or value for name, value in values.items()}


def titles(viewer: Viewer, rows: Rows) -> list[str]:
    """What a notice is about."""
    return _texts("title", viewer, rows)


def texts(viewer: Viewer, rows: Rows) -> list[str]:
    """What a notice says."""
    return _texts("text", viewer, rows)


def notices(notice: sa.FromClause, *, unread: Bound = None) -> sa.ColumnElement[bool]:
    """The viewer's own notices, all or by whether they were read."""
    own = notice.c.customer_id == CUSTOMER
    return own if unread is None else sa.and_(own, ~sa.exists(when_read(notice)) == unread)


def when_read(notice: sa.FromClause) -> sa.Select[tuple[Any]]:
    """When the viewer has read a notice, which programs never do."""
    mark = NoticeRead.__table__.alias()
    mine = sa.select(mark.c.read_at).where(mark.c.notice_id == notice.c.id, mark.c.person_id == PERSON)
    return mine.correlate(notice)


def read_at(notice: sa.FromClause) -> sa.ColumnElement[Any]:
    """The same as a value; null where they have not."""
    return when_read(notice).scalar_subquery()


async def mark_notice_read(act: Act, *, notice: UUID, and_earlier: bool = False) -> UUID:
    """See `domain.notices.notifying`."""
    return await notifying.mark_read(
        act.session, act.viewer, act.now, act.new_id, notice_id=notice, and_earlier=and_earlier
    )
