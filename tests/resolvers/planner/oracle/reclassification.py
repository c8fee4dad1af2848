"""How changes of classification are answered."""

from __future__ import annotations

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.transfer import by_status


def register(answers: Answers) -> None:
    """Tell the oracle of changes of classification."""
    answers.answer("Query", "reclassifications")(by_status)
