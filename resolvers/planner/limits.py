"""Limits on the shape of a document: what a request may ask for before anything runs. What it may cost is in `cost.py`.

Everything here is linear in the document. A fragment is measured once, however often and from wherever it is spread, so
fragments that spread each other twice do not double the work with each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from foundation.settings import Settings
from resolvers.planner.cost import price
from resolvers.planner.errors import RequestError

# The fields of introspection that hold lists of types: nesting them multiplies the answer with every step.
INTROSPECTION_LISTS = frozenset({"fields", "inputFields", "interfaces", "possibleTypes"})

Fragments = dict[str, FragmentDefinitionNode]
Variables = Mapping[str, Any]


class LimitExceeded(RequestError):  # noqa: N818 - it is an answer to the client, not a fault of the program.
    """The document asks for more than one request may. `code` names the limit: `LIMIT_DEPTH`, `LIMIT_COST`, …"""

    def __init__(self, limit: str, maximum: int) -> None:
        super().__init__(f"LIMIT_{limit.upper()}", f"limit.{limit}", {"maximum": maximum})


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """The limits of one installation; each is a setting `graphql_<name>` and refuses with `LIMIT_<NAME>`."""

    tokens: int
    depth: int
    aliases: int
    root_fields: int
    variables: int
    fragments: int
    directives: int
    introspection_depth: int
    fields: int
    cost: int

    @classmethod
    def of(cls, settings: Settings) -> DocumentLimits:
        """The limits that the settings name."""
        return cls(
            tokens=settings.graphql_tokens,
            depth=settings.graphql_depth,
            aliases=settings.graphql_aliases,
            root_fields=settings.graphql_root_fields,
            variables=settings.graphql_variables,
            fragments=settings.graphql_fragments,
            directives=settings.graphql_directives,
            introspection_depth=settings.graphql_introspection_depth,
            fields=settings.graphql_fields,
            cost=settings.graphql_cost,
        )

    @property
    def max_tokens(self) -> int:
        """The most lexical tokens, for `graphql.parse`."""
        return self.tokens

    def prepare(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
    ) -> Callable[[Variables], None]:
        """Refuse what the document alone shows to be too much; the rest depends on variables, as the answer checks.

        The document has passed validation: fragments exist, are used and do not spread themselves.
        """
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        self._refuse_above("fragments", len(fragments))
        self._refuse_above("variables", len(operation.variable_definitions or ()))
        used = in_order_of_use(operation.selection_set, fragments)
        parts = [operation, *(fragments[name] for name in used)]
        self._refuse_above("aliases", sum(aliases(part.selection_set) for part in parts))
        self._refuse_above("directives", sum(directives(part) for part in parts))
        self._refuse_above("root_fields", root_fields(operation.selection_set, fragments))
        measured: dict[str, Nesting] = {}
        for name in used:
            on_types = fragments[name].type_condition.name.value.startswith("__")
            measured[name] = nesting(fragments[name].selection_set, measured, introspecting=on_types)
        whole = nesting(operation.selection_set, measured)
        self._refuse_above("depth", whole.depth)
        self._refuse_above("introspection_depth", whole.introspection)
        self._refuse_above("fields", whole.fields)
        return self._cost_check(schema, operation, [fragments[name] for name in used])

    def _cost_check(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: list[FragmentDefinitionNode]
    ) -> Callable[[Variables], None]:
        cost = price(schema, operation, fragments)
        if cost.constant:
            self._refuse_above("cost", cost.of({}))
            return unlimited

        def check(variables: Variables) -> None:
            self._refuse_above("cost", cost.of(variables))

        return check

    def _refuse_above(self, limit: str, found: int) -> None:
        maximum: int = getattr(self, limit)
        if found > maximum:
            raise LimitExceeded(limit, maximum)


def unlimited(_: Variables) -> None:
    """The check of a document whose cost does not depend on variables and was checked before."""


@dataclass(frozen=True, slots=True)
class Nesting:
    """How deep a selection goes, in fields and in introspection's lists of types, which count apart; and its fields.

    `fields` counts those of a fragment as often as it is spread: so often they are compiled, and a compiled relation costs
    half a millisecond, which no deadline can interrupt.
    """

    depth: int = 0
    introspection: int = 0
    fields: int = 0


def in_order_of_use(selections: SelectionSetNode, fragments: Fragments) -> list[str]:
    """The names of the fragments a selection reaches, each after those that it spreads itself."""
    order: list[str] = []
    seen: set[str] = set()
    # An explicit stack, because a chain of fragments may be longer than Python's own.
    waiting: list[tuple[str, Iterator[str]]] = [("", spreads(selections))]
    while waiting:
        name, following = waiting[-1]
        spread = next((each for each in following if each not in seen), None)
        if spread is None:
            waiting.pop()
            order.append(name)
        else:
            seen.add(spread)
            waiting.append((spread, spreads(fragments[spread].selection_set)))
    return order[:-1]


def spreads(selections: SelectionSetNode) -> Iterator[str]:
    """The names of the fragments spread anywhere within a selection."""
    return (node.name.value for node in walk(selections) if isinstance(node, FragmentSpreadNode))


def walk(selections: SelectionSetNode) -> Iterator[FieldNode | FragmentSpreadNode | InlineFragmentNode]:
    """Every selection within a selection set, at any depth, fragments' own definitions left out."""
    waiting = [selections]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FragmentSpreadNode):
                yield node
            elif isinstance(node, (FieldNode, InlineFragmentNode)):
                yield node
                if node.selection_set:
                    waiting.append(node.selection_set)


