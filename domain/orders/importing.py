"""The rule of importing a purchase history: what a line must hold, and that a line of a source is one order, once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from foundation.money import AmountError, Money, UnknownCurrencyError

COLUMNS = ("customer_ref", "ordered_on", "sku", "quantity", "amount", "currency")
TEXT_CHARACTERS_MAX = 100
QUANTITY_MAX = 1_000_000
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
EARLIEST = dt.date(1949, 10, 1)


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
    def content(self) -> tuple[str, dt.date, str, int, int, str]:
        """What makes the line what it is, whichever line it is."""
        return (self.customer_ref, self.ordered_on, self.sku, self.quantity, self.amount, self.currency)


class FaultyRow(Exception):  # noqa: N818 - it carries faults, it is not one
    """A line that cannot be an order, with everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(len(faults))
        self.faults = list(faults)


def check_header(line: int, header: Sequence[str]) -> None:
    """The columns in any order, each once, and no other."""
    faults = [Fault(line, name, "", "column_missing") for name in COLUMNS if name not in header]
    faults += [Fault(line, name, name, "column_unknown") for name in header if name not in COLUMNS]
    faults += [Fault(line, name, name, "column_twice") for name in COLUMNS if list(header).count(name) > 1]
    if faults:
        raise FaultyRow(faults)


def parse_row(line: int, header: Sequence[str], cells: Sequence[str], today: dt.date) -> OrderRow:
    """The order a line describes, or a FaultyRow with every fault of the line."""
    if len(cells) != len(header):
        params = {"expected": len(header), "found": len(cells)}
        raise FaultyRow([Fault(line, "", ",".join(cells)[:TEXT_CHARACTERS_MAX], "cell_count", params)])
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


def iso_date(text: str) -> dt.date | None:
    """The day of `2026-01-31`; None for any other writing and for days there are not."""
    try:
        return dt.date.fromisoformat(text) if ISO_DATE.fullmatch(text) else None
    except ValueError:
        return None


class Reading:
    """Reads the cells of one line and notes what is wrong; a wrong value reads as something harmless."""

    def __init__(self, line: int, cells: Mapping[str, str]) -> None:
        self.line = line
        self.cells = cells
        self.faults: list[Fault] = []

    def wrong(self, column: str, reason: str, **params: object) -> None:
        """Note a fault; long values are cut."""
        value = self.cells[column][:TEXT_CHARACTERS_MAX]
        self.faults.append(Fault(self.line, column, value, reason, params))

    def text(self, column: str) -> str:
        """A short text: not empty, no control characters, no formula of a spreadsheet."""
        value = self.cells[column]
        if not value:
            self.wrong(column, "empty")
        elif len(value) > TEXT_CHARACTERS_MAX:
            self.wrong(column, "too_long", max=TEXT_CHARACTERS_MAX)
        elif not value.isprintable():
            self.wrong(column, "unprintable")
        elif value.startswith("="):
            self.wrong(column, "formula")
        return value

    def day(self, column: str, today: dt.date) -> dt.date:
        """An ISO date that has come."""
        value = self.cells[column]
        day = iso_date(value)
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
            amount = Money.parse(value, currency).amount
        except UnknownCurrencyError:
            self.wrong(currency_column, "not_a_currency")
            return 0
        except AmountError:
            self.wrong(column, "not_an_amount", currency=currency)
            return 0
        if amount < 0:
            self.wrong(column, "negative")
        return amount
