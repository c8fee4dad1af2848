"""A schema with every way of answering that the planner knows, some of which the platform's own does not use yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any

import sqlalchemy as sa
import strawberry

from resolvers.planner.declare import (
    LANGUAGE,
    Side,
    by_id,
    by_key,
    listing,
    merged,
    node,
    nodes,
    optional,
    python,
    related,
    row,
    selected,
    sql,
    value,
)
from resolvers.planner.master import PlannedSchema
from resolvers.planner.relay import BigInt, Connection, Node
from resolvers.planner.sqljson import literal
from schema.money import Money
from segments.audiences import CONSUMER, EVERYONE, STAFF
from segments.marks import For, Of
from segments.viewer import Viewer
from tests.resolvers.planner.odd import tables
from tests.resolvers.planner.odd.tables import Mood

Bound = sa.ColumnElement[Any] | None

CALLS: list[int] = []  # how many rows each call of `loud` was asked about


def loud(viewer: Viewer, rows: Sequence[Sequence[Any]]) -> list[str]:
    """Titles as Python shouts them, for all rows of an answer at once."""
    CALLS.append(len(rows))
    return [f"{title.upper()}! {rank} {viewer.language}" for title, rank in rows]


def notes_of(
    note: sa.FromClause,
    *,
    words: Bound = None,
    rank_from: Bound = None,
    rank_to: Bound = None,
    authors: Bound = None,
    moods: Bound = None,
    hits: Bound = None,
) -> sa.ColumnElement[bool]:
    """Notes by all of some words, a range of ranks, some authors, moods of authors, and hits."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if words is not None:
        conditions.append(note.c.words.contains(sa.type_coerce(words, note.c.words.type)))
    if rank_from is not None:
        conditions.append(note.c.rank >= rank_from)
    if rank_to is not None:
        conditions.append(note.c.rank < rank_to)
    if authors is not None:
        conditions.append(note.c.author_id == sa.any_(sa.type_coerce(authors, sa.ARRAY(sa.Uuid()))))
    if moods is not None:
        author = tables.Author.__table__.alias()
        mood = sa.select(author.c.mood).where(author.c.id == note.c.author_id).correlate(note).scalar_subquery()
        conditions.append(sa.type_coerce(mood, sa.Text()) == sa.any_(sa.type_coerce(moods, sa.ARRAY(sa.Text()))))
    if hits is not None:
        conditions.append(note.c.hits >= hits)
    return sa.and_(*conditions)


def titled(source: sa.FromClause, *, text: Bound = None, of: sa.FromClause | None = None) -> sa.ColumnElement[bool]:
    """What has a text in its title, of one author or of anybody."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if text is not None:
        conditions.append(sa.func.strpos(source.c.title, text) > 0)
    if of is not None:
        conditions.append(source.c.author_id == of.c.id)
    return sa.and_(*conditions)


def title_keys(source: sa.FromClause) -> Sequence[sa.ColumnElement[Any]]:
    """Short titles first, then by the alphabet."""
    return (sa.type_coerce(sa.func.length(source.c.title), sa.BigInteger()), source.c.title)


def at_day(note: sa.FromClause) -> Sequence[sa.ColumnElement[Any]]:
    """A note's day."""
    return (sa.func.coalesce(note.c.due_on, sa.literal_column("date '9999-12-31'", sa.Date())),)


def taken_on(picture: sa.FromClause) -> Sequence[sa.ColumnElement[Any]]:
    """A picture's day."""
    day = sa.cast(sa.func.timezone(literal("UTC"), picture.c.taken_at), sa.Date())
    return (sa.func.coalesce(day, sa.literal_column("date '9999-12-31'", sa.Date())),)


def of_author(author: sa.FromClause, *, at_least: Bound = None) -> sa.Select[Any]:
    """An author's notes by rank."""
    note = tables.Note.__table__.alias()
    counts: sa.Select[Any] = (
        sa.select(note.c.rank, sa.func.count().label("notes"), note.c.author_id)
        .where(note.c.author_id == author.c.id)
        .group_by(note.c.rank, note.c.author_id)
        .order_by(note.c.rank.nulls_first())
    )
    return counts if at_least is None else counts.having(sa.func.count() >= at_least)


def longest(author: sa.FromClause) -> sa.Select[Any]:
    """An author's longest title, if any."""
    note = tables.Note.__table__.alias()
    found: sa.Select[Any] = (
        sa.select(note.c.title, sa.func.length(note.c.title).label("letters"))
        .where(note.c.author_id == author.c.id)
        .order_by(sa.func.length(note.c.title).desc(), note.c.id)
        .limit(sa.bindparam(None, 1, sa.BigInteger()))
    )
    return found


