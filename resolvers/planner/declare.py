"""What a schema module may say of where answers come from. Nothing here runs at request time.

`row` and `value` declare types, the others are the right side of a field:

    @row(tables.Product, order=("position",))      a type whose objects are rows; its plain fields are columns by name
    @value                                         an object without a table: columns `cost_amount`, `cost_currency`
    name: str = sql(expression)                    an SQL expression of the row
    lines: Connection[Line] = related(condition)   a relation narrowed by a condition; without arguments leave it out
    products: Connection[Product] = listing(condition, filter=ProductFilter)
    product: Product | None = by_key(slug=str)     a root field for one row by unique columns
    node: Node | None = by_id()
    cart: Cart | None = one(condition)             a root field for the one row for which a condition holds
    timeline: Connection[Entry] = merged({"Visit": Side(...), ...})
    facets: list[Facet] = selected(select)         value objects from a SELECT of one's own; it may take the field's `place`
    label: str = python(batch, columns=("code",))  computed in Python over all rows of an answer at once
    log: LogPayload = mutation(log_interaction, input=LogInput)

A condition is a function of the row's FROM and of keyword arguments. It receives None where an argument is absent or
null, else a bind parameter; the members of an input object come as keywords of their own. That of a `listing` or of a
connection that is `related` may answer a `Spread` of its rows; that of `related` may take the FROM of its row as `of`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import sqlalchemy as sa
import strawberry
from sqlalchemy import bindparam

from segments.marks import Of

T = TypeVar("T")
Condition = Callable[..., sa.ColumnElement[bool]]
ListCondition = Callable[..., "sa.ColumnElement[bool] | Spread"]
Kind = Literal["list", "by_id", "by_key", "one", "node", "nodes", "merged", "selected", "watch"]

# Values every statement may use: what the request's viewer and clock say.
LANGUAGE: sa.BindParameter[str] = bindparam("viewer_language", type_=sa.Text())
NOW: sa.BindParameter[Any] = bindparam("viewer_now", type_=sa.DateTime(timezone=True))
AUDIENCE: sa.BindParameter[str] = bindparam("viewer_audience", type_=sa.Text())
CUSTOMER: sa.BindParameter[Any] = bindparam("viewer_customer", type_=sa.Uuid())
PERSON: sa.BindParameter[Any] = bindparam("viewer_person", type_=sa.Uuid())


@dataclass(frozen=True)
class Spread:
    """The rows of a list for which `where` holds and whose `column` is among `values`, which are distinct.

    The rows of each value are read in the list's order, by an index on the column and that order, and no more of them than
    a page holds. `column in (values)` in a condition would read and sort the rows of all values.
    """

    column: sa.ColumnElement[Any]
    values: sa.Select[tuple[Any]]
    where: sa.ColumnElement[bool]

    def whole(self) -> sa.ColumnElement[bool]:
        """The same rows by one condition, for whom their order is nothing."""
        return sa.and_(self.column.in_(self.values), self.where)


@dataclass(frozen=True)
class Row:
    """Where a type's objects come from, and in which order its lists stand: `-` descends, nulls come last, `id` decides."""

    table: Any
    order: tuple[str, ...]


@dataclass(frozen=True)
class Root:
    """How a root field, or a relation with arguments, is answered."""

    kind: Kind
    source: Any = None


@dataclass(frozen=True)
class Side:
    """One row type of a merged list: which of its rows, and the expressions of the list's order."""

    where: Condition
    keys: Callable[[sa.FromClause], Sequence[sa.ColumnElement[Any]]]


@dataclass(frozen=True)
class Merged:
    """A list over several row types, ordered by the keys that each side computes; `descending` holds for all of them."""

    sides: Mapping[str, Side]
    descending: bool


@dataclass(frozen=True)
class Batch:
    """A field computed in Python for all its rows in an answer at once, from columns of the row."""

    columns: tuple[str, ...]
    compute: Callable[[Any, Sequence[Sequence[Any]]], Sequence[Any]]


def row(table: Any, order: tuple[str, ...] = ("id",)) -> Callable[[type[T]], type[T]]:
    """Declare a type whose objects are the rows of `table`."""
    complete = order if order[-1].lstrip("-") == "id" else (*order, "id")

    def declare(cls: type[T]) -> type[T]:
        made = strawberry.type(cls)
        made.__row__ = Row(table, complete)  # pyright: ignore[reportAttributeAccessIssue]
        return made

    return declare


