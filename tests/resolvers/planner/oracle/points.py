"""How points are answered. Balances are summed from the transfers, which the ledger's own functions never do."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.customers import localised
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import key_in

STATES = ("PENDING", "AVAILABLE", "HELD", "DEBT")
EPOCH, INFINITY = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)
MONTHS_MAX = 36


def accounts(seen: Seen, member: Found) -> set[Any]:
    own = seen.where("points_account", "customer_id", member["customer_id"])
    return {each["id"] for each in own if each["programme_id"] == member["programme_id"]}


def rows_of(seen: Seen, member: Found, table: str) -> list[Found]:
    return [row for account in accounts(seen, member) for row in seen.where(table, "account_id", account)]


def balance_at(seen: Seen, member: Found, *, at: dt.datetime) -> dict[str, int]:
    """All that counts by then, and of what has not been posted what will be due by then."""
    found = dict.fromkeys(STATES, 0)
    for transfer in rows_of(seen, member, "points_transfer"):
        if transfer["effective_at"] <= at:
            for state, sign in ((transfer["credit"], 1), (transfer["debit"], -1)):
                if state in found:
                    found[state] += sign * transfer["amount"]
    for lot in rows_of(seen, member, "points_lot"):
        # None of them owes anything, so what becomes active becomes available.
        waits = lot["open"] and not lot["active"] and lot["activates_at"] <= at
        if waits:
            found["PENDING"] -= lot["remaining"]
            found["AVAILABLE"] += lot["remaining"]
        if lot["open"] and (lot["active"] or waits) and lot["expires_at"] <= at and lot["expires_at"] != INFINITY:
            found["AVAILABLE"] -= lot["remaining"]
    assert found["DEBT"] == 0
    return {state.lower(): found[state] for state in STATES}


def balance(seen: Seen, member: Found) -> dict[str, int]:
    """All that has been posted: the seeded world has nothing that is due and not settled."""
    own = [account for key in accounts(seen, member) for account in seen.where("points_account", "id", key)]
    return {state.lower(): sum(account[state.lower()] for account in own) for state in STATES}


def worth(seen: Seen, member: Found) -> dict[str, Any]:
    programme = programme_of(seen, member)
    amount = balance(seen, member)["available"] * programme["worth_amount"] // programme["worth_points"]
    return {"amount": amount, "currency": programme["worth_currency"]}


def programme_of(seen: Seen, row: Found) -> Found:
    found = seen.one("points_programme", row["programme_id"])
    assert found is not None
    return found


def month(seen: Seen, row: Found, back: int) -> tuple[ZoneInfo, dt.datetime]:
    """The start of the local month that is so many from this one."""
    zone = ZoneInfo(programme_of(seen, row)["time_zone"])
    local = seen.now.astimezone(zone)
    months = local.year * 12 + local.month - 1 + back
    return zone, dt.datetime(months // 12, months % 12 + 1, 1, tzinfo=zone).astimezone(dt.UTC)


def bounded(months: int | None) -> int:
    return 12 if months is None else max(0, min(months, MONTHS_MAX))


def history(seen: Seen, member: Found, *, months: int | None) -> list[dict[str, Any]]:
    ends = [month(seen, member, back)[1] - dt.timedelta(microseconds=1) for back in range(-bounded(months) + 2, 2)]
    instants = [min(end, seen.now) for end in ends]
    return [{"at": at, **balance_at(seen, member, at=at)} for at in instants]


def expiry(seen: Seen, member: Found, *, months: int | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for ahead in range(bounded(months)):
        (zone, first), (_, after) = month(seen, member, ahead), month(seen, member, ahead + 1)
        lots = [lot for lot in rows_of(seen, member, "points_lot") if first < lot["expires_at"] <= after]
        amount = sum(lot["remaining"] for lot in lots if not_due(seen, lot))
        found.append({"month": first.astimezone(zone).date(), "amount": amount})
    return found


def not_due(seen: Seen, lot: Found) -> bool:
    return lot["open"] and seen.now < lot["expires_at"] < INFINITY


def expiring(seen: Seen, lot: Found, *, of: Found, until: dt.datetime | None) -> bool:
    in_time = until is None or lot["expires_at"] <= until
    return lot["account_id"] in accounts(seen, of) and not_due(seen, lot) and in_time


def statement(seen: Seen, transfer: Found, *, of: Found) -> bool:
    return transfer["account_id"] in accounts(seen, of)


def memberships(_: Seen, member: Found, *, number: str | None, customer: str | None) -> bool:
    if number is not None and member["number"] != number:
        return False
    return customer is None or member["customer_id"] == key_in(customer, "Customer")


def spent(seen: Seen, spender: Found) -> int:
    local = seen.now.astimezone(ZoneInfo(programme_of(seen, spender)["time_zone"]))
    return spender["spent"] if spender["month"] == local.date().replace(day=1) else 0


def change(_: Seen, transfer: Found) -> int:
    if transfer["credit"] == "AVAILABLE":
        return transfer["amount"]
    return -transfer["amount"] if transfer["debit"] == "AVAILABLE" else 0


def register(answers: Answers) -> None:
    """Everything that the schema computes of points."""
    answers.answer("PointsProgramme", "name")(localised)
    answers.answer("PointsProgramme", "name_zh")(lambda _seen, programme: programme["name"])
    answers.answer("Query", "points_programmes")(lambda _seen, _row: True)
    answers.answer("Query", "memberships")(memberships)
    answers.answer("Membership", "balance")(balance)
    answers.answer("Membership", "balance_at")(balance_at)
    answers.answer("Membership", "worth")(worth)
    answers.answer("Membership", "history")(history)
    answers.answer("Membership", "expiry")(expiry)
    answers.answer("Membership", "expiring")(expiring)
    answers.answer("Membership", "transfers")(statement)
    answers.answer("Membership", "is_pool")(
        lambda seen, member: any(seen.one("points_account", each)["stripes"] > 1 for each in accounts(seen, member))
    )
    answers.answer("PointsLot", "active")(lambda seen, lot: lot["active"] or lot["activates_at"] <= seen.now)
    answers.answer("PointsLot", "expires_at")(
        lambda _seen, lot: None if lot["expires_at"] == INFINITY else lot["expires_at"]
    )
    answers.answer("PointsTransfer", "change")(change)
    answers.answer("PointsSpender", "spent")(spent)
    answers.answer("PointsSpender", "left")(lambda seen, spender: max(0, spender["month_max"] - spent(seen, spender)))
