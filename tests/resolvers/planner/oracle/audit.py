"""How the audit log is answered."""

from __future__ import annotations

import datetime as dt

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.seen import Found, Seen


def audit_events(_: Seen, row: Found, *, kind: str | None, day: dt.date | None) -> bool:
    return kind in {None, row["kind"]} and day in {None, row["day"]}


def register(answers: Answers) -> None:
    """Tell the oracle of the log."""
    answers.answer("Query", "audit_events")(audit_events)
