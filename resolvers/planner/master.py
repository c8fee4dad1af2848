"""The master schema of a platform whose reads are planned: connections get their arguments, declarations are checked."""

from __future__ import annotations

from typing import Any

import graphql as g
import sqlalchemy as sa
from strawberry.schema.config import StrawberryConfig

from resolvers.planner.compiler import is_connection, row_of
from resolvers.planner.declare import Row, is_value
from resolvers.planner.idempotency import IDEMPOTENT
from resolvers.planner.relay import BIG_INT, BigInt
from segments.core_types import is_list, is_non_null, named_type
from segments.policies import ANYBODY
from segments.strawberry_internals import metadata, origin, python_name
from segments.views import MasterSchema, View, ViewError

CONFIG = StrawberryConfig(scalar_map={BigInt: BIG_INT})
# Columns of orders that say nothing of a row.
SILENT_KEYS = frozenset({"id", "position"})
PAGING = {"first": g.GraphQLInt, "after": g.GraphQLString, "last": g.GraphQLInt, "before": g.GraphQLString}


class PlannedSchema(MasterSchema):
    """A master schema whose every connection pages in the same way, and whose every field is known to be answerable."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, config=CONFIG, **keywords)
        if self.core.mutation_type is not None:
            self.core.directives = (*self.core.directives, IDEMPOTENT)
        faults: list[str] = []
        for type_ in self.core.type_map.values():
            if not isinstance(type_, g.GraphQLObjectType):
                continue
            fields: dict[str, Any] = type_.fields
            for name, field in fields.items():
                if is_connection(named_type(field.type)):
                    field.args = {**field.args, **{key: g.GraphQLArgument(kind) for key, kind in PAGING.items()}}
                declared = row_of(type_)
                if declared is not None:
                    faults += check_field(f"{type_.name}.{name}", declared, field)
        if faults:
            raise ViewError("\n".join(sorted(faults)))


def check_field(place: str, declared: Row, field: Any) -> list[str]:
    """Faults of a row type's field: no such column or relation, or a row that may be invisible behind a non-null."""
    note, target = metadata(field), named_type(field.type)
    name = note.get("relation") or python_name(field)
    columns = declared.table.__table__.c
    if {"sql", "python", "root"} & note.keys() or name == "id":
        return []
    if g.is_leaf_type(target):
        return [] if name in columns else [f"{place}: {declared.table.__name__} has no column {name}"]
    if is_value(origin(target)):
        first = python_name(next(iter(target.fields.values())))
        return [] if f"{name}_{first}" in columns else [f"{place}: there is no column {name}_{first}"]
    relationships = sa.inspect(declared.table).relationships
    if name not in relationships:
        return [f"{place}: {declared.table.__name__} has no relationship {name}"]
    to_one = not is_connection(target) and not is_list(field.type)
    remote = relationships[name].mapper.class_
    if to_one and is_non_null(field.type) and not seen_by_anybody(remote):
        return [f"{place}: its row may be invisible to the viewer, so it must be nullable"]
    return []


def seen_by_anybody(table: Any) -> bool:
    """Whether every viewer sees every row of a table."""
    rows = table.__rows__
    return not rows.classified and rows.read == ANYBODY


def check_hidden_values(view: View) -> list[str]:
    """A non-null field or a list cannot hold an enum value that the view hides: what would it answer?"""
    return [
        f"{type_.name}.{name}: is a list or not null, but its enum {named_type(field.type).name} hides values here"
        for type_ in view.core.type_map.values()
        if isinstance(type_, (g.GraphQLObjectType, g.GraphQLInterfaceType))
        for name, field in type_.fields.items()
        if field.type is not named_type(field.type) and getattr(named_type(field.type), "hides_values", False)
    ]


def check_orders(master: PlannedSchema, view: View) -> list[str]:
    """Cursors hold the keys of a row type's order, so a view that hides one of them must not list the type by it.

    A key that is no field in any view must be a row's id or its `position`, which say nothing.
    """
    faults: list[str] = []
    for type_ in view.core.type_map.values():
        declared = row_of(type_)
        if declared is None:
            continue
        whole: Any = master.core.type_map[type_.name]
        shown: Any = type_
        columns = {python_name(field): name for name, field in whole.fields.items()}
        for key in (each.lstrip("-") for each in declared.order):
            name = columns.get(key)
            if name not in shown.fields and key not in SILENT_KEYS:
                faults.append(f"{type_.name}: is listed by {key}, which cursors would show here")
    return faults


def check_all_scoped(view: View) -> list[str]:
    """Roots and rows of a view that ask for no scope, where everything must: the division has no rights but by scopes.

    Rows that everybody sees, such as regions, may be read by id without one.
    """
    roots = (view.core.query_type, view.core.mutation_type, view.core.subscription_type)
    by_id = {"node", "nodes", "viewer"}
    unscoped = [
        f"{root.name}.{name}"
        for root in roots
        if root is not None
        for name, field in root.fields.items()
        if not field.extensions["needs"] and name not in by_id
    ]
    for type_ in view.core.type_map.values():
        declared = row_of(type_)
        if declared is not None and not seen_by_anybody(declared.table) and not type_.extensions["needs"]:
            unscoped.append(type_.name)
    return [f"{place}: asks {view.audience.value} for no scope" for place in unscoped]
