"""What the arguments of a request become before SQL sees them."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Annotated, Any

import graphql as g
import pytest
import strawberry

from resolvers.planner.errors import RequestError
from resolvers.planner.values import Values, plain
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


def things(filter: Filter | None = None, word: Annotated[str | None, Through(shouted)] = None) -> list[str]:
    return []


SCHEMA = views(query(things=strawberry.field(resolver=things, directives=[For(*EVERYONE)])))[STAFF].core


def received(source: str) -> dict[str, Any]:
    """What a condition would receive for the first field: None, or the value of the bind."""
    assert SCHEMA.query_type is not None
    operation: Any = g.parse(source).definitions[0]
    variables = SimpleNamespace(coerced={})
    values = Values(variables)
    keywords = values.keywords(SCHEMA.query_type.fields["things"], operation.selection_set.selections[0])
    return {name: bind if bind is None else values.binds[bind.key](variables) for name, bind in keywords.items()}


def test_a_value_goes_through_its_function_when_the_bind_is_filled() -> None:
    assert received('{ things(word: "a") }')["word"] == "A!"
    assert received('{ things(filter: {text: "a", plain: "a"}) }') == {
        "text": "A!",
        "plain": "a",
        "pairs": None,
        "word": None,
    }


def test_what_is_null_or_absent_goes_through_nothing() -> None:
    assert set(received("{ things(word: null, filter: {text: null}) }").values()) == {None}


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
