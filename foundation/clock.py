"""Time is passed in: rules take an instant, edges take a clock."""

from collections.abc import Callable
from datetime import UTC, datetime

# Answers the present instant, in UTC.
Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The machine's own time."""
    return datetime.now(UTC)
