"""Pages without the fields that a visitor may not ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.pages.faults import PageFault
from portal.pages.page import Page
from portal.pages.registry import Registry, read_pages
from segments.audiences import STAFF
from tests.portal.pages.samples import built

SDL = """
type Money { amount: String! }
interface Entry { at: String! }
type Visit implements Entry { at: String! }
type Order implements Entry { at: String! number: String! }
type Product { name: String! cost: Money origin: Product }
type Query { product(id: ID!): Product products: [Product!]! orders(first: Int): [Product!]! entries: [Entry!]! }
"""
NEEDS = {
    "Order": "orders:read",
    "Order.at": "orders:read",
    "Order.number": "orders:read",
    "Product.cost": "products:cost",
    "Product.origin": "programmes:origin",
    "Query.orders": "orders:read",
}
COST, ORIGIN = "products:cost", "programmes:origin"
WHOLE = """# title: 产品
# nav: 1
{front}
query Product{variables} {{ products {{ __typename name cost {{ amount }} origin {{ name cost {{ amount }} }} }} {more} }}
"""


def read(folder: Path, front: str = "# optional: products:cost programmes:origin", more: str = "") -> Registry:
    """One page of staff's."""
    (folder / "staff").mkdir(exist_ok=True)
    (folder / "staff/product.html").write_text("")
    (folder / "staff/product.graphql").write_text(
        WHOLE.format(front=front, more=more, variables="($first: Int)" if "$first" in more else "").replace(
            "\n\n", "\n"
        )
    )
    return read_pages([folder], {STAFF: built(SDL, NEEDS)})


def asked(page: Page, *held: str) -> str:
    """The operation for somebody who holds these scopes, on one line."""
    return " ".join(page.document_for(frozenset(held)).source.split())


def test_fields_that_ask_for_a_missing_optional_scope_are_left_out(tmp_path: Path) -> None:
    page = read(tmp_path).page("staff/product")
    assert page.document_for(frozenset({COST, ORIGIN, "orders:read"})) is page.document
    assert asked(page, ORIGIN) == "query Product { products { __typename name origin { name } } }"
    assert asked(page, COST) == "query Product { products { __typename name cost { amount } } }"
    assert asked(page) == "query Product { products { __typename name } }"


def test_what_asked_for_nothing_else_goes_too(tmp_path: Path) -> None:
    page = read(tmp_path, "# optional: products:cost", "other: products { cost { amount } }").page("staff/product")
    assert "other" not in asked(page, ORIGIN)
    assert "other" in asked(page, ORIGIN, COST)


def test_what_only_left_out_fields_were_given_goes_with_them(tmp_path: Path) -> None:
    page = read(tmp_path, "# optional: orders:read", "orders(first: $first) { name }").page("staff/product")
    assert "$first" not in asked(page, COST, ORIGIN)
    assert asked(page, COST, ORIGIN, "orders:read").count("$first") == 2


def test_a_list_of_what_may_hold_something_hidden_goes_as_a_whole(tmp_path: Path) -> None:
    page = read(tmp_path, "# optional: orders:read", "entries { at ... on Order { number } }").page("staff/product")
    assert "entries" not in asked(page, COST, ORIGIN)
    assert "entries" in asked(page, "orders:read")


def test_other_scopes_are_needed(tmp_path: Path) -> None:
    page = read(tmp_path, more="orders { name }").page("staff/product")
    assert page.scopes == {"orders:read"}
    assert "orders" in asked(page)


def test_the_navigation_has_what_may_be_seen(tmp_path: Path) -> None:
    registry = read(tmp_path, more="orders { name }")
    assert registry.navigation(STAFF, frozenset()) == []
    assert [page.name for page in registry.navigation(STAFF, frozenset({"orders:read"}))] == ["product"]


@pytest.mark.parametrize(
    ("front", "more", "reason"),
    [
        ("# optional: orders:read", "", "no field asks for orders:read"),
        ("# optional: a b c d e", "", "no field asks for a, b, c, d, e"),
    ],
)
def test_faults(tmp_path: Path, front: str, more: str, reason: str) -> None:
    with pytest.raises(PageFault, match=reason):
        read(tmp_path, front, more)