def label(author: sa.FromClause, *, before: Bound = None) -> sa.ColumnElement[str]:
    """A text made of an argument, the viewer's language and a column."""
    parts = (literal("?") if before is None else before, LANGUAGE, sa.func.coalesce(author.c.alias, literal("-")))
    return sa.func.concat_ws(literal("/"), *parts, type_=sa.Text())


def everybody(_: sa.FromClause) -> sa.ColumnElement[bool]:
    """All of them."""
    return sa.true()


@For(*EVERYONE)
@strawberry.interface
class Titled:
    """Something with a title."""

    title: str


@For(*EVERYONE)
@value
class RankCount:
    """How many notes of a rank an author has."""

    rank: int | None
    notes: BigInt
    author: Author | None


@For(*EVERYONE)
@value
class LongTitle:
    """A title and its length."""

    title: str
    letters: int


@For(*EVERYONE)
@strawberry.input
class Range:
    """From a number until before another."""

    rank_from: int | None = None
    rank_to: int | None = None


@For(*EVERYONE)
@strawberry.input
class NoteFilter:
    """Which notes to list."""

    words: list[str] | None = None
    range: Range | None = None
    authors: Annotated[list[strawberry.ID] | None, Of("Author")] = None
    moods: list[Mood] | None = None
    hits: Annotated[BigInt | None, For(STAFF)] = None


@For(*EVERYONE)
@row(tables.Note, order=("-due_on", "rank"))
class Note(Node, Titled):
    """A note."""

    title: str
    due_on: dt.date | None
    rank: int | None
    hits: BigInt
    words: list[str]
    fee: Money | None
    loud: str = python(loud, columns=("title", "rank"))
    author: Author


@For(STAFF)
@row(tables.Picture, order=("-taken_at",))
class Picture(Node, Titled):
    """A picture."""

    title: str
    taken_at: dt.datetime | None
    author: Author | None


@For(*EVERYONE)
@row(tables.Author, order=("famous", "-alias"))
class Author(Node):
    """Whoever writes."""

    famous: bool | None
    alias: str | None
    mood: Mood | None
    country: str
    number: BigInt
    notes: Connection[Note] = related(notes_of, filter=optional(NoteFilter))
    all_notes: list[Note] = related(everybody, "notes")
    pictures: Annotated[Connection[Picture], For(STAFF)]
    works: Connection[Titled] = merged(
        {"Note": Side(titled, at_day), "Picture": Side(titled, taken_on)}, descending=True, text=optional(str)
    )
    ranks: list[RankCount] = sql(of_author, at_least=optional(int))
    longest: LongTitle | None = sql(longest)
    label: str = sql(label, before=optional(str))


def ranks_of_all(*, at_least: Bound = None) -> sa.Select[Any]:
    """Everybody's notes by rank, over all authors: rows without an author."""
    note = tables.Note.__table__.alias()
    counts: sa.Select[Any] = (
        sa.select(note.c.rank, sa.func.count().label("notes"), sa.cast(None, sa.Uuid()).label("author_id"))
        .group_by(note.c.rank)
        .order_by(note.c.rank.nulls_first())
    )
    return counts if at_least is None else counts.having(sa.func.count() >= at_least)


@strawberry.type
class Query:
    """Roots of every kind."""

    node: Annotated[Node | None, For(*EVERYONE)] = node()
    nodes: Annotated[list[Node | None], For(*EVERYONE)] = nodes()
    author: Annotated[Author | None, For(*EVERYONE)] = by_id()
    numbered: Annotated[Author | None, For(*EVERYONE)] = by_key(country=str, number=int)
    authors: Annotated[Connection[Author], For(*EVERYONE)] = listing(everybody)
    notes: Annotated[Connection[Note], For(*EVERYONE)] = listing(notes_of, filter=optional(NoteFilter))
    pictures: Annotated[Connection[Picture], For(STAFF)] = listing(titled, text=optional(str))
    titled: Annotated[Connection[Titled], For(*EVERYONE)] = merged(
        {"Note": Side(titled, title_keys), "Picture": Side(titled, title_keys)}, text=optional(str)
    )
    ranks: Annotated[list[RankCount], For(*EVERYONE)] = selected(ranks_of_all, at_least=optional(int))


ODD = PlannedSchema(query=Query)
AUDIENCES = (CONSUMER, STAFF)
