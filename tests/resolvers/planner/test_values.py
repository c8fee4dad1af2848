"""What the arguments of a request become before SQL sees them."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Annotated, Any

import graphql as g
import pytest
import strawberry

from resolvers.planner.errors import RequestError
from resolvers.planner.values import Values, coerce_input_literal, plain, taken_apart
from segments.audiences import EVERYONE, STAFF
from segments.marks import For, Through
from tests.segments.small_schemas import query, views


def shouted(text: str) -> str:
    return text.upper() + "!"


def joined(wanted: list[dict[str, Any]]) -> str:
    return "; ".join(f"{pair['code']}={pair['value']}" for pair in wanted)


@For(*EVERYONE)
@strawberry.input
class Pair:
    code: str
    value: Decimal


@For(*EVERYONE)
@strawberry.input
class Filter:
    text: Annotated[str | None, Through(shouted)] = None
    pairs: Annotated[list[Pair] | None, Through(joined)] = None
    plain: str | None = None
    defaulted: str | None = "usual"


@For(*EVERYONE)
@strawberry.input
class Needing:
    needed: str = "usual"


def things(
    filter: Filter | None = None,
    word: Annotated[str | None, Through(shouted)] = None,
    needing: Needing | None = None,
) -> list[str]:
    return []


SCHEMA = views(query(things=strawberry.field(resolver=things, directives=[For(*EVERYONE)])))[STAFF].core


def received(source: str, coerced: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a condition would receive for the first field: None, or the value of the bind."""
    assert SCHEMA.query_type is not None
    operation: Any = g.parse(source).definitions[0]
    variables = SimpleNamespace(coerced=coerced or {})
    values = Values(variables)
    keywords = values.keywords(SCHEMA.query_type.fields["things"], operation.selection_set.selections[0])
    return {name: bind if bind is None else values.binds[bind.key](variables) for name, bind in keywords.items()}


def test_a_value_goes_through_its_function_when_the_bind_is_filled() -> None:
    assert received('{ things(word: "a") }')["word"] == "A!"
    assert received('{ things(filter: {text: "a", plain: "a"}) }') == {
        "text": "A!",
        "plain": "a",
        "pairs": None,
        "defaulted": "usual",
        "word": None,
        "needed": None,
    }


def test_what_is_null_or_absent_goes_through_nothing() -> None:
    assert set(received("{ things(word: null, filter: {text: null, defaulted: null}) }").values()) == {None}


def test_a_list_of_input_objects_goes_through_as_a_whole() -> None:
    source = '{ things(filter: {pairs: [{code: "a", value: "1.50"}, {code: "b", value: "2"}]}) }'
    assert received(source)["pairs"] == "a=1.50; b=2"


def test_a_function_receives_only_what_the_database_could_store() -> None:
    with pytest.raises(RequestError) as refused:
        received(r'{ things(word: "a\u0000") }')
    assert refused.value.key == "request.nul_in_text"
    with pytest.raises(RequestError) as refused:
        received(r'{ things(filter: {pairs: [{code: "\u0000", value: "1"}]}) }')
    assert refused.value.key == "request.nul_in_text"


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+101", "0E+99999", "1E-101"])
def test_a_decimal_that_is_no_amount_is_refused(number: str) -> None:
    with pytest.raises(RequestError) as refused:
        plain(Decimal(number))
    assert refused.value.key == "request.decimal_range"


def test_other_decimals_pass() -> None:
    assert plain([Decimal("-1.50"), Decimal("1E+100")]) == [Decimal("-1.50"), Decimal("1E+100")]


ABSENT: dict[str, Any] = {}


@pytest.mark.parametrize("given", [ABSENT, {"v": None}, {"v": "x"}, {"v": "", "w": "y"}])
@pytest.mark.parametrize(
    "literal",
    [
        "{ plain: $v }", "{ plain: $v, text: $w }", '{ plain: $w, text: "said" }', "{ defaulted: $v, text: $v }",
        '{ pairs: [{ code: "a", value: 1 }], plain: $v }', "{ plain: null, text: $v }", "{ defaulted: null, plain: $w }",
    ],
)  # fmt: skip
def test_an_object_literal_is_taken_apart_to_what_graphql_core_makes_of_it(literal: str, given: dict[str, Any]) -> None:
    written = parsed_value(literal)
    type_ = SCHEMA.get_type("Filter")
    members = taken_apart(written, type_)
    assert members is not None
    variables = SimpleNamespace(coerced=given)
    whole = coerce_input_literal(written, type_, variables)
    assert {name: get(variables) for name, get in members.items()} == dict.fromkeys(members) | whole
    source = f"query ($v: String, $w: String) {{ things(filter: {literal}) }}"
    said = received(source, given)
    assert said["plain"] == whole.get("plain")
    assert said["defaulted"] == whole.get("defaulted")
    assert said["text"] == (None if whole.get("text") is None else shouted(whole["text"]))


@pytest.mark.parametrize("literal", ['{ pairs: [{ code: $v, value: 1 }], plain: "x" }', "{ needed: $v }"])
def test_a_literal_that_is_more_than_its_members_is_looked_at_as_a_whole(literal: str) -> None:
    name = "Needing" if "needed" in literal else "Filter"
    assert taken_apart(parsed_value(literal), SCHEMA.get_type(name)) is None


def parsed_value(literal: str) -> Any:
    document: Any = g.parse(f"{{ things(filter: {literal}) }}")
    return document.definitions[0].selection_set.selections[0].arguments[0].value
