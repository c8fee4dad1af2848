"""A page that shows graded rows must know their degree: else its mark would say less than what stands on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    SelectionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

from portal.pages.mark import DEGREE


class Grading(Visitor):
    """Finds selections of a graded type without its `classification`, and aliases that would hide it."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.found: list[str] = []

    def enter_selection_set(self, node: SelectionSetNode, *_: Any) -> None:
        """Look at what is asked of one object."""
        kind = self.types.get_parent_type()
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) or DEGREE not in kind.fields:
            return
        if not any(is_degree(selection) for selection in node.selections):
            line = node.loc.start_token.line if node.loc else 0
            self.found.append(f"line {line}: {kind.name} is graded, so ask for its {DEGREE}, by that name")


def is_degree(selection: SelectionNode) -> bool:
    """Whether a selection is the degree, under its own name."""
    return isinstance(selection, FieldNode) and selection.name.value == DEGREE and selection.alias is None


def ungraded(tree: DocumentNode, schema: GraphQLSchema) -> Sequence[str]:
    """Where an operation asks for graded objects without their degree."""
    types = TypeInfo(schema)
    grading = Grading(types)
    visit(tree, TypeInfoVisitor(types, grading))
    return grading.found
