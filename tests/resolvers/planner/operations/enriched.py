"""Operations that hypothesis-graphql generates, made to mean something: its arguments are random, so nearly all are refused.

Each argument gets a value that is in the world, some become variables, some fields `@skip` or `@include`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import graphql as g
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

from segments.core_types import named_type
from tests.resolvers.planner.operations.documents import Writer, list_of
from tests.resolvers.planner.operations.pool import Pool
from tests.resolvers.planner.operations.values import target_name
from tests.resolvers.planner.oracle.pages import PAGING

SCALARS = {
    name: st.sampled_from(["2026-03-01T16:30:00Z", "2026-03-02", "1"]).map(nodes.String)
    for name in ("DateTime", "Date", "BigInt", "Decimal")
}


def generated(schema: g.GraphQLSchema) -> st.SearchStrategy[str]:
    """Documents over everything that a view's query has."""
    return queries(schema, custom_scalars=SCALARS, allow_x00=False, allow_null=True)


def enriched(schema: g.GraphQLSchema, pool: Pool, source: str, data: bytes) -> tuple[str, dict[str, Any]]:
    """The document with arguments of ours, and its variables."""
    writer = Writer(schema, pool, data)
    types = g.TypeInfo(schema)
    changed = g.visit(g.parse(source), g.TypeInfoVisitor(types, Enriching(writer, types)))
    head = f"query Q({', '.join(writer.declared)}) " if writer.declared else "query Q "
    text = g.print_ast(changed)
    return head + text[text.index("{") :], writer.variables


class Enriching(g.Visitor):
    """Rewrites the fields of a document."""

    def __init__(self, writer: Writer, types: g.TypeInfo) -> None:
        super().__init__()
        self.writer = writer
        self.types = types
        self.pages: list[dict[str, Any]] = []

    def enter_field(self, *_: Any) -> None:
        """Decide on the paging of a field once, whatever was generated."""
        field, target = self.types.get_field_def(), None
        if field is not None and (target := target_name(field)):
            parent = self.types.get_parent_type()
            self.pages.append(self.writer.values.paging(list_of(parent, field), target))
        else:
            self.pages.append({})

    def leave_field(self, node: Any, *_: Any) -> Any:
        """Take the arguments that were decided on instead of the generated ones."""
        field, page = self.types.get_field_def(), self.pages.pop()
        if field is None:
            return None
        given = [each for each in node.arguments or () if each.name.value not in PAGING]
        paged = [self.argument(field.args[name], name, value) for name, value in page.items()]
        asked = (*(node.directives or ()), *parsed_directives(self.writer.directives()))
        return dataclasses.replace(node, arguments=(*given, *paged), directives=asked)

    def leave_argument(self, node: Any, *_: Any) -> Any:
        """Give an argument a value that is in the world."""
        element = self.types.get_argument()
        name = node.name.value
        if element is None or name in PAGING or self.types.get_directive():
            return None
        if named_type(element.type).name == "ID" and name == "id":
            field = self.types.get_field_def()
            return self.argument(element, name, self.writer.of_root(field).get("id", ""))
        return self.argument(element, name, self.writer.values.of(name, element))

    def argument(self, element: Any, name: str, value: Any) -> Any:
        """An argument as a node of the document."""
        written = self.writer.written(element, value, lambda: value)
        return g.ArgumentNode(name=g.NameNode(value=name), value=g.parse_value(written) if written else None)


def parsed_directives(text: str) -> tuple[Any, ...]:
    """Directives as nodes of a document."""
    (operation,) = g.parse(f"{{ a {text} }}").definitions
    (field,) = operation.selection_set.selections  # type: ignore[attr-defined]
    return tuple(field.directives or ())
