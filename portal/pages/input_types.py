"""The input types of a view, asked plainly: graphql-core's own definitions have parts that type checkers do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphql


def variable_type(schema: graphql.GraphQLSchema, node: graphql.VariableDefinitionNode) -> Any:
    """The type of a variable; validation has found that there is one."""
    return graphql.type_from_ast(schema, node.type)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def is_demanded(kind: Any) -> bool:
    """Whether null is no value of it: `String!`."""
    return isinstance(kind, graphql.GraphQLNonNull)


def is_list(kind: Any) -> bool:
    """Whether it is a list that may be null."""
    return isinstance(kind, graphql.GraphQLList)


def is_object(kind: Any) -> bool:
    """Whether it is an input object that may be null."""
    return isinstance(kind, graphql.GraphQLInputObjectType)


def is_enum(kind: Any) -> bool:
    """Whether it is an enum that may be null."""
    return isinstance(kind, graphql.GraphQLEnumType)


def inner(kind: Any) -> Any:
    """What a list holds, or what null is taken from."""
    return kind.of_type


def nullable(kind: Any) -> Any:
    """The type without the demand that it be there."""
    return inner(kind) if is_demanded(kind) else kind


def named(kind: Any) -> Any:
    """The type inside all lists and demands."""
    return named(inner(kind)) if is_demanded(kind) or is_list(kind) else kind


def members(kind: Any) -> Mapping[str, Any]:
    """The fields of an input object, name by type."""
    return {name: field.type for name, field in kind.fields.items()}


def may_be_left_out(kind: Any, name: str) -> bool:
    """Whether a field of an input object has a default or may be null."""
    return not graphql.is_required_input_field(kind.fields[name])
