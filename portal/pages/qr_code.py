"""QR codes as a path of an SVG: lengths are coordinates, because the content policy allows no styles."""

from __future__ import annotations

import segno

# What scanners need around the code, in modules.
QUIET_ZONE = 4


def qr_path(text: str) -> tuple[int, str]:
    """The width of the code with its quiet zone, in modules, and the path of its dark modules: a stroke a row's run."""
    rows = [bytes(row) for row in segno.make_qr(text, error="m").matrix]
    strokes = [
        f"M{start + QUIET_ZONE} {y + QUIET_ZONE}.5h{length}"
        for y, row in enumerate(rows)
        for start, length in runs(row)
    ]
    return len(rows) + 2 * QUIET_ZONE, "".join(strokes)


def runs(row: bytes) -> list[tuple[int, int]]:
    """Where dark modules stand together: start and length."""
    found: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and found and sum(found[-1]) == x:
            found[-1] = found[-1][0], found[-1][1] + 1
        elif dark:
            found.append((x, 1))
    return found
