"""Submitted texts become variables."""

from __future__ import annotations

from typing import Any

import graphql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.pages.coercion import Coercion, Mistake, Problem
from portal.pages.document import read_document
from portal.pages.fields import Fields, TooManyFieldsError, read_fields
from tests.portal.pages.samples import built

SDL = """
scalar Date
scalar DateTime
scalar BigInt
enum Colour { RED GREEN }
input Wish { code: String! values: [String!]! least: Int }
input Inner { word: String! count: Int }
input Outer {
  id: ID! text: String whole: Int! number: Float yes: Boolean colour: Colour colours: [Colour!] words: [String!]!
  inner: Inner rows: [Inner!] deep: Outer kept: Int! = 3
}
type Query {
  f(
    outer: Outer, text: String, whole: Int, number: Float, yes: Boolean, colour: Colour, wholes: [Int!],
    date: Date, at: DateTime, big: BigInt, must: Int, wishes: [Wish!]
  ): Int
}
"""
SCHEMA = built(SDL)


def only_dates(text: str) -> str:
    if len(text) != 10:
        raise ValueError(text)
    return text


SCHEMA.type_map["Date"].parse_value = only_dates  # type: ignore[attr-defined]
SCHEMA.type_map["BigInt"].parse_value = int  # type: ignore[attr-defined]


def coerced(declared: str, pairs: list[tuple[str, str]], *, form: bool = False) -> tuple[dict[str, Any], list[Problem]]:
    """The variables of an operation with these declarations."""
    arguments = ", ".join(
        f"{part.split(':')[0].strip()[1:]}: {part.split(':')[0].strip()}" for part in declared.split(",")
    )
    source = f"query ({declared}) {{ f({arguments}) }}"
    document = read_document("a.graphql", source, SCHEMA, graphql.OperationType.QUERY)
    coercion = Coercion(Fields(pairs), emptied_is_null=form)
    return coercion.values(document.variables), coercion.problems


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=20)
WHOLES = st.integers(-(2**31), 2**31 - 1)
COLOURS = st.sampled_from(["RED", "GREEN"])


def present(members: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]) -> Any:
    return st.fixed_dictionaries(members, optional=optional)


INNER = present({"word": TEXTS}, {"count": WHOLES})
OUTER = st.deferred(
    lambda: present(
        {"id": TEXTS, "whole": WHOLES, "words": st.lists(TEXTS, max_size=3)},
        {
            "text": TEXTS,
            "number": st.floats(allow_nan=False, allow_infinity=False, width=32),
            "yes": st.booleans(),
            "colour": COLOURS,
            "colours": st.lists(COLOURS, min_size=1, max_size=3),
            "inner": INNER,
            "rows": st.lists(INNER, min_size=1, max_size=12),
            "deep": OUTER,
            "kept": WHOLES,
        },
    )
)


def written(path: str, value: Any) -> list[tuple[str, str]]:
    """A value as a form's fields write it."""
    if isinstance(value, dict):
        return [pair for name, each in value.items() for pair in written(f"{path}.{name}", each)]
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            return [pair for i, each in enumerate(value) for pair in written(f"{path}.{i}", each)]
        return [pair for each in value for pair in written(path, each)]
    return [(path, {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value))]


@given(OUTER, st.randoms(use_true_random=False))
def test_whatever_is_written_is_read_again(value: dict[str, Any], random: Any) -> None:
    pairs = written("outer", value)
    # Fields may stand in any order, as long as the values of one name keep theirs.
    order = {name: random.random() for name, _ in pairs}
    pairs.sort(key=lambda pair: order[pair[0]])
    values, problems = coerced("$outer: Outer!", [*pairs, ("unknown", "1"), ("outer.unknown", "1")], form=True)
    assert problems == []
    assert values == {"outer": value}


@given(st.lists(st.tuples(st.text(max_size=12) | st.sampled_from(["outer.rows.0.word", "whole"]), st.text(max_size=8))))
def test_nothing_that_can_be_sent_is_a_fault(pairs: list[tuple[str, str]]) -> None:
    """What comes through without a problem is accepted by graphql-core too."""
    values, problems = coerced("$outer: Outer, $whole: Int, $number: Float, $colour: Colour", pairs)
    if not problems:
        tree = graphql.parse("query ($outer: Outer, $whole: Int, $number: Float, $colour: Colour) { __typename }")
        assert not graphql.execute_sync(SCHEMA, tree, variable_values=values).errors


