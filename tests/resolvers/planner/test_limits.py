from __future__ import annotations

import time
from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, get_introspection_query, parse, validate

from foundation.language import catalogues
from foundation.settings import Settings
from resolvers.planner.limits import DocumentLimits, LimitExceeded

SCHEMA = build_schema("""
    type Query { a: Query, b(x: Int): [Query!], name: String }
""")


def refusal(source: str, **settings: Any) -> str | None:
    document = parse(source)
    assert not validate(SCHEMA, document)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    try:
        DocumentLimits.of(Settings(**settings)).prepare(SCHEMA, document, operation)({})
    except LimitExceeded as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("limit", "most", "within", "beyond"),
    [
        ("depth", 3, "{ a { a { name } } }", "{ a { a { a { name } } } }"),
        ("depth", 3, "{ ... { ... { a { a { name } } } } }", "{ a { ... { a { a { name } } } } }"),
        ("depth", 3, "{ a { ...f } } fragment f on Query { a { name } }", "{ a { a { ...f } } } fragment f on Query { a { name } }"),
        ("aliases", 2, "{ x: name a { y: name } }", "{ x: name a { y: name ... { z: name } } }"),
        ("aliases", 2, "{ x: name ...f } fragment f on Query { y: name }", "{ x: name ...f } fragment f on Query { y: name z: name }"),
        ("root_fields", 2, "{ name a { name a { name } } }", "{ name a { name } x: name }"),
        ("root_fields", 2, "{ ...f ...f } fragment f on Query { name a { name } }", "{ ...f x: name } fragment f on Query { name a { name } }"),
        ("variables", 1, "query($x: Int) { b(x: $x) { name } }", "query($x: Int, $y: Int) { b(x: $x) { b(x: $y) { name } } }"),
        ("fragments", 1, "{ ...f } fragment f on Query { name }", "{ ...f ...g } fragment f on Query { name } fragment g on Query { name }"),
        ("directives", 1, "{ name @skip(if: false) }", "{ name @skip(if: false) ...f } fragment f on Query { name @skip(if: false) }"),
        ("introspection_depth", 1, "{ __schema { types { fields { name } } } }", "{ __schema { types { fields { type { fields { name } } } } } }"),
        ("introspection_depth", 1, '{ __type(name: "Query") { ...t } } fragment t on __Type { fields { name } }',
         '{ __type(name: "Query") { fields { type { ...t } } } } fragment t on __Type { interfaces { name } }'),
        ("fields", 5, "{ a { ...f } name } fragment f on Query { a { name } }",
         "{ a { ...f } name ...f } fragment f on Query { a { name } }"),
        ("cost", 13, "{ name a { b { name } } }", "{ name a { b { name } } x: name }"),
    ],
)  # fmt: skip
def test_a_limit_is_the_last_that_passes(limit: str, most: int, within: str, beyond: str) -> None:
    assert refusal(within, **{f"graphql_{limit}": most}) is None
    assert refusal(beyond, **{f"graphql_{limit}": most}) == f"LIMIT_{limit.upper()}"


def test_introspection_passes_and_does_not_count_as_depth() -> None:
    assert refusal(get_introspection_query(), graphql_depth=1) is None


def test_introspection_is_dear_enough_not_to_be_asked_for_often() -> None:
    many = " ".join(f"s{number}: __schema {{ types {{ name }} }}" for number in range(6))
    assert refusal("{" + many + "}") == "LIMIT_COST"


def test_every_limit_has_its_message_in_both_languages() -> None:
    keys = catalogues().keys()
    assert {f"limit.{name}" for name in DocumentLimits.__slots__} <= keys


@pytest.mark.parametrize(
    "twice", ["a { ...f%d } b { ...f%d }", "...f%d ... { ...f%d }", "x: b { ...f%d } y: a { ...f%d }"]
)
def test_fragments_that_double_with_each_step_are_measured_in_linear_time(twice: str) -> None:
    steps = 90
    bodies = [f"fragment f{n} on Query {{ {twice.replace('%d', str(n + 1))} }}" for n in range(steps)]
    source = "{ ...f0 } " + " ".join(bodies) + f" fragment f{steps} on Query {{ name }}"
    document = parse(source)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    limits = DocumentLimits.of(
        Settings(graphql_depth=1_000, graphql_aliases=1_000, graphql_fields=2**99, graphql_cost=2**60)
    )
    started = time.perf_counter()
    if "{" in twice.split("...", maxsplit=1)[0]:
        with pytest.raises(LimitExceeded):
            limits.prepare(SCHEMA, document, operation)
    else:
        with pytest.raises(LimitExceeded, match="cost"):
            limits.prepare(SCHEMA, document, operation)
    assert time.perf_counter() - started < 0.5
