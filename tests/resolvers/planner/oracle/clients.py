"""How a company's programs are answered."""

from __future__ import annotations

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.seen import Found, Seen


def clients(seen: Seen, row: Found) -> bool:
    return row["active"] and seen.viewer.customer_id is not None and row["customer_id"] == seen.viewer.customer_id


def live(_: Seen, row: Found) -> bool:
    return row["revoked_at"] is None


def is_mine(seen: Seen, client: Found) -> bool:
    return client["owner_id"] == seen.viewer.person_id


def register(answers: Answers) -> None:
    """Tell the oracle of programs."""
    answers.answer("Query", "clients")(clients)
    answers.answer("Client", "secrets")(live)
    answers.answer("Client", "is_mine")(is_mine)
