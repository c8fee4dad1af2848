"""Checks that rules of several capabilities make on what they are given; each refuses with a code and the path."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.refusals import Refusal
from foundation.tables import Table
from segments.classification import Classification
from segments.installation import Installation
from segments.viewer import Viewer

T = TypeVar("T", bound=Table)


async def existing(session: AsyncSession, table: type[T], key: UUID, field: str, *, lock: bool = False) -> T:
    """The row of a key, if the viewer may see it; a hidden row is refused like one that is not there."""
    query = sa.select(table).where(table.id == key)
    found = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise Refusal("NOT_FOUND", (field,))
    return found


async def each_existing(
    session: AsyncSession,
    table: type[T],
    keys: Sequence[UUID],
    path: tuple[str, str],
    *conditions: sa.ColumnElement[bool],
) -> None:
    """Refuse the first key without a row that the viewer sees and for which the conditions hold.

    `path`: the list of the input, and the member of its objects that holds the key.
    """
    query = sa.select(table.id).where(table.id.in_(keys), *conditions)
    found = set(await session.scalars(query)) if keys else set[UUID]()
    for at, key in enumerate(keys):
        if key not in found:
            raise Refusal("NOT_FOUND", (path[0], at, path[1]))


def text_of(value: str, field: str, length_max: int) -> str:
    """The text without surrounding space; neither empty nor too long."""
    trimmed = value.strip()
    if not trimmed:
        raise Refusal("EMPTY", (field,))
    if len(trimmed) > length_max:
        raise Refusal("TOO_LONG", (field,), max=length_max)
    return trimmed


def not_in_future(at: dt.datetime, now: dt.datetime, field: str) -> dt.datetime:
    """An instant that has come, with a time zone."""
    if at.tzinfo is None:
        raise Refusal("TIME_WITHOUT_ZONE", (field,))
    if at > now:
        raise Refusal("IN_FUTURE", (field,))
    return at


async def may_classify(
    session: AsyncSession,
    viewer: Viewer,
    classification: Classification,
    compartments: Collection[str],
    at_least: tuple[Classification, Collection[str]],
) -> None:
    """A degree and compartments that the viewer holds, that the installation stores, and not below what they rest on."""
    if classification.rank > viewer.clearance.rank:
        raise Refusal("ABOVE_CLEARANCE", ("classification",))
    if not viewer.compartments.issuperset(compartments):
        raise Refusal("OUTSIDE_COMPARTMENTS", ("compartments",))
    ceiling = await session.scalar(sa.select(Installation.ceiling))
    if ceiling is None or classification.rank > ceiling.rank:
        raise Refusal("ABOVE_CEILING", ("classification",))
    degree, needed = at_least
    if classification.rank < degree.rank or not set(needed) <= set(compartments):
        raise Refusal("BELOW_SUBJECT", ("classification",))
