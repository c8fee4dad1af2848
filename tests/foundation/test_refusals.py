"""Refusals: a stable code, a path into the input, values for the message."""

import pytest

from foundation.refusals import Refusal


def test_a_refusal_says_where_it_stands() -> None:
    refusal = Refusal("OUT_OF_STOCK", ("lines", 2, "quantity"), available=3)
    assert str(refusal) == "OUT_OF_STOCK at input.lines[2].quantity"
    assert refusal.message_key == "refusal.OUT_OF_STOCK"
    assert refusal.params == {"available": 3}
    assert str(Refusal("OUT_OF_STOCK")) == "OUT_OF_STOCK"


def test_a_refusal_of_a_part_is_one_of_the_whole() -> None:
    refusal = Refusal("OUT_OF_STOCK", ("quantity",), available=3).below("lines", 2)
    assert str(refusal) == "OUT_OF_STOCK at input.lines[2].quantity"
    assert refusal.params == {"available": 3}


def test_the_params_of_a_refusal_are_fixed() -> None:
    with pytest.raises(TypeError):
        Refusal("OUT_OF_STOCK", available=3).params["available"] = 4  # type: ignore[index]


@pytest.mark.parametrize("code", ["", "out_of_stock", "OUT-OF-STOCK", "OUT_", "_OUT", "1OUT", "OUT\n"])
def test_a_code_is_in_upper_case(code: str) -> None:
    with pytest.raises(ValueError, match="UPPER_CASE"):
        Refusal(code)
