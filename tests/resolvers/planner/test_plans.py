"""Plans: one for each combination of facts and no more, a bounded number of them, and what their SQL never says."""

from __future__ import annotations

import itertools
import json
import random
import re
from typing import Any

import pytest

from resolvers.planner.compiler import NotPlanned
from resolvers.planner.documents import Document
from resolvers.planner.engine import Operation
from resolvers.planner.errors import GraphQLFaults, RequestError
from resolvers.planner.plans import PLANS_PER_DOCUMENT_MAX, Plan
from schema.root import MASTER
from segments.audiences import EVERYONE, STAFF, Audience
from segments.scopes import SCOPE_NAMES
from segments.viewer import Viewer
from segments.views import compile_views
from tests.resolvers.planner.conftest import UNLIMITED, Stage
from tests.resolvers.planner.operations.documents import Writer
from tests.resolvers.planner.oracle.texts import cursor, global_id
from tests.resolvers.planner.seeded.factory import Factory

VIEW = compile_views(MASTER, (STAFF,))[STAFF]


def document(source: str) -> Document:
    return Document(VIEW, source, None, UNLIMITED)


def plan(of: Document, **variables: Any) -> Plan:
    return of.plan(of.admit(frozenset(), variables))


def plans(source: str, *requests: dict[str, Any]) -> list[int]:
    """For each request the number of its plan, counted in the order in which they were made."""
    of = document(source)
    made = [plan(of, **each) for each in requests]
    known = list(dict.fromkeys(map(id, made)))
    return [known.index(id(each)) for each in made]


def test_values_share_a_plan() -> None:
    source = "query($s: Segment, $t: String, $n: Int) { customers(filter: {segment: $s, text: $t}, first: $n) { nodes { id } } }"
    requests = [{"s": segment, "t": text, "n": size} for segment in ("MILITARY", "CONSUMER") for text in ("a", "b") for size in (0, 7, 100)]  # fmt: skip
    assert plans(source, *requests) == [0] * len(requests)


def test_each_combination_of_present_members_has_a_plan() -> None:
    source = "query($s: Segment, $t: String) { customers(filter: {segment: $s, text: $t}) { nodes { id } } }"
    requests: list[dict[str, Any]] = [{"s": "MILITARY"}, {"t": "a"}, {"s": "MILITARY", "t": "a"}, {}]
    assert plans(source, *requests, *reversed(requests)) == [0, 1, 2, 3, 3, 2, 1, 0]
    # An explicit null is as absent as what is left out.
    assert plans(source, {}, {"s": None}, {"t": None, "s": None}) == [0, 0, 0]


def test_a_whole_input_object_may_be_absent() -> None:
    source = "query($f: CustomerFilter) { customers(filter: $f) { nodes { id } } }"
    requests: list[dict[str, Any]] = [{}, {"f": None}, {"f": {"text": "a"}}, {"f": {"text": "b"}}]
    assert plans(source, *requests) == [0, 0, 1, 1]


def test_directives_are_facts() -> None:
    source = "query($a: Boolean!, $b: Boolean!) { regions { nodes { code @include(if: $a) name @skip(if: $b) } } }"
    combinations = [{"a": a, "b": b} for a, b in itertools.product((True, False), repeat=2)]
    assert plans(source, *combinations, *combinations) == [0, 1, 2, 3, 0, 1, 2, 3]


def test_cursors_and_ids_share_a_plan_by_their_kind() -> None:
    make = Factory(1)
    source = "query($c: String, $i: ID!) { customers(after: $c) { nodes { id } } node(id: $i) { id } }"
    cursors = [cursor(["名", make.id()]), cursor(["", make.id()])]
    ids = [global_id("Customer", make.id()), global_id("Customer", make.id())]
    requests = [{"c": each, "i": which} for each in cursors for which in ids]
    assert plans(source, *requests) == [0, 0, 0, 0]
    others = [global_id("Region", make.id()), "zz", global_id("Secret", make.id()), "", "A" * 300]
    # Whatever names no type of the view is the same: no client makes plans by inventing names.
    assert plans(source, *({"c": cursors[0], "i": each} for each in others)) == [0, 1, 1, 1, 1]


def test_lists_of_ids_have_a_plan_for_the_types_in_them() -> None:
    make = Factory(1)
    region, customer, nothing = global_id("Region", make.id()), global_id("Customer", make.id()), "zz"
    source = "query($i: [ID!]!) { nodes(ids: $i) { __typename } }"
    lists = [[region], [region, region, nothing], [customer, region], [region, customer], [nothing], []]
    assert plans(source, *({"i": each} for each in lists)) == [0, 0, 1, 1, 2, 2]


