"""Tables of a small schema that has what the platform's own does not have yet: orders with nulls in them, mixed and both ways."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any, ClassVar

import sqlalchemy as sa
import strawberry
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from foundation.database import Database, connect
from foundation.tables import TEXT, Table, labels
from segments.audiences import EVERYONE, STAFF
from segments.classification import Classified
from segments.marks import For
from segments.policies import ANYBODY, SYSTEM, Rows, any_of, policy_statements


class Odd(DeclarativeBase):
    """A base of its own, so that these tables are none of the platform's."""

    type_annotation_map: ClassVar[dict[Any, Any]] = Table.type_annotation_map
    __rows__: ClassVar[Any]

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


@For(*EVERYONE)
@strawberry.enum
class Mood(enum.Enum):
    """How somebody felt; one value is for staff alone."""

    CALM = "CALM"
    ANGRY = "ANGRY"
    SECRETLY_GLAD = strawberry.enum_value("SECRETLY_GLAD", directives=[For(STAFF)])


class Author(Odd):
    """Whoever writes, ordered by a truth that may be unknown and then by a name that may be."""

    __tablename__ = "odd_author"
    __rows__ = Rows(ANYBODY, SYSTEM, classified=False)

    famous: Mapped[bool | None]
    alias: Mapped[str | None]
    mood: Mapped[Mood | None] = mapped_column(labels(Mood, "mood"))
    country: Mapped[str]
    number: Mapped[int]
    notes: Mapped[list[Note]] = relationship(lazy="raise", back_populates="author")
    pictures: Mapped[list[Picture]] = relationship(lazy="raise", back_populates="author")


class Note(Classified, Odd):
    """Ordered by day, latest first, then by rank, lowest first; both may be missing."""

    __tablename__ = "odd_note"
    __rows__ = Rows(any_of(ANYBODY, SYSTEM))

    author_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("odd_author.id"))
    due_on: Mapped[dt.date | None]
    rank: Mapped[int | None]
    title: Mapped[str]
    hits: Mapped[int]
    words: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    fee_amount: Mapped[int | None]
    fee_currency: Mapped[str | None]
    author: Mapped[Author] = relationship(lazy="raise", back_populates="notes")


class Picture(Classified, Odd):
    """Ordered by a single instant that may be missing."""

    __tablename__ = "odd_picture"
    __rows__ = Rows(any_of(ANYBODY, SYSTEM))

    author_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("odd_author.id"))
    taken_at: Mapped[dt.datetime | None]
    title: Mapped[str]
    author: Mapped[Author | None] = relationship(lazy="raise", back_populates="pictures")


TABLES = (Author, Note, Picture)


async def create(database: Database) -> None:
    """Make the tables and put their row policies in force, as migrations do."""
    owner = await connect(database.addresses.owner)
    try:
        for model in TABLES:
            table: Any = model.__table__
            made = sa.schema.CreateTable(table).compile(dialect=postgresql.dialect())
            for statement in (str(made), *policy_statements(table, model.__rows__)):
                await owner.execute(statement)
    finally:
        await owner.close()
