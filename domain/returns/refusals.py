"""The refusals of the function that takes requests for returns: each SQLSTATE it raises, as what a client is told."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError

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


@contextmanager
def return_refusals() -> Generator[None]:
    """Turn what the function refuses into refusals. The transaction is over then, as with every refusal."""
    try:
        yield
    except DBAPIError as error:
        told: str | None = getattr(getattr(error.orig, "__cause__", None), "detail", None)
        sqlstate = getattr(error.orig, "sqlstate", None) or ""
        ours = sqlstate.startswith("QR") or sqlstate == "QS008"
        refusal = refusal_of(sqlstate, json.loads(told) if ours and told else {})
        if refusal is None:
            raise
        raise refusal from error