def aliases(selections: SelectionSetNode) -> int:
    """How many fields have an alias."""
    return sum(1 for node in walk(selections) if isinstance(node, FieldNode) and node.alias)


def directives(part: OperationDefinitionNode | FragmentDefinitionNode) -> int:
    """How many directives stand in an operation or fragment."""
    inside = sum(len(node.directives or ()) for node in walk(part.selection_set))
    defined = (part.variable_definitions or ()) if isinstance(part, OperationDefinitionNode) else ()
    return inside + len(part.directives or ()) + sum(len(definition.directives or ()) for definition in defined)


def root_fields(selections: SelectionSetNode, fragments: Fragments) -> int:
    """How many fields stand at the root; a fragment counts once, as execution collects it once."""
    count, seen, waiting = 0, set[str](), [selections]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                count += 1
            elif isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                waiting.append(fragments[node.name.value].selection_set)
    return count


def nesting(selections: SelectionSetNode, fragments: Mapping[str, Nesting], *, introspecting: bool = False) -> Nesting:
    """How deep and how large a selection is, given that of the fragments it spreads."""
    deepest = introspection = fields = 0
    # Selections with the depth of fields and of introspection's lists they stand at; below `__schema` only lists count.
    waiting: list[tuple[SelectionSetNode, int, int, bool]] = [(selections, 0, 0, introspecting)]
    while waiting:
        inner, depth, lists, within = waiting.pop()
        for node in inner.selections:
            deeper, deeper_lists, below = depth, lists, within
            if isinstance(node, FragmentSpreadNode):
                spread = fragments[node.name.value]
                deeper, deeper_lists = depth + spread.depth, lists + spread.introspection
                fields += spread.fields
            elif isinstance(node, FieldNode):
                below = within or node.name.value in {"__schema", "__type"}
                deeper += not below
                deeper_lists += below and node.name.value in INTROSPECTION_LISTS
                fields += 1
            deepest, introspection = max(deepest, deeper), max(introspection, deeper_lists)
            if isinstance(node, (FieldNode, InlineFragmentNode)) and node.selection_set:
                waiting.append((node.selection_set, deeper, deeper_lists, below))
    return Nesting(deepest, introspection, fields)
