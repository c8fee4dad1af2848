"""What the stock of something says to those who want it."""

from __future__ import annotations

import enum

# At most so many are few: whoever wants several asks first.
LOW_STOCK_MAX = 5


class Availability(enum.Enum):
    """Whether something can be had now. Services and software are not kept in stock."""

    IN_STOCK = "IN_STOCK"
    LOW_STOCK = "LOW_STOCK"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    NOT_STOCKED = "NOT_STOCKED"
