"""The refusals of the orders' functions: each SQLSTATE they raise, as what a client is told."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from domain.refused import refused_by_function
from foundation.refusals import Refusal

# The functions' own bounds.
LINES_MAX = 100
QUANTITY_MAX = 100_000


def refusal_of(sqlstate: str, detail: dict[str, Any]) -> Refusal | None:
    """What a SQLSTATE of the orders' functions means; None where it is no refusal but a fault."""
    name, left = detail.get("name") or "?", detail.get("left", 0)
    known = {
        "QS001": Refusal("NOT_ENOUGH_IN_STOCK", (), name=name, left=left),
        "QS002": Refusal("NOT_FOR_SALE", (), name=name),
        "QS003": Refusal("ORDER_TOO_LARGE", (), lines=LINES_MAX, quantity=QUANTITY_MAX),
        "QS004": Refusal("CURRENCIES_MIXED"),
        "QS005": Refusal("ORDER_STATE", ("order",)),
        "QS006": Refusal("MORE_THAN_ORDER", ()),
        "QS007": Refusal("NOT_WAITING", ("lines",), name=name, left=left),
        "QS008": Refusal("NOT_FOUND", ("order",)),
    }
    return known.get(sqlstate)


def order_refusals() -> AbstractContextManager[None]:
    """Turn what the functions refuse into refusals."""
    return refused_by_function(refusal_of)
