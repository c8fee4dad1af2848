"""Money: exact in both directions, and nothing that a column or a currency could not hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.money import AMOUNT_MAX, AmountError, Money, UnknownCurrencyError, currencies, minor_digits

amounts = st.integers(-AMOUNT_MAX, AMOUNT_MAX)
known = st.sampled_from(sorted(currencies()))


@given(amounts, known)
def test_a_decimal_string_leads_back_to_the_same_money(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert Money.parse(money.decimal(), currency) == money


@given(amounts, known)
def test_the_decimal_string_has_exactly_the_digits_of_the_currency(amount: int, currency: str) -> None:
    _, _, fraction = Money(amount, currency).decimal().partition(".")
    assert len(fraction) == minor_digits(currency)


@given(st.text(), known)
def test_any_text_is_money_or_refused(text: str, currency: str) -> None:
    try:
        money = Money.parse(text, currency)
    except AmountError:
        return
    assert abs(money.amount) <= AMOUNT_MAX


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("12.5", "CNY", 1250), ("-0.05", "CNY", -5), ("100", "JPY", 100), ("1.234", "KWD", 1234), ("1.0", "JPY", 1)],
)
def test_amounts(text: str, currency: str, amount: int) -> None:
    assert Money.parse(text, currency).amount == amount


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("0.001", "CNY"),
        ("0.5", "JPY"),
        ("1e3", "CNY"),
        ("NaN", "CNY"),
        ("Infinity", "CNY"),
        ("", "CNY"),
        (" 1", "CNY"),
        ("1\n", "CNY"),
        ("1,000", "CNY"),
        ("１", "CNY"),
        ("92233720368547758.08", "CNY"),
        ("1" * 5000, "CNY"),
    ],
)
def test_what_cannot_be_held_exactly_is_refused(text: str, currency: str) -> None:
    with pytest.raises(AmountError):
        Money.parse(text, currency)


@pytest.mark.parametrize("currency", ["", "cny", "RMB", "XAU", "XXX", "CNH", "ITL", "CNY "])
def test_what_is_not_a_currency_in_use_is_refused(currency: str) -> None:
    with pytest.raises(UnknownCurrencyError):
        Money(1, currency)


def test_minor_digits_are_those_of_the_standard_and_not_of_display() -> None:
    assert {code: minor_digits(code) for code in ("CNY", "JPY", "IQD", "RSD", "CLF")} == {
        "CNY": 2,
        "JPY": 0,
        "IQD": 3,
        "RSD": 2,
        "CLF": 4,
    }


def test_money_is_shown_as_its_language_writes_it() -> None:
    assert Money(123456700, "CNY").shown("zh") == "¥1,234,567.00"
    assert Money(123456700, "CNY").shown("en") == "CN¥1,234,567.00"
    assert "12.345" in Money(12345, "IQD").shown("en")
