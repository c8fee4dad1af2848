"""Values as people read them."""

from __future__ import annotations

import datetime as dt

import pytest

from portal.pages.formats import Form, large_money, money, number, signed, when
from segments.viewer import Language

TODAY = dt.date(2026, 11, 24)


@pytest.mark.parametrize(
    ("amount", "currency", "language", "written"),
    [
        ("26800.00", "CNY", "zh", "¥26,800"),
        ("26800.50", "CNY", "zh", "¥26,800.50"),
        ("-0.05", "CNY", "zh", "−¥0.05"),
        ("12", "JPY", "zh", "JP¥12"),
        ("1234.500", "KWD", "en", "KWD1,234.500"),
        ("26800", "CNY", "en", "CN¥26,800"),
        ("2500315.63", "USD", "en", "$2,500,315.63"),
    ],
)
def test_money(amount: str, currency: str, language: Language, written: str) -> None:
    assert money({"amount": amount, "currency": currency}, language) == f'<span class="money">{written}</span>'


@pytest.mark.parametrize(
    ("amount", "language", "written"),
    [
        ("18640000", "zh", "1,864 万元"),
        ("1286400", "zh", "128.64 万元"),
        ("-250000000", "zh", "−2.5 亿元"),
        ("18640000", "en", "CN¥18.64M"),
    ],
)
def test_large_money(amount: str, language: Language, written: str) -> None:
    assert large_money({"amount": amount, "currency": "CNY"}, language) == f'<span class="money">{written}</span>'


@pytest.mark.parametrize(
    ("value", "form", "language", "written"),
    [
        ("2026-11-24T01:30:00+00:00", "moment", "zh", "11月24日 09:30"),
        ("2026-11-23T20:30:00Z", "moment", "en", "24 Nov 04:30"),
        ("2025-12-31T16:00:00Z", "moment", "zh", "1月1日 00:00"),
        ("2024-03-01T00:00:00Z", "moment", "zh", "2024年3月1日 08:00"),
        ("2024-03-01T00:00:00Z", "moment", "en", "1 Mar 2024, 08:00"),
        ("2026-03-01", "moment", "zh", "3月1日"),
        ("2024-03-01", "moment", "zh", "2024年3月1日"),
        ("2026-03-01", "date", "en", "2026-03-01"),
        ("2026-03-01T16:30:00Z", "clock", "zh", "00:30"),
    ],
)
def test_moments_are_on_chinas_clock(value: str, form: Form, language: Language, written: str) -> None:
    assert when(value, form, language, TODAY) == f'<time datetime="{value}">{written}</time>'


def test_nothing_is_a_dash() -> None:
    assert money(None, "zh") == large_money(None, "en") == when(None, "moment", "zh", TODAY) == number(None) == "—"


def test_numbers() -> None:
    assert number("9007199254740993") == "9,007,199,254,740,993"
    assert number(-1234.5) == "−1,234.5"
    assert (signed(12), signed(-3)) == ("+12", "−3")
