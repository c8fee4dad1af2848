"""What a line of a purchase history must hold."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.orders.importing import COLUMNS, FaultyRow, OrderRow, check_header, parse_row
from foundation.language import translate

TODAY = dt.date(2026, 11, 24)
GOOD = {
    "customer_ref": "00001",
    "ordered_on": "1997-01-01",
    "sku": "CD",
    "quantity": "2",
    "amount": "11.77",
    "currency": "USD",
}


def parsed(**changes: str) -> OrderRow:
    return parse_row(7, COLUMNS, [(GOOD | changes)[name] for name in COLUMNS], TODAY)


def test_a_good_line_is_an_order() -> None:
    assert parsed() == OrderRow(7, "00001", dt.date(1997, 1, 1), "CD", 2, 1177, "USD")


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("customer_ref", "", "empty"),
        ("customer_ref", "甲" * 101, "too_long"),
        ("customer_ref", "a\0b", "unprintable"),
        ("sku", "=1+1", "formula"),
        ("ordered_on", "1997-13-01", "not_a_date"),
        ("ordered_on", "1997-1-1", "not_a_date"),
        ("ordered_on", "19970101", "not_a_date"),
        ("ordered_on", "2026-11-25", "in_future"),
        ("ordered_on", "0001-01-01", "too_early"),
        ("quantity", "0", "not_a_quantity"),
        ("quantity", "-1", "not_a_quantity"),
        ("quantity", "1.5", "not_a_quantity"),
        ("quantity", "１", "not_a_quantity"),
        ("quantity", "9" * 5_000, "not_a_quantity"),
        ("amount", "-0.01", "negative"),
        ("amount", "1.005", "not_an_amount"),
        ("amount", "1e3", "not_an_amount"),
        ("amount", "NaN", "not_an_amount"),
        ("amount", "1,000.00", "not_an_amount"),
        ("currency", "XXX", "not_a_currency"),
        ("currency", "usd", "not_a_currency"),
    ],
)
def test_names_the_place_and_the_rule(column: str, value: str, reason: str) -> None:
    with pytest.raises(FaultyRow) as faulty:
        parsed(**{column: value})
    (fault,) = faulty.value.faults
    assert (fault.line, fault.column, fault.reason) == (7, column, reason)
    assert fault.value == value[:100]
    assert translate(fault.message_key, "zh", **fault.params)
    assert translate(fault.message_key, "en", **fault.params)


def test_every_fault_of_a_line_is_named() -> None:
    with pytest.raises(FaultyRow) as faulty:
        parsed(customer_ref="", ordered_on="x", quantity="", amount="?")
    assert [fault.column for fault in faulty.value.faults] == ["customer_ref", "ordered_on", "quantity", "amount"]


def test_a_line_of_another_width_is_one_fault() -> None:
    with pytest.raises(FaultyRow) as faulty:
        parse_row(3, COLUMNS, ["1", "2"], TODAY)
    assert [fault.reason for fault in faulty.value.faults] == ["cell_count"]


def test_a_header_has_each_column_once_in_any_order() -> None:
    check_header(1, COLUMNS[::-1])
    with pytest.raises(FaultyRow) as faulty:
        check_header(1, ["sku", "sku", "colour", *COLUMNS[3:]])
    reasons = [(fault.column, fault.reason) for fault in faulty.value.faults]
    assert reasons == [
        ("customer_ref", "column_missing"),
        ("ordered_on", "column_missing"),
        ("colour", "column_unknown"),
        ("sku", "column_twice"),
    ]


@given(st.integers(0, 10**12), st.sampled_from([("USD", 2), ("JPY", 0), ("KWD", 3)]))
def test_an_amount_of_its_currency_is_read_exactly(minor: int, currency: tuple[str, int]) -> None:
    code, digits = currency
    assert parsed(amount=f"{Decimal(minor).scaleb(-digits):f}", currency=code).amount == minor


@given(st.lists(st.text(), min_size=6, max_size=6))
def test_any_cells_are_an_order_or_faults(cells: list[str]) -> None:
    try:
        row = parse_row(1, COLUMNS, cells, TODAY)
    except FaultyRow as faulty:
        row, faults = None, faulty.faults
    else:
        faults = []
    assert (row is None) == bool(faults)
    assert row is None or (row.quantity >= 1 and row.amount >= 0)
