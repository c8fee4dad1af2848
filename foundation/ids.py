"""Identifiers are UUIDv7 (RFC 9562): their order is the order of their making, so indexes grow at one end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from threading import Lock
from uuid import UUID

from foundation.clock import Clock

# Answers a new identifier.
Ids = Callable[[], UUID]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
RANDOM_BITS = 74
RANDOM_MAX = (1 << RANDOM_BITS) - 1


def uuid7(now: datetime, random_bytes: bytes) -> UUID:
    """The identifier of an instant (to the millisecond) and at least ten random bytes, of which 74 bits are used."""
    return _assemble(_milliseconds(now), _random_part(random_bytes))


def system_ids(clock: Clock, randomness: Callable[[int], bytes] = token_bytes) -> Ids:
    """Identifiers that rise strictly within this process, even inside a millisecond or when the clock steps back."""
    lock = Lock()
    last_milliseconds, last_random = -1, 0

    def next_id() -> UUID:
        nonlocal last_milliseconds, last_random
        with lock:
            milliseconds = _milliseconds(clock())
            if milliseconds > last_milliseconds:
                last_milliseconds, last_random = milliseconds, _random_part(randomness(10))
            else:
                # RFC 9562 §6.2, method 2: within a millisecond the random part is a counter with random steps.
                last_random += 1 + int.from_bytes(randomness(4))
                if last_random > RANDOM_MAX:
                    last_milliseconds, last_random = last_milliseconds + 1, _random_part(randomness(10))
            return _assemble(last_milliseconds, last_random)

    return next_id


def _milliseconds(now: datetime) -> int:
    if now.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (now - EPOCH) // MILLISECOND


def _random_part(random_bytes: bytes) -> int:
    if len(random_bytes) < 10:
        raise ValueError("an identifier needs ten random bytes")
    return int.from_bytes(random_bytes[:10]) & RANDOM_MAX


def _assemble(milliseconds: int, random_part: int) -> UUID:
    high, low = random_part >> 62, random_part & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low)
