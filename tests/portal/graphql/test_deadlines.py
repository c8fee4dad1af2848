from __future__ import annotations

import asyncio
import time

import pytest

from portal.graphql.deadlines import Deadlines


async def take(deadlines: Deadlines, seconds: float) -> str:
    try:
        with deadlines.limit():
            await asyncio.sleep(seconds)
    except TimeoutError:
        return "late"
    return "in time"


async def test_each_has_its_whole_time_and_no_more() -> None:
    deadlines = Deadlines(0.1)
    started = time.monotonic()
    first = asyncio.create_task(take(deadlines, 5))
    await asyncio.sleep(0.06)
    second = asyncio.create_task(take(deadlines, 5))
    third = asyncio.create_task(take(deadlines, 0.05))
    assert await first == "late"
    assert 0.09 < time.monotonic() - started < 0.15
    assert await third == "in time"
    assert await second == "late"
    assert 0.15 < time.monotonic() - started < 0.25


async def test_one_that_begins_after_a_quiet_time_is_watched() -> None:
    deadlines = Deadlines(0.05)
    assert await take(deadlines, 0) == "in time"
    await asyncio.sleep(0.12)
    assert await take(deadlines, 5) == "late"


async def test_many_that_end_leave_one_timer() -> None:
    deadlines = Deadlines(0.05)
    for _ in range(1_000):
        assert await take(deadlines, 0) == "in time"
    assert not deadlines.running
    await asyncio.sleep(0.12)
    assert not deadlines.armed


async def test_a_cancellation_from_outside_is_none_of_ours() -> None:
    deadlines = Deadlines(10)
    task = asyncio.create_task(take(deadlines, 5))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not deadlines.running


async def test_what_is_raised_within_passes() -> None:
    with pytest.raises(KeyError), Deadlines(10).limit():
        raise KeyError


async def test_within_another_limit() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            assert await take(Deadlines(10), 5) == "in time"
    async with asyncio.timeout(10):
        assert await take(Deadlines(0.02), 5) == "late"
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
