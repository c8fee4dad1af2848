"""The refusals of the ledger's functions: each SQLSTATE they raise, as what a client is told."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from domain.refused import refused_by_function
from foundation.refusals import Refusal

# The functions' own bound (`points_check_amount`): no sum of a programme's points leaves 63 bits.
AMOUNT_MAX = 1_000_000_000_000


def refusal_of(sqlstate: str, _: dict[str, Any]) -> Refusal | None:
    """What a SQLSTATE of the ledger means; None where it is no refusal but a fault."""
    known = {
        "QP001": Refusal("KEY_REUSED", ("key",)),
        "QP002": Refusal("POINTS_INSUFFICIENT", ("amount",)),
        "QP003": Refusal("NOT_FOUND"),
        "QP004": Refusal("OUT_OF_RANGE", ("amount",), min=1, max=AMOUNT_MAX),
        "QP005": Refusal("HOLD_EXCEEDED", ("amount",)),
        "QP006": Refusal("REFUND_EXCEEDED", ("amount",)),
        "QP007": Refusal("TRANSFER_LIMITED", ("amount",)),
        "QP008": Refusal("SPENDER_CAP_REACHED", ("amount",)),
        "QP009": Refusal("NOT_APPROVED"),
        "QP010": Refusal("IN_FUTURE", ("earned_at",)),
        "QP011": Refusal("NO_SPENDER"),
        "QP012": Refusal("RULE_ACTIVE"),
        "QP013": Refusal("NO_SUCH_MEMBER", ("to",)),
    }
    return known.get(sqlstate)


def ledger_refusals() -> AbstractContextManager[None]:
    """Turn what the ledger refuses into refusals."""
    return refused_by_function(refusal_of)
