"""What is not one SQL statement: graphql-core executes it on the same view, in one transaction, under the same viewer.

Rows still come from the planner. A root field that is planned is read by its own statement; where a mutation's payload
holds `Changed(id)`, the row is read back in the same transaction, under row security, in the shape that was asked for.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import graphql as g
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.ids import Ids
from foundation.statements import fetch_value
from resolvers.planner.batches import fill_batches
from resolvers.planner.compiler import TYPE_KEY, Compiler, is_connection, row_of
from resolvers.planner.declare import is_value
from resolvers.planner.plans import Plan, Plans
from resolvers.planner.relay import Edge, PageInfo
from resolvers.planner.sqljson import Expression
from resolvers.planner.values import Values
from resolvers.planner.watched import MARK_KEY, take_marks
from segments.core_types import named_type
from segments.strawberry_internals import definition, made_from, metadata, origin
from segments.viewer import Viewer
from segments.views import View

Build = Callable[[Compiler], Expression]
ResolveInfo = g.GraphQLResolveInfo[Any]


@dataclass(frozen=True)
class Changed:
    """A row in a mutation's payload: its key, read back by the planner."""

    id: UUID


class Ready(str):
    """A leaf that PostgreSQL has already written as JSON."""

    __slots__ = ()


class Keyed(NamedTuple):
    """A request's variables and the key of the row to read back."""

    sources: Any
    coerced: Any
    key: UUID | None = None


@dataclass
class Execution:
    """The context of one execution: resolvers receive it as `info.context`."""

    session: AsyncSession
    viewer: Viewer
    now: dt.datetime
    new_id: Ids
    plans: dict[tuple[Any, ...], Plans]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    # The keys of the rows above INTERNAL that were read.
    secrets: set[UUID] = field(default_factory=set[UUID])
    # By the response keys of root fields: a text for the key that a field was given, and which of them were not refused.
    keys: dict[str, str] = field(default_factory=dict[str, str])
    changed: set[str] = field(default_factory=set[str])
    # Whether the operation has one root field, so that to take back its changes is to take back the transaction instead of
    # a savepoint; and whether that is to be done, because the field was refused or failed.
    alone: bool = False
    undone: bool = False
    # An installation's setting that acts go by.
    return_days: int = 0

    async def read(self, info: ResolveInfo, build: Build, key: UUID | None = None) -> Any:
        """The objects that `build` describes, for graphql-core to complete."""
        variables = Keyed(info.variable_values.sources, info.variable_values.coerced, key)
        watched = self.viewer.watched
        place = tuple(each for each in info.path.as_list() if isinstance(each, str))
        if watched:
            # No response key holds a `#`.
            place = (MARK_KEY, *place)
        known = self.plans.setdefault(place, Plans())
        plan = known.find(variables)
        if plan is None:
            values = Values(variables)
            compiler = Compiler(info.schema, info.fragments, values, read_back=True, watched=watched)
            answer = build(compiler)
            plan = Plan(answer, values, compiler.batches, secured=False, marks=compiler.marks)
            known.add(values.facts, plan)
        # Sibling fields share one connection, which runs one statement at a time.
        async with self.turn:
            found = await fetch_value(self.session, plan.sql, *plan.arguments(variables, self.viewer, self.now))
        if plan.marks:
            take_marks(found, self.secrets)
        return ready(fill_batches(found, plan.batches, self.viewer))


def ready(found: Any) -> Any:
    """Mark the leaves of an answer as written already."""
    if isinstance(found, str):
        return Ready(found)
    if isinstance(found, list):
        return [ready(item) for item in found]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(found, dict):
        return {key: ready(value) for key, value in found.items()}  # pyright: ignore[reportUnknownVariableType]
    return found


def answer_from_planner(view: View) -> None:
    """Give the view's own types the resolvers that read planned answers; Strawberry's stay where a field is not planned."""
    for type_ in view.core.type_map.values():
        if type_.name.startswith("__"):
            continue
        if isinstance(type_, g.GraphQLEnumType) or (
            isinstance(type_, g.GraphQLScalarType) and not g.is_specified_scalar_type(type_)
        ):
            pass_ready_leaves(type_)
        elif isinstance(type_, (g.GraphQLInterfaceType, g.GraphQLUnionType)):
            type_.resolve_type = name_of_type(type_.resolve_type)
        elif isinstance(type_, g.GraphQLObjectType):
            answer_object(type_)


def answer_object(type_: g.GraphQLObjectType) -> None:
    """The resolvers of one object type."""
    from_planner = is_planned(type_)
    if from_planner:
        type_.is_type_of = None
    for field_ in type_.fields.values():
        if from_planner:
            field_.resolve = by_response_key
        elif metadata(field_).get("root"):
            field_.resolve = read_root
        elif row_of(target := named_type(field_.type)) and field_.resolve:
            field_.resolve = read_back(field_.resolve, target)


def is_planned(type_: g.GraphQLObjectType) -> bool:
    """Whether the planner writes the objects of this type."""
    if row_of(type_) or is_value(origin(type_)) or is_connection(type_):
        return True
    return definition(type_) is not None and (made_from(type_, Edge) or origin(type_) is PageInfo)


def pass_ready_leaves(type_: Any) -> None:
    """A leaf from the planner is in its final form; others go through the type's own serialisation."""
    serialise = type_.coerce_output_value

    def pass_on(value: Any) -> Any:
        return str(value) if type(value) is Ready else serialise(value)

    type_.coerce_output_value = pass_on


def name_of_type(otherwise: Any) -> Any:
    """A planned object names its type, and the planner has seen to it that the view has it; others are asked as ever."""

    def resolve_type(found: Any, info: ResolveInfo, asked: Any) -> Any:
        if isinstance(found, dict) and TYPE_KEY in found:
            return found[TYPE_KEY]  # pyright: ignore[reportUnknownVariableType]
        return otherwise(found, info, asked)

    return resolve_type


def by_response_key(source: Any, info: ResolveInfo, **_: Any) -> Any:
    """A planned object holds its fields under the keys of the response."""
    return source[info.path.key]


async def read_root(_: Any, info: ResolveInfo, **__: Any) -> Any:
    """A planned root field inside an execution."""
    execution: Execution = info.context
    return await execution.read(info, lambda compiler: compiler.root(info.parent_type, info.field_nodes))


def read_back(inner: Any, target: Any) -> Any:
    """Replace `Changed` in what a resolver returns by the row as it is now."""

    def row(compiler: Compiler, nodes: Sequence[Any]) -> Expression:
        source = compiler.alias(target)
        key = compiler.values.bind(lambda variables: variables.key, sa.Uuid())
        return compiler.one(target, source, nodes, source.c.id == key)

    async def resolve(source: Any, info: ResolveInfo, **arguments: Any) -> Any:
        found = inner(source, info, **arguments)
        if not isinstance(found, Changed):
            return found
        execution: Execution = info.context
        return await execution.read(info, lambda compiler: row(compiler, info.field_nodes), found.id)

    return resolve
