"""The three questions that every subject answers, and the many ways of asking each, so that no answer is asked twice in a row.

A question is asked in each subject's own dialect; answers are compared in one normal form: lists without their pages,
keys as UUIDs, money as decimal text.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast
from uuid import UUID

from bench.seed import CATEGORIES, SHELVES, VIEWERS, key_of

ShapeName = Literal["product", "list", "customer"]
SHAPES: tuple[ShapeName, ...] = ("product", "list", "customer")
TITLES: Mapping[ShapeName, str] = {
    "product": "one product, 15 fields",
    "list": "list of 20, about 500 leaves",
    "customer": "customer with 10 orders, about 250 leaves",
}
ASKED = 64

# As a client of ours writes them. Variables: `slug`, `category`, `customer`.
DOCUMENTS: Mapping[ShapeName, str] = {
    "product": """query Product($slug: String!) { product(slug: $slug) {
        id slug name summary description brand status weightGrams warrantyMonths releasedOn
        category { id slug name summary parent { name } } } }""",
    "list": """query List($category: ID!) { products(filter: { category: $category }, first: 20) { nodes {
        id slug name brand status weightGrams warrantyMonths releasedOn category { id name }
        variants { id sku name stock { onHand location { name } } } } } }""",
    "customer": """query Customer($customer: ID!) { customer(id: $customer) {
        id kind name unifiedCode region { name }
        orders(first: 10) { nodes { id number channel status placedAt units total { amount currency }
            lines(first: 20) { nodes { id sku name quantity amount { amount currency } } } } } } }""",
}


@dataclass(frozen=True)
class Ask:
    """One request: which of the viewers asks, and with which row in mind."""

    viewer: int
    slug: str
    category: UUID
    customer: UUID


def asks(products: int, seed: int = 4) -> list[Ask]:
    """So many different requests: of products that their viewers may see, and of categories that have none below them.

    A category with others below it lists their products too, which only we know how to do.
    """
    choose = random.Random(seed)
    found: list[Ask] = []
    for number in range(ASKED):
        product = choose.randrange(products // 97) * 97 + choose.randrange(12, 97)
        viewer = 1 + number % VIEWERS
        category = key_of("category", choose.randrange(SHELVES, CATEGORIES) + 1)
        found.append(Ask(viewer, f"product-{product}", category, key_of("customer", viewer)))
    return found


def global_id(type_name: str, key: UUID) -> str:
    """The id that clients of ours hold; written here once more, so that the bench does not ask what it measures."""
    return base64.b64encode((type_name + ":" * (3 - len(type_name) % 3)).encode() + key.bytes).decode()


def variables(shape: ShapeName, ask: Ask) -> dict[str, str]:
    """The variables of a question in our dialect."""
    match shape:
        case "product":
            return {"slug": ask.slug}
        case "list":
            return {"category": global_id("Category", ask.category)}
        case "customer":
            return {"customer": global_id("Customer", ask.customer)}


def normal(answer: object) -> object:
    """An answer of ours without what is ours alone: pages become lists, global ids the UUIDs in them."""
    if isinstance(answer, dict):
        members = cast("dict[str, Any]", answer)
        if set(members) == {"nodes"}:
            return [normal(item) for item in members["nodes"]]
        return {name: key_in(value) if name == "id" else normal(value) for name, value in members.items()}
    if isinstance(answer, list):
        return [normal(item) for item in cast("list[object]", answer)]
    return answer


def key_in(text: str) -> str:
    """The UUID in an id, which may be that UUID itself."""
    return text if text.count("-") == 4 else str(UUID(bytes=base64.b64decode(text)[-16:]))


def leaves(answer: object) -> int:
    """How many scalars an answer holds."""
    if isinstance(answer, dict):
        return sum(leaves(value) for value in cast("dict[str, object]", answer).values())
    if isinstance(answer, list):
        return sum(leaves(item) for item in cast("list[object]", answer))
    return 1
