"""How customers, their people and their histories are answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import key_in

SEGMENTS = ("CONSUMER", "ENTERPRISE", "GOVERNMENT", "MILITARY")


def localised(seen: Seen, row: Found, column: str = "name") -> str:
    """English for those who read it, where there is one."""
    english = row[f"{column}_en"]
    return english if seen.viewer.language == "en" and english is not None else row[column]


def held(row: Found, moment: Any) -> bool:
    """Whether a period includes a moment or day: its start, not its end."""
    return bool(row["valid_from"] <= moment and (row["valid_until"] is None or moment < row["valid_until"]))


def contains(text: str | None, part: str) -> bool:
    """Whether a text has a part, in whatever case."""
    return text is not None and part.lower() in text.lower()


def last_contact_at(seen: Seen, customer: Found) -> dt.datetime | None:
    moments = [row["at"] for row in seen.where("interaction", "customer_id", customer["id"])]
    return max(moments, default=None)


def contact_overdue(seen: Seen, customer: Found) -> bool:
    days = customer["contact_days_max"]
    since = last_contact_at(seen, customer) or customer["created_at"]
    return days is not None and seen.now - since > dt.timedelta(days=days)


def contact_due_at(seen: Seen, customer: Found) -> dt.datetime | None:
    since, days = last_contact_at(seen, customer) or customer["created_at"], customer["contact_days_max"]
    return None if days is None else since + dt.timedelta(days=days)


def contact_overdue_days(seen: Seen, customer: Found) -> int:
    """Every day that has begun counts."""
    due = contact_due_at(seen, customer)
    return 0 if due is None else max(-((due - seen.now) // dt.timedelta(days=1)), 0)


def viewer_employee(seen: Seen) -> Any:
    """The employee that the viewer is."""
    person = viewer(seen)
    return person and person["employee_id"]


def served_by_viewer(seen: Seen, customer: Found) -> bool:
    team = seen.where("team_member", "customer_id", customer["id"])
    return any(row["employee_id"] == viewer_employee(seen) and held(row, seen.today) for row in team)


def in_region(seen: Seen, customer: Found, key: Any) -> bool:
    """In the region itself, or in a city of it."""
    region = seen.one("region", customer["region_id"])
    return region is not None and key in {region["id"], region["parent_id"]}


def customers(
    seen: Seen,
    row: Found,
    *,
    text: str | None,
    segment: str | None,
    status: str | None,
    region: str | None,
    key_accounts: bool | None,
    overdue: bool | None,
    mine: bool | None,
) -> bool:
    return (
        (text is None or contains(row["name"], text) or contains(row["name_en"], text))
        and segment in {None, row["segment"]}
        and status in {None, row["status"]}
        and (region is None or in_region(seen, row, key_in(region, "Region")))
        and key_accounts in {None, row["key_account"]}
        and overdue in {None, contact_overdue(seen, row)}
        and mine in {None, served_by_viewer(seen, row)}
    )


def regions(_: Seen, row: Found, *, parent: str | None) -> bool:
    return row["parent_id"] == key_in(parent, "Region")


def interactions(_: Seen, row: Found, *, customer: str | None) -> bool:
    return customer is None or row["customer_id"] == key_in(customer, "Customer")


def valid_on(seen: Seen, row: Found, *, on: dt.date | None) -> bool:
    return held(row, on or seen.today)


def open_follow_ups(_: Seen, row: Found) -> bool:
    return row["follow_up"] is not None and row["followed_up_at"] is None


def follow_up_overdue(seen: Seen, row: Found) -> bool:
    return open_follow_ups(seen, row) and row["follow_up_on"] is not None and row["follow_up_on"] < seen.today


def follow_ups(seen: Seen, _: None, *, mine: bool | None) -> Iterator[tuple[str, Found, tuple[dt.date]]]:
    """What is open, by its day; without a day it comes last."""
    for row in seen.rows["interaction"]:
        is_mine = viewer_employee(seen) is not None and row["recorded_by_id"] == viewer_employee(seen)
        if open_follow_ups(seen, row) and mine in {None, is_mine}:
            yield "Interaction", row, (row["follow_up_on"] or dt.date(9999, 12, 31),)


def employees(_: Seen, row: Found, *, text: str | None) -> bool:
    parts = (row["name"], row["name_en"], row["title"], row["department"])
    return text is None or any(contains(part, text) for part in parts)


def segment_counts(seen: Seen) -> Iterator[Found]:
    """One for each segment of which a customer is seen, by name."""
    for segment in SEGMENTS:
        rows = [row for row in seen.rows["customer"] if row["segment"] == segment]
        if rows:
            yield {
                "segment": segment,
                "customers": len(rows),
                "key_accounts": sum(row["key_account"] for row in rows),
                "overdue": sum(contact_overdue(seen, row) for row in rows),
            }


def timeline(seen: Seen, customer: Found) -> Iterator[tuple[str, Found, tuple[dt.datetime]]]:
    for row in seen.where("interaction", "customer_id", customer["id"]):
        yield "Interaction", row, (row["at"],)
    for row in seen.where("order", "customer_id", customer["id"]):
        yield "Order", row, (row["placed_at"],)


def viewer(seen: Seen) -> Found | None:
    return seen.one("person", seen.viewer.person_id)


def register(answers: Answers) -> None:
    """Tell the oracle of customers and of who is signed in."""
    for type_name in ("Region", "Employee", "Customer"):
        answers.answer(type_name, "name")(localised)
    answers.answer("Customer", "name_zh")(lambda _, row: row["name"])
    answers.answer("Customer", "contacts", "team")(valid_on)
    answers.answer("Customer", "open_follow_ups")(open_follow_ups)
    answers.answer("Customer", "last_contact_at")(last_contact_at)
    answers.answer("Customer", "contact_overdue")(contact_overdue)
    answers.merged("Customer", "timeline", kinds=(dt.datetime,), descending=True)(timeline)
    answers.answer("Query", "customers")(customers)
    answers.answer("Query", "regions")(regions)
    answers.answer("Query", "interactions")(interactions)
    answers.answer("Query", "segment_counts")(lambda seen: list(segment_counts(seen)))
    answers.answer("Query", "employees")(employees)
    answers.answer("Query", "viewer")(viewer)
    answers.answer("Customer", "contact_due_at")(contact_due_at)
    answers.answer("Customer", "contact_overdue_days")(contact_overdue_days)
    answers.answer("Interaction", "follow_up_overdue")(follow_up_overdue)
    answers.merged("Query", "follow_ups", kinds=(dt.date,), descending=False)(follow_ups)