def test_a_documents_plans_are_bounded() -> None:
    """Past the bound the tree starts anew, and answers as before."""
    names = [f"key_{letter}" for letter in "abcdefgh"]
    fields = " ".join(f"{name}: totalCount @include(if: ${name})" for name in names)
    of = document(f"query({', '.join(f'${name}: Boolean!' for name in names)}) {{ regions {{ {fields} }} }}")
    for combination in itertools.product((True, False), repeat=len(names)):
        given = dict(zip(names, combination, strict=True))
        made = plan(of, **given)
        assert of.plans.count <= PLANS_PER_DOCUMENT_MAX
        assert [name for name in names if f'AS "{name}"' in made.sql] == [name for name in names if given[name]]
    assert of.plans.count == PLANS_PER_DOCUMENT_MAX


async def test_plans_inside_an_execution_are_bounded_too(stages: dict[Audience, Stage]) -> None:
    """What stands beside introspection is planned by its place, and executed by graphql-core."""
    names = "abcdefgh"
    fields = " ".join(f"{name}: totalCount @include(if: ${name})" for name in names)
    head = ", ".join(f"${name}: Boolean!" for name in names)
    source = f"query({head}) {{ __typename __schema {{ queryType {{ name }} }} regions {{ {fields} }} }}"
    stage = stages[STAFF]
    engine, viewer = stage.comparison.engine, stage.viewers[0]
    for combination in list(itertools.product((True, False), repeat=len(names)))[: PLANS_PER_DOCUMENT_MAX + 9]:
        given = dict(zip(names, combination, strict=True))
        body = json.loads((await engine.execute(viewer, Operation(source, given))).body)
        assert list(body["data"]["regions"]) == [name for name in names if given[name]]
    of = engine._documents[STAFF.value][source, None]
    assert [plans.count for plans in of.read_backs.values()] == [9]


def test_a_refused_request_leaves_no_plan() -> None:
    of = document("query($n: Int, $c: String) { regions(first: $n, after: $c) { totalCount } }")
    for given in ({"n": 101}, {"n": -1}, {"c": "zz"}, {"c": cursor(["a"])}):
        with pytest.raises(RequestError) as refused:
            plan(of, **given)
        assert refused.value.code == "BAD_USER_INPUT"
    assert of.plans.count == 0


def test_what_is_not_sql_is_not_planned() -> None:
    for source in ("{ __schema { queryType { name } } }", '{ regions { totalCount } __type(name: "Region") { name } }'):
        with pytest.raises(NotPlanned):
            plan(document(source))


def test_a_document_must_be_valid() -> None:
    with pytest.raises(GraphQLFaults) as refused:
        document("{ regions { nodes { colour } } }")
    assert refused.value.code == "GRAPHQL_VALIDATION_FAILED"


NEVER = {
    # A plan for all requests at once: 3,180 µs where the plan of one combination took 207 (docs/adr/0005-planner.md).
    "a parameter that may be null": re.compile(r"\$\d+(::[\w ]+(\[\])?)? IS (NOT )?NULL", re.IGNORECASE),
    # With a constant PostgreSQL believes its estimates, which collapse under row policies.
    "a constant limit": re.compile(r"LIMIT (?!\$)", re.IGNORECASE),
    "an offset": re.compile(r"\bOFFSET\b", re.IGNORECASE),
    # Keys over 63 bytes would be cut.
    "a long name": re.compile(r'AS "?\w{64,}'),
}  # fmt: skip


@pytest.mark.parametrize("audience", EVERYONE)
def test_what_sql_never_says(stages: dict[Audience, Stage], audience: Audience) -> None:
    stage = stages[audience]
    view = stage.comparison.engine.views[audience]
    chance = random.Random(3)  # noqa: S311 - repeatable, not secret
    made = 0
    for _ in range(60):
        writer = Writer(view.core, stage.pools[stage.viewers[0]], chance.randbytes(300), fields_max=12)
        source, variables = writer.operation()
        try:
            of = Document(view, source, None, UNLIMITED)
            sql = of.plan(of.admit(SCOPE_NAMES, variables)).sql
        except (NotPlanned, RequestError, GraphQLFaults):
            continue
        made += 1
        without_settings = re.sub(r"set_config\([^)]*\) IS NOT NULL", "", sql)
        for name, pattern in NEVER.items():
            found = pattern.search(without_settings)
            assert found is None, f"{name}: {found}\n{source}"
    assert made > 30


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ('{ product(slug: "x") { slug } }', b'{"data":{"product":', b"}}"),
        ("{ here: regions { nodes { code } } }", b'{"data":{"here":', b"}}"),
        ("{ regions { totalCount nodes { code } } }", b'{"data":{"regions":', b"}}"),
        ("{ __typename }", b'{"data":', b"}"),
        ("{ a: regions { totalCount } b: regions { totalCount } }", b'{"data":', b"}"),
    ],
)
def test_objects_of_one_member_are_not_left_to_postgresql(source: str, before: bytes, after: bytes) -> None:
    made = plan(document(source))
    assert made.body(b"[1]", Viewer.anonymous()) == before + b"[1]" + after
    assert made.body(None, Viewer.anonymous()) == before + b"null" + after
