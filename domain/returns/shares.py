"""What a part of a line is worth when it comes back, so that all parts together are exactly the line."""

from __future__ import annotations


def share(total: int, quantity: int, before: int, pieces: int) -> int:
    """Of what `quantity` pieces cost, the part of `pieces` that come back after `before` others: the cumulative floor."""
    assert 0 <= before <= before + pieces <= quantity, "no more comes back than was sent"
    return total * (before + pieces) // quantity - total * before // quantity
