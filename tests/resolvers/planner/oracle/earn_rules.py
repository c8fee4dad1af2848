"""How earn rules and tiers are answered; what a member did is summed anew, by the wall calendar of the programme."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from typing import Any
from zoneinfo import ZoneInfo

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.customers import localised
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import key_in

INFINITY = dt.datetime.max.replace(tzinfo=dt.UTC)


def months_before(instant: dt.datetime, months: int, zone: str) -> dt.datetime:
    """The same wall clock so many months earlier; the last day of a shorter month."""
    local = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day, tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def status(seen: Seen, version: Found) -> str:
    if version["activated_at"] is None:
        return "DRAFT"
    if version["ended_at"] is not None and version["ended_at"] <= seen.now:
        return "ENDED"
    if version["valid_from"] > seen.now:
        return "SCHEDULED"
    others = seen.where("earn_rule_version", "rule_id", version["rule_id"])
    begun = [other for other in others if other["activated_at"] is not None and other["valid_from"] <= seen.now]
    return "IN_FORCE" if max(begun, key=lambda other: other["valid_from"]) is version else "FOLLOWED"


def money(column: str) -> Any:
    """An amount of a version, in its programme's currency."""

    def told(seen: Seen, version: Found) -> dict[str, Any]:
        rule = seen.one("earn_rule", version["rule_id"])
        assert rule is not None
        programme = seen.one("points_programme", rule["programme_id"])
        assert programme is not None
        return {"amount": version[column], "currency": programme["worth_currency"]}

    return told


def standing(seen: Seen, member: Found) -> dict[str, Any] | None:
    """What is told of a member's tier; an end is told of what is written down alone."""
    scheme = next(iter(seen.where("tier_scheme", "programme_id", member["programme_id"])), None)
    if scheme is None:
        return None
    ladder = sorted(seen.where("tier", "programme_id", member["programme_id"]), key=lambda tier: tier["rank"])
    periods = [
        period
        for period in seen.where("tier_membership", "customer_id", member["customer_id"])
        if period["programme_id"] == member["programme_id"] and period["valid_from"] <= seen.now
    ]
    last = max(periods, key=lambda period: period["valid_from"], default=None)
    ended = last is not None and last["valid_until"] <= seen.now
    own = ladder[0] if last is None else next(tier for tier in ladder if tier["id"] == last["tier_id"])
    if ended:
        own = decided(seen, member, scheme, ladder, last, seen.now)
    place = ladder.index(own)
    following = ladder[place + 1] if place + 1 < len(ladder) else None
    return {
        "code": own["code"],
        "name": localised(seen, own),
        "measure": scheme["measure"],
        "valid_until": None if last is None or ended or last["valid_until"] == INFINITY else last["valid_until"],
        "reached": reached(seen, member, scheme, seen.now),
        "next_name": None if following is None else localised(seen, following),
        "next_min": None if following is None else following["qualifying_min"],
    }


def decided(seen: Seen, member: Found, scheme: Found, ladder: list[Found], last: Found, at: dt.datetime) -> Found:
    """The tier at an instant after a period that ended: each period is decided by what the months before it reach."""
    programme = seen.one("points_programme", member["programme_id"])
    assert programme is not None
    ended = last["valid_until"]
    while True:
        did = max(reached(seen, member, scheme, ended), 0)
        found = [tier for tier in ladder if tier["qualifying_min"] <= did][-1]
        if found is ladder[0] or scheme["keeps_months"] is None:
            return found
        ended = kept_until(ended, scheme["keeps_months"], programme["time_zone"])
        if ended > at:
            return found


def kept_until(instant: dt.datetime, months: int, zone: str) -> dt.datetime:
    """The end of the local day so many months later."""
    day = months_before(instant, -months, zone).astimezone(ZoneInfo(zone)).date() + dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC)


def reached(seen: Seen, member: Found, scheme: Found, at: dt.datetime) -> int:
    programme = seen.one("points_programme", member["programme_id"])
    assert programme is not None
    begins = months_before(at, scheme["window_months"], programme["time_zone"])
    return sum(
        entry[scheme["measure"].lower()]
        for entry in seen.where("qualifying_entry", "customer_id", member["customer_id"])
        if entry["programme_id"] == member["programme_id"] and begins < entry["at"] <= at
    )


def of_programme(_: Seen, row: Found, *, programme: str | None) -> bool:
    return programme is None or key_in(programme, "PointsProgramme") == row["programme_id"]


def register(answers: Answers) -> None:
    """Everything that the schema computes of earn rules and tiers."""
    for type_name in ("EarnRule", "Tier"):
        answers.answer(type_name, "name")(localised)
        answers.answer(type_name, "name_zh")(lambda _seen, row: row["name"])
    answers.answer("EarnRuleVersion", "status")(status)
    answers.answer("EarnRuleVersion", "per")(money("amount"))
    answers.answer("EarnRuleVersion", "order_amount_min")(money("order_amount_min"))
    answers.answer("EarnRuleVersion", "budget_used")(
        lambda seen, version: sum(part["used"] for part in seen.where("earn_budget", "version_id", version["id"]))
    )
    answers.answer("Membership", "tier")(standing)
    for name in ("earn_rules", "tiers", "tier_schemes"):
        answers.answer("Query", name)(of_programme)
