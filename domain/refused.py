"""What the database's own functions refuse: their SQLSTATEs, and what they tell beside, become refusals of the rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError

from foundation.refusals import Refusal

# A value that was given is refused: told with its `code` and the `path` to it.
INPUT_REFUSED = "QI001"
# What a SQLSTATE means, with the object that its function told as detail; None where it is no refusal but a fault.
Meaning = Callable[[str, dict[str, Any]], Refusal | None]


@contextmanager
def refused_by_function(meaning: Meaning) -> Generator[None]:
    """Turn what a function refuses into a refusal. The transaction is over then, as with every refusal."""
    try:
        yield
    except (DBAPIError, PostgresError) as error:
        # SQLAlchemy's faults hold the driver's.
        fault = getattr(error.orig, "__cause__", None) if isinstance(error, DBAPIError) else error
        refusal = meaning(getattr(fault, "sqlstate", None) or "", detail_of(fault))
        if refusal is None:
            raise
        raise refusal from error


def detail_of(fault: BaseException | None) -> dict[str, Any]:
    """The object that a function told; empty where it told none, as PostgreSQL does of faults in words of its own."""
    told: str | None = getattr(fault, "detail", None)
    try:
        found: Any = json.loads(told or "{}")
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType] - JSON's keys are texts


def input_refused(sqlstate: str, told: dict[str, Any]) -> Refusal | None:
    """The refusal of a value that was given, which a function tells itself."""
    if sqlstate != INPUT_REFUSED or told["code"] != "IN_FUTURE":
        return None
    return Refusal("IN_FUTURE", tuple(told["path"]))


def input_refusals() -> AbstractContextManager[None]:
    """Turn values that functions refuse into refusals."""
    return refused_by_function(input_refused)
