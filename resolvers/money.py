"""Money in SQL: an amount in minor units becomes a decimal string with the digits of its currency."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from foundation.money import MINOR_DIGITS
from resolvers.planner.sqljson import literal

EXCEPTIONS = sorted(set(MINOR_DIGITS.values()))


def amount(money: sa.FromClause) -> sa.ColumnElement[Any]:
    """The amount in major units, exact: `26800.00` for CNY, `500` for JPY."""
    units = sa.cast(money.c.amount, sa.Numeric())
    exceptions = [(money.c.currency == sa.any_(currencies(digits)), scaled(units, digits)) for digits in EXCEPTIONS]
    # Most money is of this one currency: ask for it first, so that a row costs one comparison.
    return sa.case((money.c.currency == literal("CNY"), scaled(units, 2)), *exceptions, else_=scaled(units, 2))


def scaled(units: sa.ColumnElement[Any], digits: int) -> sa.ColumnElement[Any]:
    """Minor units as a numeric of so many digits: of a product PostgreSQL keeps the factors' digits, and no more."""
    return units if digits == 0 else units * sa.literal_column(f"0.{1:0{digits}}", sa.Numeric())


def currencies(digits: int) -> sa.ColumnElement[Any]:
    """The currencies of so many digits, as an array."""
    names = ",".join(currency for currency, its_digits in MINOR_DIGITS.items() if its_digits == digits)
    return sa.literal_column(f"'{{{names}}}'::text[]", sa.ARRAY(sa.Text()))
