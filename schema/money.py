"""Money as clients see it."""

from __future__ import annotations

from decimal import Decimal

from resolvers import money
from resolvers.planner.declare import sql, value
from segments.audiences import EVERYONE
from segments.marks import For


@For(*EVERYONE)
@value
class Money:
    """An amount of a currency. 金额。"""

    amount: Decimal = sql(money.amount)
    currency: str
