"""Pages for visitors who do not hold every scope: which scopes an operation asks for, and what is left of it without some.

A page says `# optional: products:cost` for scopes without which it is still worth showing. Whoever lacks one gets the page
by the same operation without the fields that ask for it: one statement for everybody, checked at start-up like the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from graphql import (
    REMOVE,
    SKIP,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    print_ast,
    visit,
)

from resolvers.planner.scopes import Demands, Place, place

Scopes = frozenset[str]
# Each doubles the variants of a page; more than a few optional scopes are several pages.
OPTIONAL_MAX = 4


def scopes_asked(tree: DocumentNode, operation: OperationDefinitionNode, schema: GraphQLSchema) -> Scopes:
    """Every scope that an operation asks for, as the engine finds them."""
    fragments = {each.name.value: each for each in tree.definitions if isinstance(each, FragmentDefinitionNode)}
    return Demands(schema, operation, fragments).scopes


def subsets(scopes: Scopes) -> Iterator[Scopes]:
    """Every choice of some of them, without none."""
    names = sorted(scopes)
    for count in range(1, len(names) + 1):
        yield from map(frozenset, combinations(names, count))


class Without(Visitor):
    """Takes the fields out of an operation that ask for any of the missing scopes."""

    def __init__(self, schema: GraphQLSchema, types: TypeInfo, missing: Scopes) -> None:
        super().__init__()
        self.schema = schema
        self.types = types
        self.missing = missing

    def enter_field(self, node: FieldNode, *_: Any) -> Any:
        """Keep a field, or take it out with all that stands below it."""
        if node.name.value.startswith("__"):
            return None
        found = place(self.schema, self.types.get_field_def(), node, ())
        return REMOVE if any(isinstance(each, Place) and each.scopes & self.missing for each in found) else None

    def leave_field(self, node: FieldNode, *_: Any) -> Any:
        """A field that asked for nothing else goes too: an empty selection is no GraphQL."""
        return REMOVE if node.selection_set is not None and not node.selection_set.selections else None


class Variables(Visitor):
    """Notes which variables the fields of an operation use."""

    def __init__(self) -> None:
        super().__init__()
        self.used: set[str] = set()

    def enter_variable_definition(self, *_: Any) -> Any:
        """A declaration uses nothing."""
        return SKIP

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        """What a field's argument is given."""
        self.used.add(node.name.value)


class Declared(Visitor):
    """Takes out the declarations of variables that nothing uses, which are no GraphQL."""

    def __init__(self, used: set[str]) -> None:
        super().__init__()
        self.used = used

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> Any:
        """Keep a declaration, or take it out."""
        return SKIP if node.variable.name.value in self.used else REMOVE


def without(tree: DocumentNode, schema: GraphQLSchema, missing: Scopes) -> str:
    """The source of an operation without the fields that ask for any of these scopes, and without what they alone were given."""
    types = TypeInfo(schema)
    left = visit(tree, TypeInfoVisitor(types, Without(schema, types, missing)))
    variables = Variables()
    visit(left, variables)
    return print_ast(visit(left, Declared(variables.used)))
