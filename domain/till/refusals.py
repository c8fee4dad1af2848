"""The refusals of the tills' functions in the database: each SQLSTATE they raise, as what a client is told."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from domain.orders.refusals import refusal_of as order_refusal_of
from domain.refused import refused_by_function
from foundation.refusals import Refusal


def refusal_of(sqlstate: str, detail: dict[str, Any]) -> Refusal | None:
    """What a SQLSTATE of the functions means; None where it is no refusal but a fault."""
    known = {
        "QT001": Refusal("NOT_PAYABLE", ("order",)),
        "QT002": Refusal("NOT_PAID_AT_TILL", ("refund",)),
        "QT003": Refusal("RECEIPT_USED", ("receipt",)),
        "QT004": Refusal("REFUND_ENDED", ("refund",)),
        "QT005": Refusal("OTHER_STORE", ()),
    }
    return known.get(sqlstate) or order_refusal_of(sqlstate, detail)


def till_refusals() -> AbstractContextManager[None]:
    """Turn what the functions refuse into refusals."""
    return refused_by_function(refusal_of)
