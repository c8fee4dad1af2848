"""Identifiers: version 7, in the order of their making, whatever the clock does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.clock import system_clock
from foundation.ids import system_ids, uuid7

START = datetime(2026, 1, 1, tzinfo=UTC)
instants = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone.
randomness = st.binary(min_size=10, max_size=10)


def milliseconds(identifier: UUID) -> int:
    return identifier.int >> 80


def ticking(instants: list[datetime]) -> Callable[[], datetime]:
    following = iter(instants)
    return lambda: next(following)


@given(instants, randomness)
def test_an_identifier_states_version_variant_and_instant(now: datetime, random_bytes: bytes) -> None:
    identifier = uuid7(now, random_bytes)
    assert identifier.version == 7
    assert identifier.variant == RFC_4122
    elapsed = timedelta(milliseconds=milliseconds(identifier))
    assert timedelta(0) <= now - datetime(1970, 1, 1, tzinfo=UTC) - elapsed < timedelta(milliseconds=1)


@given(instants, randomness, randomness)
def test_an_identifier_is_made_of_its_randomness(now: datetime, one: bytes, other: bytes) -> None:
    same_bits = int.from_bytes(one) & (1 << 74) - 1 == int.from_bytes(other) & (1 << 74) - 1
    assert (uuid7(now, one) == uuid7(now, other)) == same_bits


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=50), st.sampled_from([b"\xff", b"\x00", b"\x5a"]))
def test_identifiers_rise_even_when_the_clock_steps_back(steps: list[int], byte: bytes) -> None:
    instants: list[datetime] = []
    now = START
    for step in steps:
        now += timedelta(milliseconds=step)
        instants.append(now)
    next_id = system_ids(ticking(instants), lambda count: byte * count)
    made = [next_id() for _ in steps]
    assert made == sorted(set(made))


def test_identifiers_rise_over_threads() -> None:
    next_id = system_ids(system_clock)
    with ThreadPoolExecutor(4) as pool:
        made = [
            identifier
            for batch in pool.map(lambda _: [next_id() for _ in range(500)], range(8))
            for identifier in batch
        ]
    assert len(set(made)) == 4000


def test_the_same_instant_in_another_zone_is_the_same_identifier() -> None:
    beijing = timezone(timedelta(hours=8))
    assert uuid7(START, b"0123456789") == uuid7(START.astimezone(beijing), b"0123456789")


def test_what_is_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        uuid7(datetime(2026, 1, 1), b"0123456789")  # noqa: DTZ001 - refused for this very reason.
    with pytest.raises(ValueError, match="random bytes"):
        uuid7(START, b"short")


def test_the_system_clock_is_in_utc() -> None:
    assert system_clock().tzinfo is UTC
