"""Reading a file of orders: every line is an order or a list of faults, each with its place."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from domain.orders.importing import Fault, FaultyRow, OrderRow, check_header, parse_row
from portal.imports.files import Record, records

# What is kept of a file that is wrong all over; the rest is counted.
FAULTS_KEPT_MAX = 10_000
# A file without any line has no header either.
EMPTY: Record = (1, [])


@dataclass
class OrderFile:
    """What a file holds."""

    rows: list[OrderRow] = field(default_factory=list[OrderRow])
    faults: list[Fault] = field(default_factory=list[Fault])
    fault_count: int = 0

    def note(self, faults: list[Fault]) -> None:
        """Count faults and keep them as long as there are not too many."""
        self.fault_count += len(faults)
        self.faults += faults[: FAULTS_KEPT_MAX - len(self.faults)]


def read_orders(path: Path, today: dt.date) -> OrderFile:
    """Read a CSV or Excel file with a header of `COLUMNS` in any order."""
    found = OrderFile()
    lines = records(path)
    header_line, header = next(lines, EMPTY)
    try:
        check_header(header_line, header)
    except FaultyRow as faulty:
        found.note(faulty.faults)
        return found
    for line, cells in lines:
        try:
            found.rows.append(parse_row(line, header, cells, today))
        except FaultyRow as faulty:
            found.note(faulty.faults)
    return found
