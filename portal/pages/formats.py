"""How values are written for people: money, numbers, days and times, in Chinese and in English.

Each function takes what the GraphQL answer holds (decimal strings, RFC 3339 instants) and returns markup or text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_compact_currency, get_currency_symbol
from markupsafe import Markup

from foundation.clock import CHINA
from segments.viewer import Language

# China has one time zone and no summer time; the portals show its clock.
# Parsed once: Babel looks through all locales it knows for each name that it is given, which was most of a page's time.
LOCALES: Mapping[Language, Locale] = {"zh": Locale.parse("zh_CN"), "en": Locale.parse("en")}
NOTHING = Markup("—")
MINUS = "−"

Form = Literal["moment", "clock", "day", "month", "of_year", "date", "year"]
# moment: a day and the time on it, the usual form. date: the day in figures, for tables.
FORMS: Mapping[Language, Mapping[Form, str]] = {
    "zh": {
        "moment": "M月d日 HH:mm",
        "clock": "HH:mm",
        "day": "M月d日",
        "month": "y年M月",
        "of_year": "M月",
        "date": "y-MM-dd",
        "year": "y年",
    },
    "en": {
        "moment": "d MMM HH:mm",
        "clock": "HH:mm",
        "day": "d MMM",
        "month": "MMM y",
        "of_year": "MMM",
        "date": "y-MM-dd",
        "year": "y",
    },
}
# The forms that leave the year out get it back when it is not the present one.
WITH_YEAR: Mapping[Language, Mapping[Form, str]] = {
    "zh": {"moment": "y年M月d日 HH:mm", "day": "y年M月d日"},
    "en": {"moment": "d MMM y, HH:mm", "day": "d MMM y"},
}


def money(value: Mapping[str, Any] | None, language: Language) -> Markup:
    """`Money { amount currency }`: whole units without decimals, a true minus before the sign."""
    if value is None:
        return NOTHING
    amount = Decimal(value["amount"])
    digits = 0 if amount == amount.to_integral() else -int(amount.as_tuple().exponent)
    sign, symbol = (MINUS if amount < 0 else ""), get_currency_symbol(value["currency"], locale=LOCALES[language])
    return Markup('<span class="money">{}{}{}</span>').format(sign, symbol, f"{abs(amount):,.{digits}f}")


def large_money(value: Mapping[str, Any] | None, language: Language) -> Markup:
    """A large sum as contracts state it: 万元 or 亿元, million in English; two decimals at most, none that are zero."""
    if value is None:
        return NOTHING
    amount, currency = Decimal(value["amount"]), str(value["currency"])
    if language != "zh" or currency != "CNY":
        short = format_compact_currency(amount, currency, locale=LOCALES[language], fraction_digits=2)
        return Markup('<span class="money">{}</span>').format(short)
    unit, size = ("亿元", 10**8) if abs(amount) >= 10**8 else ("万元", 10**4)
    number = f"{abs(amount) / size:,.2f}".rstrip("0").rstrip(".")
    return Markup('<span class="money">{}{} {}</span>').format(MINUS if amount < 0 else "", number, unit)


def when(value: str | None, form: Form, language: Language, today: date) -> Markup:
    """An RFC 3339 instant on China's clock, or a plain date, in a form of `FORMS`."""
    if not value:
        return NOTHING
    if len(value) == len("2026-11-24"):
        form = "day" if form == "moment" else form
        moment = datetime.fromisoformat(value)
    else:
        moment = datetime.fromisoformat(value).astimezone(CHINA)
    forms = FORMS[language] if moment.year == today.year else {**FORMS[language], **WITH_YEAR[language]}
    words = format_datetime(moment, forms[form], locale=LOCALES[language])
    return Markup('<time datetime="{}">{}</time>').format(value, words)


def entry(value: datetime | str) -> str:
    """An instant, or one as answers hold it, as `<input type="datetime-local">` takes it: China's clock, to the minute."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")


def number(value: float | str | None) -> str:
    """A number with its thousands apart; 64-bit integers come as text."""
    if value is None:
        return str(NOTHING)
    exact = Decimal(str(value))
    return f"{exact:,}".replace("-", MINUS)


def signed(value: float | str) -> str:
    """A change: with its sign, a true minus."""
    return f"{Decimal(str(value)):+,}".replace("-", MINUS)