@pytest.mark.parametrize(
    ("declared", "pairs", "values"),
    [
        ("$text: String", [("text", "")], {}),
        ("$text: String", [("text", " a \r\nb ")], {"text": " a \nb "}),
        ("$whole: Int", [("whole", " 7 ")], {"whole": 7}),
        ("$whole: Int", [("whole", "1"), ("whole", "2")], {"whole": 2}),
        ("$number: Float", [("number", "1.5e3")], {"number": 1500.0}),
        ("$yes: Boolean", [("yes", "false"), ("yes", "on")], {"yes": True}),
        ("$wholes: [Int!]", [("wholes", "1"), ("wholes", ""), ("wholes", "2")], {"wholes": [1, 2]}),
        ("$big: BigInt", [("big", "9007199254740993")], {"big": "9007199254740993"}),
        ("$at: DateTime", [("at", "2026-11-24T09:30")], {"at": "2026-11-24T09:30+08:00"}),
        ("$at: DateTime", [("at", "2026-11-24")], {"at": "2026-11-24T00:00+08:00"}),
        ("$at: DateTime", [("at", "2026-11-24T09:30:00Z")], {"at": "2026-11-24T09:30:00Z"}),
        ("$must: Int! = 4", [], {}),
        ("$must: Int! = 4", [("must", "")], {}),
        ("$must: Int! = 4", [("must", "5")], {"must": 5}),
    ],
)
def test_values(declared: str, pairs: list[tuple[str, str]], values: dict[str, Any]) -> None:
    assert coerced(declared, pairs) == (values, [])


def test_a_field_emptied_on_a_form_is_null_and_in_an_address_absent() -> None:
    assert coerced("$text: String, $whole: Int", [("text", "")], form=True) == ({"text": None}, [])
    assert coerced("$text: String, $whole: Int", [("text", "")]) == ({}, [])


@pytest.mark.parametrize(
    ("declared", "text", "mistake"),
    [
        ("$whole: Int", "1.5", Mistake.NOT_WHOLE),
        ("$whole: Int", "١", Mistake.NOT_WHOLE),
        ("$whole: Int", "2147483648", Mistake.OUT_OF_RANGE),
        ("$number: Float", "inf", Mistake.NOT_NUMBER),
        ("$number: Float", "1e999", Mistake.OUT_OF_RANGE),
        ("$yes: Boolean", "perhaps", Mistake.NOT_CHOICE),
        ("$colour: Colour", "red", Mistake.NOT_CHOICE),
        ("$colour: Colour", "__proto__", Mistake.NOT_CHOICE),
        ("$date: Date", "tomorrow", Mistake.MALFORMED),
        ("$big: BigInt", "x", Mistake.MALFORMED),
        ("$text: String", "a\0b", Mistake.MALFORMED),
        ("$must: Int!", "", Mistake.MISSING),
    ],
)
def test_mistakes(declared: str, text: str, mistake: Mistake) -> None:
    name = declared.partition(":")[0][1:]
    assert coerced(declared, [(name, text)])[1] == [Problem(name, mistake)]


def test_missing_members_of_an_object_are_named_each() -> None:
    values, problems = coerced("$outer: Outer!", [("outer.inner.count", "x")])
    assert values
    assert [(problem.path, problem.mistake) for problem in problems] == [
        ("outer.id", Mistake.MISSING),
        ("outer.whole", Mistake.MISSING),
        ("outer.inner.word", Mistake.MISSING),
        ("outer.inner.count", Mistake.NOT_WHOLE),
    ]


def test_rows_are_read_in_the_order_of_their_numbers_and_bounded() -> None:
    pairs = [(f"outer.rows.{number}.word", str(number)) for number in (10, 9, 100000, 2)]
    rows = coerced("$outer: Outer", pairs)[0]["outer"]["rows"]
    assert [row["word"] for row in rows] == ["2", "9", "10"]
    many = Fields([(f"rows.{number}.word", "x") for number in range(999)])
    assert len(many.rows("rows")) == 200


def test_more_fields_than_a_form_has_are_refused() -> None:
    with pytest.raises(TooManyFieldsError):
        read_fields("&".join("a=1" for _ in range(1001)))


def test_rows_with_a_code_may_be_named_by_it() -> None:
    pairs = [("wishes.use.values", "a"), ("wishes.grade.values", "IP67"), ("wishes.grade.values", "IP68")]
    expected = [{"code": "grade", "values": ["IP67", "IP68"]}, {"code": "use", "values": ["a"]}]
    assert coerced("$wishes: [Wish!]", pairs) == ({"wishes": expected}, [])
    # A box of a facet that nothing was ticked of is no row, and what is wrong with a named row is named by its path.
    assert coerced("$wishes: [Wish!]", [("wishes.use.values", "")]) == ({}, [])
    numbered = [("wishes.0.code", "use"), ("wishes.0.values", "a"), ("wishes.grade.least", "x")]
    _, problems = coerced("$wishes: [Wish!]", numbered)
    assert problems == [Problem("wishes.grade.least", Mistake.NOT_WHOLE)]


def test_rows_without_a_code_have_numbers_only() -> None:
    assert (
        coerced("$outer: Outer", [("outer.id", "1"), ("outer.whole", "1"), ("outer.rows.first.word", "a")])[0][
            "outer"
        ].get("rows")
        is None
    )
