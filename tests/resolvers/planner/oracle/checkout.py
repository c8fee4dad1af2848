"""How the preview of a checkout is answered: the rules of vouchers and points, written once more."""

from __future__ import annotations

from typing import Any

from tests.resolvers.planner.oracle import cart
from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.points import balance, spent
from tests.resolvers.planner.oracle.seen import Found, Seen

MOST_POINTS = 2**31 - 1


def checkout_preview(seen: Seen, *, token: str | None, voucher: str | None, points: int | None) -> Any:
    own = [row for row in seen.rows["cart"] if cart.own_cart(seen, row, token=token)]
    goods = [
        (seen.one("variant", line["variant_id"]), cost)
        for row in own
        for line in cart.lines(seen, row)
        if (cost := cart.amount(seen, line))
    ]
    if len({cost["currency"] for _, cost in goods}) != 1:
        return None
    currency, subtotal = goods[0][1]["currency"], sum(cost["amount"] for _, cost in goods)

    def money(amount: int) -> dict[str, Any]:
        return {"amount": amount, "currency": currency}

    discount, why, least = quote(seen, voucher, goods, subtotal, currency)
    net = subtotal - discount
    programme = next((row for row in seen.rows["points_programme"] if row["code"] == "MEMBERS"), None)
    usable = programme is not None and programme["worth_currency"] == currency
    most = 0
    if programme is not None and usable:
        most = min(MOST_POINTS, -(-net * programme["worth_points"] // programme["worth_amount"]))
    asked = points or 0
    wrong = refused(seen, programme, currency, asked, most)
    taken = 0 if wrong else asked
    paid = 0
    if programme is not None and taken:
        paid = min(net, taken * programme["worth_amount"] // programme["worth_points"])
    return {
        "subtotal": money(subtotal),
        "discount": money(discount),
        "points": taken,
        "points_max": most,
        "paid_by_points": money(paid),
        "payable": money(net - paid),
        "voucher_problem": why,
        "voucher_least": least,
        "points_problem": wrong,
    }


def quote(
    seen: Seen, code: str | None, goods: list[tuple[Any, Found]], subtotal: int, currency: str
) -> tuple[int, str | None, Found | None]:
    """What a code takes off, why it does not, and the least that it asks for."""
    code = (code or "").strip().upper()
    if not code:
        return 0, None, None
    if seen.viewer.customer_id is None:
        return 0, "SIGN_IN_NEEDED", None
    [customer] = [row for row in seen.world["customer"] if row["id"] == seen.viewer.customer_id]
    given = [row for row in seen.rows["voucher"] if row["code"] == code and row["customer_id"] == customer["id"]]
    offered = [
        row for row in seen.world["coupon"] if row["code"] == code and not row["personal"] and row["ended_at"] is None
    ]
    if given:
        [terms] = [row for row in seen.world["coupon"] if row["id"] == given[0]["coupon_id"]]
        why = of_voucher(seen, given[0])
    else:
        terms = offered[0] if offered else None
        why = of_coupon(seen, terms, customer)
    if why or terms is None:
        return 0, why, None
    if terms["currency"] != currency:
        return 0, "COUPON_OTHER_CURRENCY", None
    if subtotal < terms["least_amount"]:
        return 0, "BELOW_LEAST", {"amount": terms["least_amount"], "currency": terms["currency"]}
    counts = sum(cost["amount"] for variant, cost in goods if on_shelf(seen, variant, terms["category_id"]))
    off = terms["value_amount"] if terms["percent"] is None else counts * terms["percent"] // 100
    off = min(off, counts, counts if terms["most_amount"] is None else terms["most_amount"])
    return (off, None, None) if off else (0, "VOUCHER_USELESS", None)


def of_voucher(seen: Seen, given: Found) -> str | None:
    if given["status"] == "ISSUED":
        return "VOUCHER_EXPIRED" if given["valid_until"] <= seen.now else None
    return "VOUCHER_UNKNOWN" if given["status"] == "CANCELLED" else "VOUCHER_USED"


def of_coupon(seen: Seen, terms: Found | None, customer: Found) -> str | None:
    if terms is None or customer["segment"].lower() not in terms["audiences"]:
        return "VOUCHER_UNKNOWN"
    if seen.now < terms["valid_from"] or (terms["valid_until"] is not None and seen.now >= terms["valid_until"]):
        return "VOUCHER_EXPIRED"
    if terms["uses_max"] is not None and terms["uses"] >= terms["uses_max"]:
        return "COUPON_USED_UP"
    uses = [
        row
        for row in seen.rows["coupon_use"]
        if (row["coupon_id"], row["customer_id"]) == (terms["id"], customer["id"]) and row["status"] != "GIVEN_BACK"
    ]
    return "COUPON_MEMBER_MAX" if terms["member_max"] is not None and len(uses) >= terms["member_max"] else None


def on_shelf(seen: Seen, variant: Found, category: Any) -> bool:
    """Whether a variant stands on a coupon's shelf, or on one below."""
    if category is None:
        return True
    [product] = [row for row in seen.world["product"] if row["id"] == variant["product_id"]]
    at = product["category_id"]
    while at is not None and at != category:
        [at] = [row["parent_id"] for row in seen.world["category"] if row["id"] == at]
    return bool(at == category)


def refused(seen: Seen, programme: Found | None, currency: str, asked: int, most: int) -> str | None:
    """Why so many points are not taken."""
    if asked == 0:
        return None
    if seen.viewer.customer_id is None:
        return "SIGN_IN_NEEDED"
    if programme is None:
        return "NO_PROGRAMME"
    if programme["worth_currency"] != currency:
        return "OTHER_CURRENCY"
    return of_member(seen, programme, asked) if 1 <= asked <= most else "OUT_OF_RANGE"


def of_member(seen: Seen, programme: Found, asked: int) -> str | None:
    """Why a member, or who spends for one, may not use so many points."""
    member = {"programme_id": programme["id"], "customer_id": seen.viewer.customer_id}
    assert seen.viewer.audience is not None
    if seen.viewer.audience.value == "enterprise":
        keys = {**member, "person_id": seen.viewer.person_id}
        spender = [row for row in seen.rows["points_spender"] if all(row[key] == keys[key] for key in keys)]
        if not spender:
            return "NO_SPENDER"
        if spender[0]["month_max"] - spent(seen, spender[0]) < asked:
            return "SPENDER_CAP_REACHED"
    return "POINTS_INSUFFICIENT" if balance(seen, member)["available"] < asked else None


def register(answers: Answers) -> None:
    """Tell the oracle of the preview."""
    answers.answer("Query", "checkout_preview")(checkout_preview)
