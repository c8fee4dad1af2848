"""What may stand in the way of a line of a cart, and of what somebody would pay with."""

from __future__ import annotations

import enum


class CartProblem(enum.Enum):
    """Why a line cannot be bought as it stands, or what has changed since it was put in."""

    NOT_FOR_SALE = "NOT_FOR_SALE"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    TOO_FEW = "TOO_FEW"
    PRICE_CHANGED = "PRICE_CHANGED"


class CheckoutProblem(enum.Enum):
    """Why a voucher or points would be refused at checkout, by the codes of those refusals."""

    SIGN_IN_NEEDED = "SIGN_IN_NEEDED"
    VOUCHER_UNKNOWN = "VOUCHER_UNKNOWN"
    VOUCHER_EXPIRED = "VOUCHER_EXPIRED"
    VOUCHER_USED = "VOUCHER_USED"
    COUPON_USED_UP = "COUPON_USED_UP"
    COUPON_MEMBER_MAX = "COUPON_MEMBER_MAX"
    COUPON_OTHER_CURRENCY = "COUPON_OTHER_CURRENCY"
    BELOW_LEAST = "BELOW_LEAST"
    VOUCHER_USELESS = "VOUCHER_USELESS"
    NO_PROGRAMME = "NO_PROGRAMME"
    OTHER_CURRENCY = "OTHER_CURRENCY"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    NO_SPENDER = "NO_SPENDER"
    SPENDER_CAP_REACHED = "SPENDER_CAP_REACHED"
    POINTS_INSUFFICIENT = "POINTS_INSUFFICIENT"


# What `voucher_quote` answers, which are the SQLSTATEs that `voucher_take` raises (domain/vouchers/using.py).
OF_VOUCHERS = {
    "QV001": CheckoutProblem.VOUCHER_UNKNOWN,
    "QV002": CheckoutProblem.VOUCHER_EXPIRED,
    "QV003": CheckoutProblem.VOUCHER_USED,
    "QV004": CheckoutProblem.COUPON_USED_UP,
    "QV005": CheckoutProblem.COUPON_MEMBER_MAX,
    "QV006": CheckoutProblem.COUPON_OTHER_CURRENCY,
    "QV007": CheckoutProblem.BELOW_LEAST,
    "QV008": CheckoutProblem.VOUCHER_USELESS,
}
