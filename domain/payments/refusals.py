"""The refusals of the payments' functions in the database: each SQLSTATE they raise, as what a client is told."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from domain.refused import refused_by_function
from foundation.refusals import Refusal


def refusal_of(sqlstate: str, _: dict[str, Any]) -> Refusal | None:
    """What a SQLSTATE of the functions means; None where it is no refusal but a fault."""
    known = {
        "QM001": Refusal("NOT_PAYABLE", ("order",)),
        "QM002": Refusal("PAYMENT_OPEN", ("order",)),
        "QM003": Refusal("KEY_REUSED", ("key",)),
        "QM004": Refusal("REFUND_EXCEEDS_PAYMENT", ("amount",)),
        "QM005": Refusal("NOT_FOUND", ("refund",)),
        "QM006": Refusal("REFUND_NOT_FAILED", ("refund",)),
        "QM007": Refusal("PAYMENT_DIFFERS", ("amount",)),
    }
    return known.get(sqlstate)


def payment_refusals() -> AbstractContextManager[None]:
    """Turn what the functions refuse into refusals."""
    return refused_by_function(refusal_of)
