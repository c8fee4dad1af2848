"""The rule of importing a purchase history: what a line must hold, and that a line of a source is one order, once."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from foundation.money import AmountError, Money, UnknownCurrencyError

COLUMNS = ("customer_ref", "ordered_on", "sku", "quantity", "amount", "currency")
TEXT_CHARACTERS_MAX = 100
QUANTITY_MAX = 1_000_000
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
EARLIEST = dt.date(1949, 10, 1)
# What is kept of a file that is wrong all over; the rest is counted.
FAULTS_KEPT_MAX = 100


class NoValue(str):
    """A cell of a workbook that holds no value of its own; the text is what the cell shows to whom edits it."""

    __slots__ = ()
    reason = "formula"


class CellError(NoValue):
    """What a workbook shows where a formula went wrong, such as `#REF!`."""

    __slots__ = ()
    reason = "cell_error"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value: the line and column of the file, and the message's key `import.<reason>`."""

    line: int
    column: str
    value: str
    reason: str
    params: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def message_key(self) -> str:
        """Where the catalogues hold the reason."""
        return f"import.{self.reason}"


class Faults:
    """What is wrong with a file: the first faults themselves, of the others their number."""

    def __init__(self, kept_max: int = FAULTS_KEPT_MAX) -> None:
        self.kept_max = kept_max
        self.kept: list[Fault] = []
        self.count = self.lines = 0

    def note(self, of_line: Sequence[Fault]) -> None:
        """Take in the faults of one line."""
        self.lines += 1
        self.count += len(of_line)
        self.kept += of_line[: self.kept_max - len(self.kept)]

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A line that can be an order."""

    line: int
    customer_ref: str
    ordered_on: dt.date
    sku: str
    quantity: int
    amount: int
    currency: str

    @property
    def fingerprint(self) -> bytes:
        """Tells this line from whatever else it may say one day; how a value is written makes no difference."""
        # No text holds a line break.
        content = f"{self.customer_ref}\n{self.ordered_on}\n{self.sku}\n{self.quantity}\n{self.amount}\n{self.currency}"
        return hashlib.blake2b(content.encode(), digest_size=16).digest()

    @property
    def shown(self) -> str:
        """The line as a report shows it."""
        amount = Money(self.amount, self.currency).decimal()
        return f"{self.customer_ref},{self.ordered_on},{self.sku},{self.quantity},{amount},{self.currency}"


class FaultyRow(Exception):  # noqa: N818 - it carries faults, it is not one
    """A line that cannot be an order, with everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(len(faults))
        self.faults = list(faults)


def check_header(line: int, header: Sequence[str]) -> None:
    """The columns in any order, each once, and no other."""
    faults = [Fault(line, name, "", "column_missing") for name in COLUMNS if name not in header]
    faults += [Fault(line, name, name, "column_unknown") for name in map(cut, header) if name not in COLUMNS]
    faults += [Fault(line, name, name, "column_twice") for name in COLUMNS if list(header).count(name) > 1]
    if faults:
        raise FaultyRow(faults)


def parse_row(line: int, header: Sequence[str], cells: Sequence[str], today: dt.date) -> OrderRow:
    """The order a line describes, or a FaultyRow with every fault of the line."""
    if len(cells) != len(header):
        params = {"expected": len(header), "found": len(cells)}
        raise FaultyRow([Fault(line, "", cut(",".join(cells)), "cell_count", params)])
    reading = Reading(line, dict(zip(header, cells, strict=True)))
    row = OrderRow(
        line,
        reading.text("customer_ref"),
        reading.day("ordered_on", today),
        reading.text("sku"),
        reading.quantity("quantity"),
        reading.money("amount", "currency"),
        reading.cells["currency"],
    )
    if reading.faults:
        raise FaultyRow(reading.faults)
    return row


@lru_cache(maxsize=4_096)
def iso_date(text: str) -> dt.date | None:
    """The day of `2026-01-31`; None for any other writing and for days there are not."""
    try:
        return dt.date.fromisoformat(text) if ISO_DATE.fullmatch(text) else None
    except ValueError:
        return None


@lru_cache(maxsize=4_096)
def minor_units(text: str, currency: str) -> int:
    """An amount in minor units; UnknownCurrencyError or AmountError for what is none."""
    return Money.parse(text, currency).amount


def cut(text: str) -> str:
    """No more of a text than a report shows."""
    return text[:TEXT_CHARACTERS_MAX]


class Reading:
    """Reads the cells of one line and notes what is wrong; a wrong value reads as something harmless."""

    def __init__(self, line: int, cells: Mapping[str, str]) -> None:
        self.line = line
        self.cells = cells
        self.faults: list[Fault] = []

    def wrong(self, column: str, reason: str, **params: object) -> None:
        """Note a fault. What is no value at all is not wrong in any other way."""
        cell = self.cells[column]
        if isinstance(cell, NoValue):
            reason, params = cell.reason, {}
        self.faults.append(Fault(self.line, column, cut(str(cell)), reason, params))

    def text(self, column: str) -> str:
        """A short text: not empty, no control characters, no formula of a spreadsheet."""
        value = self.cells[column]
        if not value:
            self.wrong(column, "empty")
        elif len(value) > TEXT_CHARACTERS_MAX:
            self.wrong(column, "too_long", max=TEXT_CHARACTERS_MAX)
        elif not value.replace("\u3000", " ").isprintable():
            self.wrong(column, "unprintable")
        elif value.startswith("=") or isinstance(value, NoValue):
            self.wrong(column, "formula")
        return value

    def day(self, column: str, today: dt.date) -> dt.date:
        """An ISO date that has come."""
        day = iso_date(self.cells[column])
        if day is None:
            self.wrong(column, "not_a_date")
            return today
        if day > today:
            self.wrong(column, "in_future")
        elif day < EARLIEST:
            self.wrong(column, "too_early", earliest=EARLIEST.isoformat())
        return day

    def quantity(self, column: str) -> int:
        """A positive whole number."""
        value = self.cells[column]
        if not WHOLE_NUMBER.fullmatch(value) or not 1 <= int(value) <= QUANTITY_MAX:
            self.wrong(column, "not_a_quantity", max=QUANTITY_MAX)
            return 1
        return int(value)

    def money(self, column: str, currency_column: str) -> int:
        """An amount of at least zero, in minor units of its currency, with no more digits than that has."""
        value, currency = self.cells[column], self.cells[currency_column]
        try:
            amount = minor_units(value, currency)
        except UnknownCurrencyError:
            self.wrong(currency_column, "not_a_currency")
            return 0
        except AmountError:
            self.wrong(column, "not_an_amount", currency=currency)
            return 0
        if amount < 0:
            self.wrong(column, "negative")
        return amount
