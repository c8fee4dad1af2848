"""Time is passed in: rules take an instant, edges take a clock."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

# The time of all of China, which has known no other since 1991.
CHINA = timezone(timedelta(hours=8))

# Answers the present instant, in UTC.
Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The machine's own time."""
    return datetime.now(UTC)


def seconds_of(clock: Clock) -> Callable[[], float]:
    """The same clock in seconds since 1970: a tenth of the time, for who asks at every request."""
    return time.time if clock is system_clock else lambda: clock().timestamp()


def day_in_china(instant: datetime) -> date:
    """The day of an instant where the enterprise works."""
    return instant.astimezone(CHINA).date()
