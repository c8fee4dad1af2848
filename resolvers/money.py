"""Money in SQL: an amount in minor units becomes a decimal string with the digits of its currency."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from foundation.money import MINOR_DIGITS
from resolvers.planner.sqljson import literal


def amount(money: sa.FromClause) -> sa.ColumnElement[Any]:
    """The amount in major units, exact: `26800.00` for CNY, `500` for JPY."""
    cases = [
        (money.c.currency == literal(currency), decimal(money.c.amount, digits))
        for currency, digits in MINOR_DIGITS.items()
    ]
    two = decimal(money.c.amount, 2)
    # Most money has two digits: ask that first, so that a row costs one comparison.
    return sa.case((money.c.currency == literal("CNY"), two), *cases, else_=two)


def decimal(minor: sa.ColumnElement[Any], digits: int) -> sa.ColumnElement[Any]:
    """Minor units as a numeric of so many digits."""
    units = sa.cast(minor, sa.Numeric())
    return sa.cast(units / sa.literal_column(str(10**digits)), sa.Numeric(30, digits))
