"""Factors: which words of RFC 8176 are a second factor."""

from __future__ import annotations

import pytest

from segments.factors import ONE_FACTOR, TWO_FACTORS, acr_of, proves_second_factor


@pytest.mark.parametrize("amr", [(), ("pwd",), ("pwd", "user"), ("pin",), ("OTP",)])
def test_one_factor_is_no_second(amr: tuple[str, ...]) -> None:
    assert not proves_second_factor(amr)
    assert acr_of(amr) == ONE_FACTOR


@pytest.mark.parametrize("amr", [("pwd", "otp"), ("hwk", "user"), ("swk",), ("mfa",), ("pwd", "sc")])
def test_what_one_has_is_a_second_factor(amr: tuple[str, ...]) -> None:
    assert proves_second_factor(amr)
    assert acr_of(amr) == TWO_FACTORS
