"""What may stand in the way of a line of a cart."""

from __future__ import annotations

import enum


class CartProblem(enum.Enum):
    """Why a line cannot be bought as it stands, or what has changed since it was put in."""

    NOT_FOR_SALE = "NOT_FOR_SALE"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    TOO_FEW = "TOO_FEW"
    PRICE_CHANGED = "PRICE_CHANGED"
