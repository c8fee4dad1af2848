"""How adjustments of points are answered."""

from __future__ import annotations

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.seen import Found, Seen


def adjustments(_: Seen, _row: Found) -> bool:
    return True


def register(answers: Answers) -> None:
    """Tell the oracle of adjustments."""
    answers.answer("Query", "points_adjustments")(adjustments)
