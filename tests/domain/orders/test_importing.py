"""What a line of a purchase history must hold."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.orders.importing import (
    COLUMNS,
    CellError,
    Fault,
    Faults,
    FaultyRow,
    NoValue,
    OrderRow,
    check_header,
    parse_row,
)
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
        ("sku", NoValue("=B2"), "formula"),
        ("quantity", NoValue("=B2"), "formula"),
        ("amount", NoValue("=B2*C2"), "formula"),
        ("ordered_on", CellError("#REF!"), "cell_error"),
        ("customer_ref", CellError("#N/A"), "cell_error"),
        ("currency", CellError("#N/A"), "cell_error"),
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


def test_a_space_of_full_width_is_a_space() -> None:
    assert parsed(sku="光盘\u3000套装").sku == "光盘\u3000套装"


def test_a_fingerprint_is_of_what_a_line_says_and_not_of_how_or_where() -> None:
    row = parsed()
    assert parsed(amount="11.770").fingerprint == row.fingerprint
    assert replace(row, line=8).fingerprint == row.fingerprint
    for change in ({"sku": "LP"}, {"quantity": "3"}, {"amount": "11.78"}, {"ordered_on": "1997-01-02"}):
        assert parsed(**change).fingerprint != row.fingerprint


def test_faults_are_kept_up_to_a_number_and_counted_beyond() -> None:
    faults = Faults(kept_max=3)
    assert not faults
    for line in (2, 3):
        faults.note([Fault(line, "sku", "", "empty"), Fault(line, "quantity", "0", "not_a_quantity")])
    assert [(fault.line, fault.column) for fault in faults.kept] == [(2, "sku"), (2, "quantity"), (3, "sku")]
    assert (faults.count, faults.lines, bool(faults)) == (4, 2, True)


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
    assert row is None or parse_row(1, COLUMNS, row.shown.split(","), TODAY) == row


@given(
    st.text(st.characters(codec="utf-8", exclude_characters=",="), min_size=1, max_size=20).filter(
        lambda text: text.isprintable() and text == text.strip()
    ),
    st.dates(dt.date(1949, 10, 1), TODAY),
    st.integers(1, 1_000_000),
    st.integers(0, 10**12),
    st.sampled_from(["CNY", "JPY", "KWD", "CLF"]),
)
def test_a_line_reads_as_it_is_shown(reference: str, day: dt.date, quantity: int, amount: int, currency: str) -> None:
    row = OrderRow(4, reference, day, reference, quantity, amount, currency)
    assert parse_row(4, COLUMNS, row.shown.split(","), TODAY) == row
