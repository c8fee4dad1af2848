"""A purchase history for tests: the real one where it lies beside the checkout, else one made from a seed."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random

from foundation.migrations import ROOT

REAL = ROOT.parent / "shared" / "data" / "cdnow_orders.csv"
HEADER = ["customer_ref", "ordered_on", "sku", "quantity", "amount", "currency"]
MADE_ROWS = 3_000


@dataclass(frozen=True)
class History:
    """A file and what is in it, computed apart from the importer."""

    path: Path
    orders: int
    people: int
    units: int
    amount: Decimal
    free: int
    repeated: int
    first: str
    last: str


def history(directory: Path) -> History:
    """The real history, or one of the same nature."""
    path = REAL if REAL.exists() else made(directory / "orders.csv")
    with path.open(encoding="utf-8", newline="") as file:
        _, *rows = list(csv.reader(file))
    repeated = sum(count - 1 for count in Counter(map(tuple, rows)).values())
    amounts = [Decimal(row[4]) for row in rows]
    days = sorted(row[1] for row in rows)
    return History(
        path,
        len(rows),
        len({row[0] for row in rows}),
        sum(int(row[3]) for row in rows),
        sum(amounts, Decimal(0)),
        amounts.count(Decimal(0)),
        repeated,
        days[0],
        days[-1],
    )


def made(path: Path) -> Path:
    """A file with repeated rows and free orders, as the real one has."""
    random = Random(1997)  # noqa: S311 - no secrets
    rows = [
        [
            f"{random.randrange(1, 900):05}",
            f"1997-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}",
            "CD",
            str(random.randrange(1, 9)),
            f"{random.choice([0, *range(500, 9_000)]) / 100:.2f}",
            "USD",
        ]
        for _ in range(MADE_ROWS)
    ]
    rows += [rows[0], rows[1], [*rows[2][:4], "0.00", "USD"]]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path
