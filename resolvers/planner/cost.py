"""What an operation may cost: fields times the sizes of the lists they stand in, as a function of its variables.

A field costs 1. A page multiplies what stands in its `edges` and `nodes` by `first` or `last`, a list is multiplied by the
`ids` it is asked for, any other list by 10. `totalCount` reads every row of its list and introspection builds every type,
so they cost more. `@skip` and `@include` do not lower a cost. A fragment is compiled once; each spread is an addition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from resolvers.planner.values import PAGE_DEFAULT, PAGE_MAX
from segments.core_types import is_list, named_type

LIST_SIZE = 10
INTROSPECTION = {"__schema": 2_000, "__type": 100}
TOTAL_COUNT = 50
PAGED = frozenset({"edges", "nodes"})

Variables = Mapping[str, Any]
# A number, or how to find it among the variables of a request.
Number = int | Callable[[Variables], int]


def number(size: Number, variables: Variables) -> int:
    """The number for a request."""
    return size if isinstance(size, int) else size(variables)


@dataclass(slots=True)
class Cost:
    """What a selection costs: `once`, and `paged` for each row of the page in whose connection it stands, if in one."""

    once: int = 0
    paged: int = 0
    parts: list[Part] = field(default_factory=list["Part"])


@dataclass(frozen=True, slots=True)
class Part:
    """A selection below another, or a fragment beside it.

    A selection adds `(once + page * paged) * times`, to `paged` of the selection around it when that is a connection and
    this is its rows. A spread adds as it is: it has the same rows around it.
    """

    cost: Cost
    spread: bool = False
    page: Number = 0
    times: Number = 1
    of_rows: bool = False


class Price:
    """The cost of an operation. Without parts no variable has a say."""

    def __init__(self, whole: Cost, fragments: Sequence[Cost]) -> None:
        self._whole = whole
        # Each after those that it spreads, so that no evaluation goes deeper than fields are nested.
        self._fragments = [cost for cost in fragments if cost.parts]

    @property
    def constant(self) -> bool:
        """Whether it is the same for all variables."""
        return not self._whole.parts

    def of(self, variables: Variables) -> int:
        """The cost with these variables."""
        known: dict[int, tuple[int, int]] = {}
        for fragment in self._fragments:
            known[id(fragment)] = evaluate(fragment, variables, known)
        return evaluate(self._whole, variables, known)[0]


def evaluate(cost: Cost, variables: Variables, known: Mapping[int, tuple[int, int]]) -> tuple[int, int]:
    """`once` and `paged` with these variables; `known` holds those of fragments."""
    if id(cost) in known:
        return known[id(cost)]
    once, paged = cost.once, cost.paged
    for part in cost.parts:
        more = added(part, evaluate(part.cost, variables, known), variables)
        once, paged = once + more[0], paged + more[1]
    return once, paged


def added(part: Part, inner: tuple[int, int], variables: Variables) -> tuple[int, int]:
    """What a part adds to `once` and `paged`."""
    if part.spread:
        return inner
    total = (inner[0] + number(part.page, variables) * inner[1]) * number(part.times, variables)
    return (0, total) if part.of_rows else (total, 0)


def price(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Sequence[FragmentDefinitionNode]
) -> Price:
    """Compile the cost of a valid operation; `fragments` are those it uses, each after those that it spreads."""
    known: dict[str, Cost] = {}
    compiler = Compiler(schema, known)
    for fragment in fragments:
        type_ = schema.get_type(fragment.type_condition.name.value)
        known[fragment.name.value] = compiler.cost(fragment.selection_set, type_)
    whole = compiler.cost(operation.selection_set, schema.get_root_type(operation.operation))
    return Price(whole, list(known.values()))


@dataclass(frozen=True, slots=True)
class Compiler:
    """Turns selections into costs."""

    schema: GraphQLSchema
    fragments: Mapping[str, Cost]

    def cost(self, selections: SelectionSetNode, type_: GraphQLNamedType | None) -> Cost:
        """The cost of a selection on a type. It recurses as deep as fields are nested, which is limited before."""
        cost = Cost()
        waiting = [(selections, type_)]
        while waiting:
            inner, parent = waiting.pop()
            for node in inner.selections:
                if isinstance(node, FragmentSpreadNode):
                    add(cost, Part(self.fragments[node.name.value], spread=True))
                elif isinstance(node, InlineFragmentNode):
                    condition = node.type_condition
                    on = self.schema.get_type(condition.name.value) if condition else parent
                    waiting.append((node.selection_set, on))
                elif isinstance(node, FieldNode):
                    self.add_field(cost, node, parent)
        return cost

    def add_field(self, cost: Cost, node: FieldNode, parent: GraphQLNamedType | None) -> None:
        """Add a field and what is selected below it."""
        name = node.name.value
        in_connection = is_connection(parent)
        cost.once += TOTAL_COUNT if in_connection and name == "totalCount" else INTROSPECTION.get(name, 1)
        definition = fields_of(parent).get(name)
        if definition is None or not node.selection_set:
            return
        target = named_type(definition.type)
        inner = self.cost(node.selection_set, target)
        if is_connection(target):
            add(cost, Part(inner, page=page(node)))
        elif in_connection and name in PAGED:
            add(cost, Part(inner, of_rows=True))
        else:
            add(cost, Part(inner, times=size(node, definition)))


def add(cost: Cost, part: Part) -> None:
    """Take a part in: as numbers at once where it depends on no variable."""
    if part.cost.parts or callable(part.page) or callable(part.times):
        cost.parts.append(part)
        return
    once, paged = added(part, (part.cost.once, part.cost.paged), {})
    cost.once += once
    cost.paged += paged


def fields_of(type_: GraphQLNamedType | None) -> Mapping[str, Any]:
    """The fields of a type that has some."""
    return type_.fields if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)) else {}


def is_connection(type_: GraphQLNamedType | None) -> bool:
    """Whether a type is a Relay connection, by its shape."""
    fields = fields_of(type_)
    return "pageInfo" in fields and not PAGED.isdisjoint(fields)


def page(node: FieldNode) -> Number:
    """The rows of a page: the larger of `first` and `last`, each as the document or a variable says."""
    found = [argument for name in ("first", "last") if (argument := written(node, name)) is not None]
    literals = [int(value.value) for value in found if isinstance(value, IntValueNode)]
    names = [value.name.value for value in found if isinstance(value, VariableNode)]
    if not names:
        return bounded(max(literals, default=PAGE_DEFAULT))

    def sizes(variables: Variables) -> int:
        given = [value for name in names if isinstance(value := variables.get(name), int)]
        return bounded(max([*literals, *given], default=PAGE_DEFAULT))

    return sizes


def bounded(size: int) -> int:
    """A page over the maximum is refused when it is planned, so it costs no more than that."""
    return min(max(size, 0), PAGE_MAX)


def size(node: FieldNode, definition: Any) -> Number:
    """How many objects a field without a connection holds: one, or a list of the ids or the page it is asked for."""
    if not is_list(definition.type):
        return 1
    if "first" in definition.args:
        return page(node)
    ids = written(node, "ids")
    if isinstance(ids, ListValueNode):
        return len(ids.values)
    if isinstance(ids, VariableNode):
        name = ids.name.value

        def given(variables: Variables) -> int:
            value = variables.get(name)
            return len(cast("list[Any]", value)) if isinstance(value, list) else 1

        return given
    return LIST_SIZE


def written(node: FieldNode, name: str) -> ValueNode | None:
    """The value that a document gives an argument."""
    return next((argument.value for argument in node.arguments or () if argument.name.value == name), None)
