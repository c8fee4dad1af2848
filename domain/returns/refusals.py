"""The refusals of the function that takes requests for returns: each SQLSTATE it raises, as what a client is told."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from domain.refused import refused_by_function
from foundation.refusals import Refusal


def refusal_of(sqlstate: str, detail: dict[str, Any]) -> Refusal | None:
    """What a SQLSTATE means; None where it is no refusal but a fault."""
    known = {
        "QS008": Refusal("NOT_FOUND", ("order",)),
        "QR001": Refusal("NOT_DELIVERED", ("order",)),
        "QR002": Refusal("RETURN_TIME_OVER", ("order",), days=detail.get("days", 0)),
        "QR003": Refusal("MORE_THAN_DELIVERED", ("lines",), name=detail.get("name", "?"), left=detail.get("left", 0)),
        "QR004": Refusal("EMPTY", ("lines",)),
    }
    return known.get(sqlstate)


def return_refusals() -> AbstractContextManager[None]:
    """Turn what the function refuses into refusals."""
    return refused_by_function(refusal_of)
