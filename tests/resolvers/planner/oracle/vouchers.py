"""How coupons, vouchers, rewards and redemptions are answered."""

from __future__ import annotations

from tests.resolvers.planner.oracle.answers import Answer, Answers
from tests.resolvers.planner.oracle.customers import localised
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import key_in


def amount(column: str) -> Answer:
    def answered(_: Seen, coupon: Found) -> Found | None:
        return None if coupon[column] is None else {"amount": coupon[column], "currency": coupon["currency"]}

    return answered


def coupons(_: Seen, row: Found, *, personal: bool | None, ended: bool | None) -> bool:
    return personal in {None, row["personal"]} and ended in {None, row["ended_at"] is not None}


def expired(seen: Seen, row: Found) -> bool:
    return row["status"] == "ISSUED" and row["valid_until"] <= seen.now


def status(seen: Seen, row: Found) -> str:
    return "EXPIRED" if expired(seen, row) else row["status"]


def vouchers(seen: Seen, row: Found, *, usable: bool | None, customer: str | None, coupon: str | None) -> bool:
    return (
        seen.viewer.customer_id in {None, row["customer_id"]}
        and usable in {None, row["status"] == "ISSUED" and not expired(seen, row)}
        and (customer is None or row["customer_id"] == key_in(customer, "Customer"))
        and (coupon is None or row["coupon_id"] == key_in(coupon, "Coupon"))
    )


def tier_name(seen: Seen, row: Found) -> str | None:
    found = [tier for tier in seen.rows["tier"] if tier["id"] == row["tier_id"]]
    return localised(seen, found[0]) if found else None


def offered_now(seen: Seen, row: Found) -> bool:
    begun = row["valid_from"] <= seen.now
    return row["ended_at"] is None and begun and (row["valid_until"] is None or row["valid_until"] > seen.now)


def rewards(seen: Seen, row: Found, *, offered: bool | None) -> bool:
    return offered in {None, offered_now(seen, row)}


def redemptions(seen: Seen, row: Found, *, waiting: bool | None) -> bool:
    own = seen.viewer.customer_id in {None, row["customer_id"]}
    return own and waiting in {None, row["status"] == "WAITING"}


def register(answers: Answers) -> None:
    """Tell the oracle of what takes something off, and of what is had for points."""
    answers.answer("Coupon", "name")(localised)
    answers.answer("Coupon", "name_zh")(lambda _, coupon: coupon["name"])
    for field in ("value", "most", "least"):
        answers.answer("Coupon", field)(amount(f"{field}_amount"))
    answers.answer("Query", "coupons")(coupons)
    answers.answer("Query", "vouchers")(vouchers)
    answers.answer("Voucher", "status")(status)
    answers.answer("Reward", "name")(localised)
    answers.answer("Reward", "tier_name")(tier_name)
    answers.answer("Reward", "offered")(offered_now)
    answers.answer("Query", "rewards")(rewards)
    answers.answer("Query", "reward_redemptions")(redemptions)