def value(cls: type[T]) -> type[T]:
    """Declare an object without a table: field `cost: Money` reads `cost_amount` and `cost_currency`."""
    made = strawberry.type(cls)
    made.__value__ = True  # pyright: ignore[reportAttributeAccessIssue]
    return made


def _never(**_: Any) -> Any:
    raise AssertionError("The planner answers this field; Strawberry must not be asked.")


def answered_field(note: dict[str, Any], arguments: Mapping[str, Any]) -> Any:
    """A Strawberry field with these GraphQL arguments, answered by the planner."""
    if not arguments:
        return strawberry.field(metadata=note)

    def answered_by_planner(**_: Any) -> Any:
        return _never()

    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=_default(annotation))
        for name, annotation in arguments.items()
    ]
    answered_by_planner.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    answered_by_planner.__annotations__ = dict(arguments)
    return strawberry.field(resolver=answered_by_planner, metadata=note)


def _default(annotation: Any) -> Any:
    """An argument that may be null may be left out."""
    return strawberry.UNSET if type(None) in getattr(annotation, "__args__", ()) else inspect.Parameter.empty


def sql(expression: Callable[..., Any], *, most: int | None = None, **arguments: Any) -> Any:
    """A computed field: an expression of the row, or, for value objects, a SELECT with a column per field.

    A list of them ends at `most`, 100 unless told.
    """
    return answered_field({"sql": expression} | ({} if most is None else {"most": most}), arguments)


def takes_place(select: Callable[..., Any]) -> bool:
    """Whether a SELECT asks for the key under which its field is answered, to say where what it refuses was given."""
    return "place" in inspect.signature(select).parameters


def takes_row(where: Callable[..., Any]) -> bool:
    """Whether a relation's condition asks for the FROM of the row that it belongs to."""
    return "of" in inspect.signature(where).parameters


def related(where: ListCondition, relation: str | None = None, **arguments: Any) -> Any:
    """A relation, by the field's name unless told, narrowed by a condition with arguments."""
    return answered_field({"where": where, "relation": relation}, arguments)


def python(compute: Callable[[Any, Sequence[Sequence[Any]]], Sequence[Any]], columns: tuple[str, ...]) -> Any:
    """A field computed in Python: `compute(viewer, rows of column values)` returns a value for each row."""
    return answered_field({"python": Batch(columns, compute)}, {})


def listing(where: ListCondition, **arguments: Any) -> Any:
    """A root list of the rows for which the condition holds."""
    return answered_field({"root": Root("list", where)}, arguments)


def by_id() -> Any:
    """A root field for one row by its global id."""
    return answered_field({"root": Root("by_id")}, {"id": strawberry.ID})


def by_key(**columns: Any) -> Any:
    """A root field for one row by unique columns of its table."""
    return answered_field({"root": Root("by_key", tuple(columns))}, columns)


def one(where: Condition, **arguments: Any) -> Any:
    """A root field for the row for which the condition holds, which no two visible rows may fulfil."""
    return answered_field({"root": Root("one", where)}, arguments)


def node() -> Any:
    """Relay's `node(id:)`."""
    return answered_field({"root": Root("node")}, {"id": strawberry.ID})


def nodes() -> Any:
    """Relay's `nodes(ids:)`, 100 at most."""
    return answered_field({"root": Root("nodes")}, {"ids": list[strawberry.ID]})


def merged(sides: Mapping[str, Side], *, descending: bool = False, **arguments: Any) -> Any:
    """A list over several row types, by their GraphQL names. As a field of a row its conditions receive the row's FROM as `of`."""
    return answered_field({"root": Root("merged", Merged(sides, descending))}, arguments)


def selected(select: Callable[..., sa.Select[Any]], **arguments: Any) -> Any:
    """A root value object, or a list of them, from a SELECT with a column per field."""
    return answered_field({"root": Root("selected", select)}, arguments)


def optional(annotation: Any) -> Any:
    """The annotation of an argument that may be left out."""
    return annotation | None


def id_of(type_name: str) -> Any:
    """The annotation of an id that must be of one type."""
    return Annotated[strawberry.ID, Of(type_name)]


def declared_row(cls: Any) -> Row | None:
    """The row declaration of a Python class, if it has one."""
    return getattr(cls, "__row__", None)


def is_value(cls: Any) -> bool:
    """Whether a Python class was declared a value object."""
    return bool(getattr(cls, "__value__", False))
