from __future__ import annotations

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, build_schema, parse, validate
from hypothesis import given
from hypothesis import strategies as st

from resolvers.planner.cost import Price, price
from resolvers.planner.limits import in_order_of_use

SCHEMA = build_schema("""
    type Query { products(first: Int, after: String, last: Int): Products!, nodes(ids: [ID!]!): [Node]!, me: Person }
    interface Node { id: ID! }
    union Found = Product | Person
    type Products { edges: [Edge!]!, nodes: [Product!]!, pageInfo: PageInfo!, totalCount: Int!, facets: [Facet!]! }
    type Edge { cursor: String!, node: Product! }
    type PageInfo { endCursor: String }
    type Facet { name: String!, totalCount: Int! }
    type Product implements Node { id: ID!, name: String!, media: [Media!]!, similar(first: Int, last: Int): Products!, found: Found }
    type Media { url: String! }
    type Person implements Node { id: ID!, name: String! }
""")


def priced(source: str) -> Price:
    document = parse(source)
    assert not validate(SCHEMA, document)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    return price(SCHEMA, operation, [fragments[name] for name in in_order_of_use(operation.selection_set, fragments)])


@pytest.mark.parametrize(
    ("source", "cost"),
    [
        ("{ me { id name } }", 3),
        ("{ products(first: 7) { nodes { id } } }", 1 + 1 + 7),
        ("{ products(last: 7) { edges { node { id } } } }", 1 + 1 + 7 * 2),
        ("{ products { nodes { id } } }", 1 + 1 + 20),
        ("{ products(first: 3, last: 9) { nodes { id } } }", 1 + 1 + 9),
        ("{ products(first: 2000000000) { nodes { id } } }", 1 + 1 + 100),
        ("{ products(first: -5) { nodes { id } } }", 1 + 1),
        ("{ products(first: 5) { totalCount pageInfo { endCursor } } }", 1 + 50 + 2),
        ("{ products(first: 5) { facets { name totalCount } } }", 1 + 1 + 10 * 2),
        ("{ products(first: 5) { nodes { media { url } } } }", 1 + 1 + 5 * (1 + 10)),
        ("{ products(first: 5) { nodes { similar { nodes { id } } } } }", 1 + 1 + 5 * (1 + 1 + 20)),
        ("{ products(first: 5) { nodes { similar(first: 2) { edges { cursor } } } } }", 1 + 1 + 5 * (1 + 1 + 2)),
        ('{ nodes(ids: ["a", "b", "c"]) { id ... on Person { name } } }', 1 + 3 * 2),
        ("{ products(first: 5) { nodes { found { ... on Product { id } ... on Person { id } } } } }", 1 + 1 + 5 * 3),
        ("{ products(first: 5) { ...p } } fragment p on Products { totalCount nodes { id } }", 1 + 50 + 1 + 5),
        ("{ products(first: 5) { ...p } } fragment p on Products { ...q } fragment q on Products { nodes { id } }", 7),
        ("{ a: products(first: 5) { ...p } b: products(first: 9) { ...p } } fragment p on Products { nodes { id } }", 18),
    ],
)  # fmt: skip
def test_cost_without_variables(source: str, cost: int) -> None:
    made = priced(source)
    assert made.constant
    assert made.of({}) == cost


@pytest.mark.parametrize(
    ("source", "variables", "cost"),
    [
        ("query($n: Int) { products(first: $n) { nodes { id } } }", {"n": 7}, 1 + 1 + 7),
        ("query($n: Int) { products(first: $n) { nodes { id } } }", {"n": None}, 1 + 1 + 20),
        ("query($n: Int) { products(first: $n) { nodes { id } } }", {}, 1 + 1 + 20),
        ("query($n: Int) { products(first: $n) { nodes { id } } }", {"n": 10**9}, 1 + 1 + 100),
        ("query($n: Int) { products(first: 4, last: $n) { nodes { id } } }", {"n": 7}, 1 + 1 + 7),
        ("query($n: Int) { products(first: 5) { nodes { similar(first: $n) { nodes { id } } } } }", {"n": 2}, 2 + 5 * 4),
        ("query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["a"] * 40}, 1 + 40),
        ("query($n: Int) { products(first: $n) { ...p } } fragment p on Products { ...q } fragment q on Products { nodes { id } }", {"n": 3}, 5),
        ("query($n: Int) { products(first: 5) { ...p } } fragment p on Products { nodes { similar(first: $n) { nodes { id } } } }", {"n": 2}, 2 + 5 * 4),
    ],
)  # fmt: skip
def test_cost_with_variables(source: str, variables: dict[str, Any], cost: int) -> None:
    made = priced(source)
    assert not made.constant
    assert made.of(variables) == cost


@given(st.lists(st.integers(-10, 200), min_size=1, max_size=4))
def test_a_variable_costs_what_its_literal_costs(sizes: list[int]) -> None:
    def query(values: list[str], names: str = "") -> str:
        inner = "id"
        for value in values[1:]:
            inner = f"similar(first: {value}) {{ ...rows }} similar2: similar(last: {value}) {{ nodes {{ {inner} }} }}"
        fragment = f"fragment rows on Products {{ edges {{ node {{ media {{ url }} x: similar(first: {values[0]}) {{ nodes {{ id }} }} }} }} }}"
        return f"query{names} {{ products(first: {values[0]}) {{ ...rows nodes {{ {inner} }} }} }} {fragment}"

    literal = priced(query([str(size) for size in sizes]))
    names = [f"$v{number}" for number in range(len(sizes))]
    variable = priced(query(names, "(" + ", ".join(f"{name}: Int" for name in names) + ")"))
    assert literal.constant
    assert variable.of({name[1:]: size for name, size in zip(names, sizes, strict=True)}) == literal.of({})
