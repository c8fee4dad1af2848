"""Decisions read from bytes: one draw of Hypothesis feeds hundreds of them, and zeros are the simplest choice of each.

So generating is cheap, and shrinking the bytes shrinks the operation. A seeded generator of bytes repeats itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """The decisions that some bytes stand for; when they run out, each is the simplest."""

    def __init__(self, data: bytes) -> None:
        self._left = iter(data)

    def below(self, count: int) -> int:
        """A number from 0 to `count` - 1."""
        value = next(self._left, 0)
        if count > 256:
            value = value << 8 | next(self._left, 0)
        return value % count

    def of(self, items: Sequence[T]) -> T:
        """One of the items; the first is the simplest."""
        return items[self.below(len(items))]

    def one_in(self, count: int) -> bool:
        """True once in so many times."""
        return self.below(count) == count - 1

    def some(self, items: Sequence[T], most: int) -> list[T]:
        """At least one and at most so many of the items, in any order, each once."""
        left, chosen = list(items), list[T]()
        for _ in range(1 + self.below(most)):
            if left:
                chosen.append(left.pop(self.below(len(left))))
        return chosen
