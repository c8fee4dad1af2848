"""Words that belong to some audiences: the views of the others do not know them, not even in a description."""

from __future__ import annotations

import re
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
)

from schema.snapshots import view_text
from schema.views import compiled_views
from segments.audiences import CONSUMER, ENTERPRISE, GOVERNMENT, MILITARY, Audience

# Of what consumers and companies buy and are rewarded for. As parts of names and texts, in both languages.
SHOPPING = (
    *(
        "points",
        "member",
        "tier",
        "reward",
        "voucher",
        "coupon",
        "cart",
        "checkout",
        "payment",
        "appointment",
        "loyalty",
    ),
    *("积分", "会员", "等级", "礼品", "代金券", "优惠券", "购物车", "结算", "支付", "预约"),
)
# An employee who serves an account, which military and government customers have too.
OTHERWISE_MEANT = "Team Member"
VIEWS = compiled_views()


def words_of(schema: GraphQLSchema) -> list[tuple[str, str]]:
    """Every name and description of a view's own types, each with where it stands."""
    found: list[tuple[str, str]] = []

    def note(place: str, name: str, description: str | None) -> None:
        found.extend((place, text) for text in (name, description or ""))

    for type_ in schema.type_map.values():
        if type_.name.startswith("__"):
            continue
        note(type_.name, type_.name, type_.description)
        for name, element in parts_of(type_).items():
            note(f"{type_.name}.{name}", name, element.description)
            for argument, each in getattr(element, "args", {}).items():
                note(f"{type_.name}.{name}({argument}:)", argument, each.description)
    for directive in schema.directives:
        note(f"@{directive.name}", directive.name, directive.description)
    return found


def parts_of(type_: GraphQLNamedType) -> dict[str, Any]:
    if isinstance(type_, GraphQLEnumType):
        return dict(type_.values)
    if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)):
        return dict(type_.fields)
    return {}


@pytest.mark.parametrize("audience", [MILITARY, GOVERNMENT], ids=lambda each: each.value)
@pytest.mark.parametrize("word", SHOPPING)
def test_a_view_does_not_know_the_word(audience: Audience, word: str) -> None:
    # `frontier` has no tier in it.
    sought = re.compile(rf"\b{word}" if word.isascii() else word, re.IGNORECASE)
    found = [place for place, text in words_of(VIEWS[audience].core) if sought.search(split_names(text))]
    assert found == []


def split_names(text: str) -> str:
    """Compound names apart: `membershipNumber` is two words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", text).replace(OTHERWISE_MEANT, "")


@pytest.mark.parametrize("word", ["points", "member", "payment"])
def test_the_search_finds_what_is_there(word: str) -> None:
    for audience in (CONSUMER, ENTERPRISE):
        assert word in split_names(view_text(VIEWS[audience])).lower()
