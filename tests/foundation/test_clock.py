from __future__ import annotations

import datetime as dt

import pytest

from foundation.clock import day_in_china


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-11-24T15:59:59Z", "2026-11-24"),
        ("2026-11-24T16:00:00Z", "2026-11-25"),
        ("2026-12-31T23:00:00-05:00", "2027-01-01"),
    ],
)
def test_a_day_begins_in_china_at_16_hours_of_the_day_before(instant: str, day: str) -> None:
    assert day_in_china(dt.datetime.fromisoformat(instant)).isoformat() == day
