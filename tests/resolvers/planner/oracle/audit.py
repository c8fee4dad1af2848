"""How the audit log is answered."""

from __future__ import annotations

import datetime as dt

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.seen import Found, Seen


def audit_events(
    seen: Seen,
    row: Found,
    *,
    kind: str | None,
    day: dt.date | None,
    person: str | None,
    client: str | None,
    subject: str | None,
) -> bool:
    acted = seen.one("person", row["person_id"])
    return (
        kind in {None, row["kind"]}
        and day in {None, row["day"]}
        and client in {None, row["client_id"]}
        and (subject is None or subject in map(str, row["subjects"]))
        and (person is None or (acted is not None and person in {acted["name"], str(acted["id"])}))
    )


def person_name(seen: Seen, row: Found) -> str | None:
    acted = seen.one("person", row["person_id"])
    return None if acted is None else acted["name"]


def subjects(_: Seen, row: Found) -> list[str]:
    return [str(each) for each in row["subjects"]]


def register(answers: Answers) -> None:
    """Tell the oracle of the log."""
    answers.answer("Query", "audit_events")(audit_events)
    answers.answer("AuditEvent", "person_name")(person_name)
    answers.answer("AuditEvent", "subjects")(subjects)
