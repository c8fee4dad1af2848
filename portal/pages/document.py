"""An operation that belongs to a page: read from its file, checked against its audience's view, ready to be sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    parse,
    validate,
    value_from_ast_untyped,
)

from foundation.language import translate
from portal.pages.faults import PageFault
from portal.pages.graded import ungraded
from portal.pages.held_scopes import Scopes, scopes_asked
from portal.pages.input_types import variable_type
from resolvers.planner.errors import RequestError
from resolvers.planner.idempotency import Keyed


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of an operation. `has_default`: it may be left out although its type is not nullable.

    The type is a `GraphQLInputType`, whose own definition has parts that type checkers do not know.
    """

    name: str
    type: Any
    default: Any
    has_default: bool


@dataclass(frozen=True)
class Document:
    """One operation in one file. `file` is `audience/name.graphql`, for people; `scopes` are what it asks for."""

    file: str
    source: str
    definition: OperationDefinitionNode
    variables: Mapping[str, Variable]
    scopes: Scopes

    @property
    def name(self) -> str | None:
        """The operation's own name."""
        return self.definition.name.value if self.definition.name else None

    @cached_property
    def root_fields(self) -> tuple[FieldNode, ...]:
        """The fields at the root. Fragments are not looked into: pages write their root fields out."""
        return tuple(node for node in self.definition.selection_set.selections if isinstance(node, FieldNode))

    @cached_property
    def root_keys(self) -> frozenset[str]:
        """The names that the answer's data has at its root."""
        return frozenset(response_key(field) for field in self.root_fields)

    def keys_fed_by(self, names: frozenset[str]) -> frozenset[str]:
        """Root fields with an argument that is one of these variables."""
        return frozenset(response_key(field) for field in self.root_fields if names & set(argument_variables(field)))

    @cached_property
    def idempotency_variable(self) -> str | None:
        """The variable that holds the key of `@idempotent(key: $key)`, which makes a form sent twice count once."""
        for node in (self.definition, *self.root_fields):
            for directive in node.directives or ():
                if directive.name.value == "idempotent":
                    return next(
                        (a.value.name.value for a in directive.arguments or () if isinstance(a.value, VariableNode)),
                        None,
                    )
        return None


def response_key(field: FieldNode) -> str:
    """The field's alias or name."""
    return field.alias.value if field.alias else field.name.value


def argument_variables(field: FieldNode) -> Iterator[str]:
    """The variables that are arguments of a field by themselves."""
    return (a.value.name.value for a in field.arguments or () if isinstance(a.value, VariableNode))


def read_document(file: str, source: str, schema: GraphQLSchema, kind: OperationType) -> Document:
    """Parse and validate one operation; a fault names the file, the line and what is wrong there."""
    try:
        tree = parse(source)
    except GraphQLError as error:
        raise PageFault(file, located(error)) from error
    errors = validate(schema, tree)
    if errors:
        raise PageFault(file, "; ".join(map(located, errors)))
    if kind is OperationType.QUERY and (faults := ungraded(tree, schema)):
        raise PageFault(file, "; ".join(faults))
    fragments = {node.name.value: node for node in tree.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [node for node in tree.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation is not kind:
        raise PageFault(file, f"holds exactly one {kind.value}")
    try:
        Keyed(schema, operations[0], fragments)
    except RequestError as error:
        raise PageFault(file, translate(error.key, "en", **error.params)) from error
    variables, scopes = read_variables(operations[0], schema), scopes_asked(tree, operations[0], schema)
    return Document(file, source, operations[0], variables, scopes)


def read_variables(definition: OperationDefinitionNode, schema: GraphQLSchema) -> Mapping[str, Variable]:
    """The variables with their types of the view."""
    found: dict[str, Variable] = {}
    for node in definition.variable_definitions or ():
        default = value_from_ast_untyped(node.default_value) if node.default_value else None
        name = node.variable.name.value
        found[name] = Variable(name, variable_type(schema, node), default, node.default_value is not None)
    return found


def located(error: GraphQLError) -> str:
    """An error with its line."""
    return f"line {error.locations[0].line}: {error.message}" if error.locations else error.message
