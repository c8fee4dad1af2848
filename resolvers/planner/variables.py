"""The variables of a request by the rules of GraphQL, without asking graphql-core where there is nothing to ask.

Most variables are scalars that are what they say. For those graphql-core finds anew at each request what a document said
once; that took a third of what a planned read does in Python.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import graphql as g
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from segments.core_types import is_non_null, nullable_type

# Whose values are taken as they are; those of `Int` within its range, and a boolean is none of them.
PLAIN: Mapping[Any, type] = {g.GraphQLString: str, g.GraphQLID: str, g.GraphQLInt: int, g.GraphQLBoolean: bool}
INT_MIN, INT_MAX = -(2**31), 2**31 - 1


@dataclass(frozen=True, slots=True)
class PlainVariable:
    """A variable of a scalar type without a default."""

    name: str
    signature: Any
    required: bool
    kind: type


class PlainValues:
    """What graphql-core's `VariableValues` holds, its sources made only when they are asked for."""

    __slots__ = ("_plain", "coerced")

    def __init__(self, coerced: dict[str, Any], plain: Sequence[PlainVariable]) -> None:
        self.coerced = coerced
        self._plain = plain

    @property
    def sources(self) -> dict[str, VariableValueSource]:
        """Where each value comes from; a variable of a scalar without a default has what the request gave, or nothing."""
        return {
            each.name: VariableValueSource(each.signature, self.coerced.get(each.name, g.Undefined))
            for each in self._plain
        }


class Coercion:
    """Coerces the variables of one operation."""

    def __init__(self, schema: g.GraphQLSchema, definitions: Sequence[g.VariableDefinitionNode]) -> None:
        self._schema = schema
        self._definitions = definitions
        found = [plain_variable(schema, definition) for definition in definitions]
        self._plain = None if None in found else cast("list[PlainVariable]", found)

    def __call__(self, given: Mapping[str, Any]) -> VariableValues | PlainValues | list[g.GraphQLError]:
        """The values, or why there are none. Whatever is not plainly right is left to graphql-core."""
        if self._plain is None:
            return self._by_core(given)
        coerced: dict[str, Any] = {}
        for variable in self._plain:
            name = variable.name
            value = given.get(name, g.Undefined)
            kind: type[object] = type(value)  # pyright: ignore[reportUnknownVariableType]
            if kind is variable.kind and (kind is not int or INT_MIN <= value <= INT_MAX):
                coerced[name] = value
            elif value is None and not variable.required:
                coerced[name] = None
            elif value is not g.Undefined or variable.required:
                return self._by_core(given)
        return PlainValues(coerced, self._plain)

    def _by_core(self, given: Mapping[str, Any]) -> VariableValues | list[g.GraphQLError]:
        return get_variable_values(self._schema, self._definitions, dict(given), hide_suggestions=True)


def plain_variable(schema: g.GraphQLSchema, definition: g.VariableDefinitionNode) -> PlainVariable | None:
    """A variable whose values can be known by their Python type; None for all others."""
    signature: Any = get_variable_signature(schema, definition)
    if definition.default_value or isinstance(signature, g.GraphQLError):
        return None
    kind = PLAIN.get(nullable_type(signature.type))
    required = is_non_null(signature.type)
    return None if kind is None else PlainVariable(definition.variable.name.value, signature, required, kind)
