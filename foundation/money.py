"""Money is an integer of minor units and an ISO 4217 currency; a float never holds an amount."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from babel.core import get_global
from babel.numbers import format_currency

# What a bigint column holds.
AMOUNT_MAX = 2**63 - 1
DECIMAL_TEXT = re.compile(r"-?\d{1,19}(\.\d{1,4})?", re.ASCII)


class UnknownCurrencyError(ValueError):
    """The code is not an ISO 4217 currency."""


class AmountError(ValueError):
    """The amount cannot be held exactly: not a decimal, too many digits, or out of range."""


# ISO 4217 minor units that are not 2. Babel's own figures are CLDR's habits of display (none for IQD, AFN or RSD), which
# would lose minor units that the standard has.
MINOR_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
# In use according to CLDR, but not money with minor units in ISO 4217: metals, units of account, test codes, CNH.
NOT_MONEY = frozenset("CNH XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX".split())


@cache
def currencies() -> frozenset[str]:
    """The ISO 4217 currencies in use today."""
    territories: Mapping[str, list[tuple[str, Any, Any, bool]]] = get_global("territory_currencies")
    in_use = {code for entries in territories.values() for code, _, end, _ in entries if end is None}
    return frozenset(in_use - NOT_MONEY)


def minor_digits(currency: str) -> int:
    """How many decimal digits the currency has: 2 for CNY, 0 for JPY, 3 for KWD."""
    if currency not in currencies():
        raise UnknownCurrencyError(currency)
    return MINOR_DIGITS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (fen, cents) of a currency."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse what no column could hold."""
        minor_digits(self.currency)
        if not -AMOUNT_MAX <= self.amount <= AMOUNT_MAX:
            raise AmountError(f"{self.amount} is out of range")

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Money from a decimal string such as `12.50`; more digits than the currency has are refused, not rounded."""
        digits = minor_digits(currency)
        if not DECIMAL_TEXT.fullmatch(text):
            raise AmountError(f"{text!r} is not a decimal amount")
        minor = Decimal(text).scaleb(digits)
        if minor != minor.to_integral_value():
            raise AmountError(f"{text} has more digits than {currency}")
        return cls(int(minor), currency)

    def decimal(self) -> str:
        """The decimal string with exactly the currency's digits, as clients see it."""
        digits = minor_digits(self.currency)
        sign, whole = ("-" if self.amount < 0 else ""), str(abs(self.amount)).rjust(digits + 1, "0")
        return f"{sign}{whole[:-digits]}.{whole[-digits:]}" if digits else sign + whole

    def shown(self, language: str) -> str:
        """The amount as people write it in a language, for pages; never rounded."""
        locale = {"zh": "zh_CN"}.get(language, language)
        return format_currency(Decimal(self.decimal()), self.currency, locale=locale, decimal_quantization=False)
