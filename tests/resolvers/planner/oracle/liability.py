"""How the liability of points is answered: each lot's story is read from its uses, one lot at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.earn_rules import decided
from tests.resolvers.planner.oracle.points import INFINITY
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import Refused, key_in

SUMS = ("pending", "available", "held", "debt", "issued", "redeemed", "expired")
SHOP = "MEMBERS"
USED, MOVED = {"SPEND", "HOLD", "RELEASE", "RESTORE"}, {"TRANSFER", "REBALANCE"}


def liability(seen: Seen, *, programme: str | None, on: dt.date | None) -> dict[str, Any] | None:
    """The whole report."""
    if programme is None:
        owner = next(iter(seen.where("points_programme", "code", SHOP)), None)
    else:
        owner = seen.one("points_programme", key_in(programme, "PointsProgramme"))
    if owner is None:
        return None
    zone = ZoneInfo(owner["time_zone"])
    at = told_at(seen, zone, on)
    settings = [each for each in seen.where("points_worth", "programme_id", owner["id"]) if each["since"] <= at]
    worth = max(settings, key=lambda each: (each["since"], each["version"]))
    return {
        "at": at,
        "programme_id": owner["id"],
        "worth_points": worth["worth_points"],
        "worth": {"amount": worth["worth_amount"], "currency": worth["worth_currency"]},
        "rows": list(rows(list(lots(seen, owner, zone, at)), worth)),
    }


def told_at(seen: Seen, zone: ZoneInfo, on: dt.date | None) -> dt.datetime:
    if on is None:
        return seen.now
    if on > seen.now.astimezone(zone).date():
        raise Refused("BAD_USER_INPUT", "on")
    end = dt.datetime.combine(on + dt.timedelta(days=1), dt.time(), zone).astimezone(dt.UTC)
    return min(seen.now, end - dt.timedelta(microseconds=1))


def lots(seen: Seen, owner: Found, zone: ZoneInfo, at: dt.datetime) -> Iterable[Found]:
    """What became of each lot by then, with its tier and months. Nobody in the seeded world owes points or gave some away."""
    for account in seen.where("points_account", "programme_id", owner["id"]):
        assert account["debt"] == 0
        tier = tier_at(seen, account, at)
        for lot in seen.where("points_lot", "account_id", account["id"]):
            brought = seen.one("points_transfer", lot["id"])
            assert brought is not None
            if brought["effective_at"] <= at:
                yield {"tier": tier, "earned": month(brought["effective_at"], zone), **story(seen, lot, zone, at)}


def story(seen: Seen, lot: Found, zone: ZoneInfo, at: dt.datetime) -> Found:
    uses = [
        (use, seen.one("points_transfer", use["transfer_id"]))
        for use in seen.where("points_lot_use", "lot_id", lot["id"])
    ]
    done = [(use, transfer) for use, transfer in uses if transfer is not None and transfer["effective_at"] <= at]

    def taken(which: Callable[[Found, Found], bool]) -> int:
        return sum(use["amount"] for use, transfer in done if which(use, transfer))

    left = lot["amount"] - taken(lambda _use, _transfer: True)
    # Of the holds of the seeded world none has ended.
    held = taken(lambda _use, transfer: transfer["code"] == "HOLD")
    active, gone = lot["activates_at"] <= at, lot["expires_at"] <= at and lot["expires_at"] != INFINITY
    ends = lot["expires_at"]
    return {
        "expires": None if ends == INFINITY else month(ends - dt.timedelta(microseconds=1), zone),
        "pending": 0 if active else left,
        "available": left if active and not gone else 0,
        "held": held,
        "debt": 0,
        "issued": lot["amount"] - taken(lambda _use, transfer: transfer["code"] in MOVED),
        "redeemed": taken(lambda _use, transfer: transfer["code"] in USED) - held,
        "expired": taken(lambda _use, transfer: transfer["code"] == "EXPIRE") + (left if gone else 0),
    }


def month(at: dt.datetime, zone: ZoneInfo) -> dt.date:
    return at.astimezone(zone).date().replace(day=1)


def tier_at(seen: Seen, account: Found, at: dt.datetime) -> Found | None:
    scheme = next(iter(seen.where("tier_scheme", "programme_id", account["programme_id"])), None)
    if scheme is None:
        return None
    ladder = sorted(seen.where("tier", "programme_id", account["programme_id"]), key=lambda tier: tier["rank"])
    periods = [
        period
        for period in seen.where("tier_membership", "customer_id", account["customer_id"])
        if period["programme_id"] == account["programme_id"] and period["valid_from"] <= at
    ]
    last = max(periods, key=lambda period: period["valid_from"], default=None)
    if last is None:
        return ladder[0]
    if last["valid_until"] > at:
        return next(tier for tier in ladder if tier["id"] == last["tier_id"])
    return decided(seen, account, scheme, ladder, last, at)


def rows(found: list[Found], worth: Found) -> Iterable[Found]:
    """The parts, each by its key in order; money is floored as it runs up."""
    last = dt.date.max
    kinds: tuple[tuple[str, Callable[[Found], Any], Callable[[Any], Any]], ...] = (
        ("WHOLE", lambda _: None, lambda _: 0),
        ("TIER", lambda lot: lot["tier"] and lot["tier"]["id"], lambda key: rank(found, key)),
        ("EARNED", lambda lot: lot["earned"], lambda key: key),
        ("EXPIRES", lambda lot: lot["expires"], lambda key: key or last),
    )
    for part, key_of, order in kinds:
        keys = {key_of(lot) for lot in found} | ({None} if part == "WHOLE" else set())
        owed = broken = 0
        for key in sorted(keys, key=order):
            own = [lot for lot in found if key_of(lot) == key]
            sums = {name: sum(lot[name] for lot in own) for name in SUMS}
            outstanding = sums["pending"] + sums["available"] + sums["held"]
            stayed = outstanding + sums["redeemed"] + sums["expired"]
            share = Decimal(sums["expired"]) / stayed if stayed else None
            yield {
                "part": part,
                "tier_id": key if part == "TIER" else None,
                "month": key if part in {"EARNED", "EXPIRES"} else None,
                **sums,
                "outstanding": outstanding,
                "withdrawn": sums["issued"] - stayed,
                "breakage": share if share is None else share.quantize(Decimal("0.0001"), ROUND_HALF_UP),
                "owed": difference(worth, owed, outstanding),
                "broken": difference(worth, broken, sums["expired"]),
            }
            owed, broken = owed + outstanding, broken + sums["expired"]


def rank(found: list[Found], key: Any) -> int:
    return next((lot["tier"]["rank"] for lot in found if lot["tier"] and lot["tier"]["id"] == key), 0)


def difference(worth: Found, before: int, more: int) -> dict[str, Any]:
    floors = [points * worth["worth_amount"] // worth["worth_points"] for points in (before, before + more)]
    return {"amount": floors[1] - floors[0], "currency": worth["worth_currency"]}


def parts(_: Seen, told: Found, *, of: str | None) -> list[Found]:
    return [row for row in told["rows"] if of is None or row["part"] == of]


def register(answers: Answers) -> None:
    """Tell the oracle of it."""
    answers.answer("Query", "points_liability")(liability)
    answers.answer("PointsLiability", "parts")(parts)
    answers.answer("PointsLiability", "whole")(lambda _seen, told: told["rows"][0])
